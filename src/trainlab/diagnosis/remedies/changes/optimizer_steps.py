# pyright: basic
"""What an optimizer steps with: its settings, and gradients that are clipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
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
