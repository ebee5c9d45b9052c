"""The schedulers of torch.optim.lr_scheduler by our names, and the rates that they give step by step."""

import numpy as np
import torch
from torch.optim import lr_scheduler

from trainlab.maths import SCHEDULES


def pytorch(name: str, optimizer: torch.optim.Optimizer, fields: dict):
    if name == "constant":
        return lr_scheduler.ConstantLR(optimizer, factor=1.0)
    kind = getattr(lr_scheduler, SCHEDULES[name].torch_class)
    if "factor" in fields:
        return kind(optimizer, lambda t: eval(fields["factor"], {}, {"t": t}))
    return kind(optimizer, **fields)


def recorded(optimizer: torch.optim.Optimizer, schedulers: list, steps: int) -> tuple[np.ndarray, np.ndarray]:
    rates, cycled = [], []
    for step in range(steps):
        if step:
            # None after the last step: a OneCycleLR at its end may divide by 0 there.
            optimizer.step()
            for scheduler in schedulers:
                scheduler.step()
        group = optimizer.param_groups[0]
        rates.append(group["lr"])
        cycled.append(group["betas"][0] if "betas" in group else group["momentum"])
    return np.array(rates), np.array(cycled)
