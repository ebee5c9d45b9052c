# pyright: basic
"""Calls that a training loop lacks, or makes in the wrong place: zero_grad, step, scheduler.step."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch.optim import Optimizer, lr_scheduler

from trainlab.diagnosis.remedies.patching import Patching
from trainlab.diagnosis.torch_private import scheduler_steps


def zero_grad(on: Patching) -> None:
    """Clear, before a backward pass, the gradients that a step has used."""
    used: weakref.WeakSet[Optimizer] = weakref.WeakSet()
    on.after_step(used.add)

    def wrap(original: Any) -> Any:
        def backward(*args: Any, **kwargs: Any) -> Any:
            for optimizer in list(used):
                if _has_gradients(optimizer):
                    optimizer.zero_grad()
                    on.act()
            used.clear()
            return original(*args, **kwargs)

        return backward

    on.replace(torch.autograd, "backward", wrap)


def step(on: Patching) -> None:
    """Step after a backward pass with those optimizers that never step with gradients themselves."""
    made: weakref.WeakSet[Optimizer] = weakref.WeakSet()
    at_work: weakref.WeakSet[Optimizer] = weakref.WeakSet()
    ours = False

    def wrap_made(original: Any) -> Any:
        def init(optimizer: Optimizer, *args: Any, **kwargs: Any) -> None:
            original(optimizer, *args, **kwargs)
            made.add(optimizer)

        return init

    def stepping(optimizer: Optimizer) -> None:
        if not ours and _has_gradients(optimizer):
            at_work.add(optimizer)

    def wrap(original: Any) -> Any:
        def backward(*args: Any, **kwargs: Any) -> Any:
            nonlocal ours
            done = original(*args, **kwargs)
            for optimizer in list(made):
                if optimizer not in at_work and _has_gradients(optimizer):
                    ours = True
                    optimizer.step()
                    ours = False
                    on.act()
            return done

        return backward

    on.replace(Optimizer, "__init__", wrap_made)
    on.before_step(stepping)
    on.replace(torch.autograd, "backward", wrap)
    zero_grad(on)


def scheduler_after_step(on: Patching) -> None:
    """Leave out the steps of a scheduler that come before the first of its optimizer."""
    stepped: weakref.WeakSet[Optimizer] = weakref.WeakSet()
    on.after_step(stepped.add)

    def wrap(original: Any) -> Any:
        def step_of(scheduler: Any, *args: Any, **kwargs: Any) -> Any:
            if scheduler_steps(scheduler) != 0 and scheduler.optimizer not in stepped:
                on.act()
                return None
            return original(scheduler, *args, **kwargs)

        return step_of

    for owner in (lr_scheduler.LRScheduler, lr_scheduler.ReduceLROnPlateau):
        on.replace(owner, "step", wrap)


def other_sign(on: Patching) -> None:
    """Flip the sign of the loss: what was maximized is minimized."""

    def wrap(original: Any) -> Any:
        def backward(tensors: Any, grad_tensors: Any = None, *args: Any, **kwargs: Any) -> Any:
            single = isinstance(tensors, torch.Tensor)
            if single and grad_tensors is None and tensors.numel() == 1:
                grad_tensors = -torch.ones_like(tensors)
                on.act()
            elif single and grad_tensors is not None:
                first = grad_tensors[0] if isinstance(grad_tensors, list | tuple) else grad_tensors
                grad_tensors = -torch.ones_like(tensors) if first is None else -first
                on.act()
            return original(tensors, grad_tensors, *args, **kwargs)

        return backward

    on.replace(torch.autograd, "backward", wrap)


def _has_gradients(optimizer: Optimizer) -> bool:
    gradients = [parameter.grad for group in optimizer.param_groups for parameter in group["params"]]
    return any(one is not None and (one.is_sparse or bool(one.count_nonzero())) for one in gradients)
