# pyright: basic
"""Settings of an optimizer, as they are while it steps: learning rate, momentum, weight decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer

from trainlab.diagnosis.remedies.patching import Patching

Group = dict[str, Any]


def lr(on: Patching, *, times: float) -> None:
    """Multiply the learning rate; a schedule goes on as it was, on the script's own value."""
    _while_stepping(on, lambda group: {"lr": group["lr"] * times} if "lr" in group else {})


def momentum(on: Patching, *, value: float) -> None:
    """Hold momentum, or Adam's β₁, at no more than `value`."""

    def settings(group: Group) -> Group:
        changed: Group = {}
        if group.get("momentum", 0) > value:
            changed["momentum"] = value
        betas = group.get("betas")
        if betas and betas[0] > value:
            changed["betas"] = (value, *betas[1:])
        return changed

    _while_stepping(on, settings)


def weight_decay(on: Patching, *, times: float) -> None:
    """Multiply the weight decay."""
    _while_stepping(
        on, lambda group: {"weight_decay": group["weight_decay"] * times} if group.get("weight_decay") else {}
    )


def highest_lr(on: Patching) -> None:
    """Step with the highest learning rate so far, whatever a schedule does to it."""
    highest: dict[int, float] = {}

    def settings(group: Group) -> Group:
        rate = float(group.get("lr", 0.0))
        top = highest[id(group)] = max(rate, highest.get(id(group), 0.0))
        return {"lr": top} if top > rate else {}

    _while_stepping(on, settings)


def _while_stepping(on: Patching, settings: Callable[[Group], Group]) -> None:
    """Change settings before each step, and put them back after it."""
    kept: list[tuple[Group, Group]] = []
    depth = 0  # a step may call another's: that of SAM its base optimizer's

    def before(optimizer: Optimizer) -> None:
        nonlocal depth
        depth += 1
        if depth > 1:
            return
        kept.clear()
        for group in optimizer.param_groups:
            changed = settings(group)
            if changed:
                kept.append((group, {name: group[name] for name in changed}))
                group.update(changed)
        if kept:
            on.act()

    def after(optimizer: Optimizer) -> None:
        nonlocal depth
        depth = max(0, depth - 1)
        if depth:
            return
        for group, old in kept:
            group.update(old)
        kept.clear()

    on.before_step(before)
    on.after_step(after)
