# pyright: basic
"""Clipping: put on before each step, or loosened where the script clips."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from trainlab.diagnosis.remedies.patching import Patching


def clip(on: Patching, *, norm: float) -> None:
    """Scale an optimizer's gradients down to this norm before it steps."""

    def before(optimizer: Optimizer) -> None:
        gradients = [
            parameter.grad
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        if not gradients:
            return
        total = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(one) for one in gradients]))
        if bool(total > norm):
            for one in gradients:
                one.mul_(norm / total)
            on.act()

    on.before_step(before)


def looser_clip(on: Patching, *, norm: float | None) -> None:
    """Have the script clip at this norm, or not at all."""

    def wrap(original: Any) -> Any:
        def clip_grad_norm_(parameters: Any, max_norm: float, *args: Any, **kwargs: Any) -> Any:
            on.act()
            return original(parameters, float("inf") if norm is None else norm, *args, **kwargs)

        return clip_grad_norm_

    for owner in (nn.utils, nn.utils.clip_grad):
        on.replace(owner, "clip_grad_norm_", wrap)
