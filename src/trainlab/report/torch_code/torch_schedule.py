"""The schedule of a cell's script, and its warmup."""

from __future__ import annotations

import ast
import re

import msgspec

from trainlab.maths import SCHEDULES
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
