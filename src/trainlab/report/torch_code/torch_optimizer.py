"""The optimizer of a cell's script, its schedule and its warmup."""

from __future__ import annotations

import ast
import re
import textwrap

import msgspec

from trainlab.maths import OPTIMIZERS, SCHEDULES
from trainlab.spec import (
    CyclicLR,
    Experiment,
    LambdaLR,
    MultiplicativeLR,
    NoSchedule,
    OneCycleLR,
    ReduceLROnPlateau,
    name_of,
)
from trainlab.spec.schedules import resolved

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


def schedule_lines(experiment: Experiment) -> list[str]:
    """Return the lines that make ``scheduler`` and ``warmup``, as far as the experiment has them.

    torch's schedulers compute from the rate that they find, so that two of them on one optimizer disturb each
    other: with both, each moves an optimizer of its own, and the rate is the product of theirs.
    """
    scheduled = not isinstance(experiment.schedule, NoSchedule)
    warm = experiment.warmup.total_iters > 0
    if not scheduled and not warm:
        return [""]
    lines: list[str] = []
    if warm:
        target = "warm" if scheduled else "optimizer"
        if scheduled:
            lines.append("warm = torch.optim.SGD([torch.zeros(1)], lr=1.0)  # the factor of the warmup")
            lines += _twin(experiment)
        lines.append(
            f"warmup = torch.optim.lr_scheduler.LinearLR({target}, "
            f"start_factor={experiment.warmup.start_factor!r}, total_iters={experiment.warmup.total_iters})"
        )
    return [*lines, *(_scheduler(experiment, "scheduled" if warm else "optimizer") if scheduled else []), ""]


def _scheduler(experiment: Experiment, target: str) -> list[str]:
    schedule = resolved(
        experiment.schedule, epochs=experiment.epochs, steps_per_epoch=experiment.steps_per_epoch
    )
    kind = f"torch.optim.lr_scheduler.{SCHEDULES[name_of(schedule)].torch_class}"
    if isinstance(schedule, LambdaLR | MultiplicativeLR):
        return [f"scheduler = {kind}({target}, lambda t: {formula_code(schedule.factor)})"]
    fields = msgspec.structs.asdict(schedule)
    defaults = {field.name: field.default for field in msgspec.structs.fields(schedule)}
    settings = [
        f"{name}={value!r}"
        for name, value in fields.items()
        if name not in ("per", "on") and value != defaults[name]
    ]
    return [f"scheduler = {kind}(", *(f"    {item}," for item in [target, *settings]), ")"]


def advance_lines(experiment: Experiment, per: str) -> list[str]:
    """Return the lines, not indented, that move schedule and warmup on after each step or epoch (`per`)."""
    schedule, warmup = experiment.schedule, experiment.warmup
    both = not isinstance(schedule, NoSchedule) and warmup.total_iters > 0
    lines: list[str] = []
    if isinstance(schedule, ReduceLROnPlateau):
        part = "held_out_" if schedule.on == "held_out" else ""
        lines += [f"scheduler.step(loss_of({part}inputs, {part}targets))"] if per == "epoch" else []
    elif not isinstance(schedule, NoSchedule) and schedule.per == per:
        lines += ["scheduled.step()"] if both else []
        lines.append("scheduler.step()")
    if warmup.total_iters and warmup.per == per:
        lines += ["warm.step()"] if both else []
        lines.append("warmup.step()")
    return lines


def before_step_lines(experiment: Experiment) -> list[str]:
    """Return the lines, not indented, that give the optimizer the product of schedule and warmup."""
    schedule = experiment.schedule
    if isinstance(schedule, NoSchedule) or not experiment.warmup.total_iters:
        return []
    lines = [
        "group, now = optimizer.param_groups[0], scheduled.param_groups[0]",
        'group["lr"] = now["lr"] * warm.param_groups[0]["lr"]',
    ]
    if isinstance(schedule, CyclicLR | OneCycleLR) and schedule.cycle_momentum:
        betas = hasattr(experiment.optimizer, "betas")
        lines.append('group["betas"] = now["betas"]' if betas else 'group["momentum"] = now["momentum"]')
    return lines


def formula_code(factor: str) -> str:
    """Return a formula of t as Python: its functions are those of math."""
    code = ast.unparse(ast.parse(factor.strip(), mode="eval"))
    return re.sub(r"\b(exp|sqrt|cos|sin|log|floor|pi)\b", r"math.\1", code)


def _twin(experiment: Experiment) -> list[str]:
    """Return the line of the optimizer that the schedule moves: of nothing, with the same settings."""
    settings = msgspec.structs.asdict(experiment.optimizer)
    kind, more = ("Adam", "betas") if "betas" in settings else ("SGD", "momentum")
    extra = f", {more}={settings[more]!r}" if more in settings else ""
    return [f"scheduled = torch.optim.{kind}([torch.zeros(1)], lr={settings['lr']!r}{extra})"]
