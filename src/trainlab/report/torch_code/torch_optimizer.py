"""The optimizer of a cell's script."""

from __future__ import annotations

import textwrap

import msgspec

from trainlab.maths import OPTIMIZERS
from trainlab.spec import Experiment, name_of

ALWAYS = ("lr", "momentum", "betas", "eps")
"""The settings that are written even where they are the defaults."""

LION = '''

class Lion(torch.optim.Optimizer):
    """Chen et al., Symbolic discovery of optimization algorithms, NeurIPS 2023."""

    def __init__(self, parameters, lr, betas, weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, (beta1, beta2) = group["lr"], group["betas"]
            for parameter in group["params"]:
                m = self.state[parameter].setdefault("m", torch.zeros_like(parameter))
                parameter.mul_(1 - lr * group["weight_decay"])
                parameter.sub_(lr * torch.sign(beta1 * m + (1 - beta1) * parameter.grad))
                m.mul_(beta2).add_((1 - beta2) * parameter.grad)

'''


def optimizer_lines(experiment: Experiment) -> list[str]:
    """Return the lines that make ``optimizer``."""
    optimizer = experiment.optimizer
    lion = name_of(optimizer) == "lion"
    kind = "Lion" if lion else f"torch.optim.{OPTIMIZERS[name_of(optimizer)].torch_class}"
    defaults = msgspec.structs.asdict(type(optimizer)())
    settings = ", ".join(
        f"{field}={value!r}"
        for field, value in msgspec.structs.asdict(optimizer).items()
        if field in ALWAYS or value != defaults[field]
    )
    moving = "network.parameters()"
    lines = LION.splitlines() if lion else []
    if experiment.frozen:
        lines.append(f"moving = [parameter for parameter in {moving} if parameter.requires_grad]")
        moving = "moving"
    call = textwrap.wrap(f"optimizer = {kind}({moving}, {settings})", 100, subsequent_indent="    ")
    return [*lines, *call]
