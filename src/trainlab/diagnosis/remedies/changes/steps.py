# pyright: basic
"""Changes of the loop: calls that it lacks, and what an optimizer steps with."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from trainlab.diagnosis.probe.optimizer_steps import parameters_of
from trainlab.diagnosis.remedies.patching import Patching

# Calls that a training loop lacks, or makes in the wrong place: zero_grad, step, the sign of the loss.


def zero_grad(on: Patching) -> None:
    """Clear, before a backward pass, the gradients that a step has used."""
    used: weakref.WeakSet[Optimizer] = weakref.WeakSet()
    on.after_step(used.add)

    def backward(original: Any, *args: Any, **kwargs: Any) -> Any:
        for optimizer in list(used):
            if _has_gradients(optimizer):
                optimizer.zero_grad()
                on.act()
        used.clear()
        return original(*args, **kwargs)

    on.around(torch.autograd, "backward", backward)


def step(on: Patching) -> None:
    """Step after a backward pass with those optimizers that never step with gradients themselves."""
    made: weakref.WeakSet[Optimizer] = weakref.WeakSet()
    at_work: weakref.WeakSet[Optimizer] = weakref.WeakSet()
    ours = False

    def init(original: Any, optimizer: Optimizer, *args: Any, **kwargs: Any) -> None:
        original(optimizer, *args, **kwargs)
        made.add(optimizer)

    def stepping(optimizer: Optimizer) -> None:
        if not ours and _has_gradients(optimizer):
            at_work.add(optimizer)

    def backward(original: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal ours
        done = original(*args, **kwargs)
        for optimizer in list(made):
            if optimizer not in at_work and _has_gradients(optimizer):
                ours = True
                optimizer.step()
                ours = False
                on.act()
        return done

    on.around(Optimizer, "__init__", init)
    on.before_step(stepping)
    on.around(torch.autograd, "backward", backward)
    zero_grad(on)


def other_sign(on: Patching) -> None:
    """Flip the sign of the loss: what was maximized is minimized."""

    def backward(original: Any, tensors: Any, grad_tensors: Any = None, *args: Any, **kwargs: Any) -> Any:
        single = isinstance(tensors, torch.Tensor)
        if single and grad_tensors is None and tensors.numel() == 1:
            grad_tensors = -torch.ones_like(tensors)
            on.act()
        elif single and grad_tensors is not None:
            first = grad_tensors[0] if isinstance(grad_tensors, list | tuple) else grad_tensors
            grad_tensors = -torch.ones_like(tensors) if first is None else -first
            on.act()
        return original(tensors, grad_tensors, *args, **kwargs)

    on.around(torch.autograd, "backward", backward)


def _has_gradients(optimizer: Optimizer) -> bool:
    gradients = [one.grad for one in parameters_of(optimizer)]
    return any(one is not None and (one.is_sparse or bool(one.count_nonzero())) for one in gradients)


# What an optimizer steps with: its settings, and gradients that are clipped.

Group = dict[str, Any]


def lr(on: Patching, *, times: float) -> None:
    """Multiply the learning rate; a schedule goes on as it was, on the script's own value."""
    _while_stepping(on, lambda group: {"lr": group["lr"] * times} if "lr" in group else {})


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


def set_lr(on: Patching) -> None:
    """Step with the learning rate that was set: the top of a cycle, or what the optimizer was given."""

    def settings(group: Group) -> Group:
        rate = group.get("max_lr", group.get("initial_lr"))
        return {"lr": rate} if isinstance(rate, int | float) and rate != group["lr"] else {}

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
        gradients = [one.grad for one in parameters_of(optimizer) if one.grad is not None]
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

    def clip_grad_norm_(original: Any, parameters: Any, max_norm: float, *args: Any, **kwargs: Any) -> Any:
        on.act()
        return original(parameters, float("inf") if norm is None else norm, *args, **kwargs)

    for owner in (nn.utils, nn.utils.clip_grad):
        on.around(owner, "clip_grad_norm_", clip_grad_norm_)
