# pyright: basic
"""Which tensors are trained: those left out are given to the optimizer, frozen ones are unfrozen."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from trainlab.diagnosis.remedies.patching import Patching

MAX_NODES = 20_000


def all_parameters(on: Patching) -> None:
    """Give an optimizer the leaves that the loss depends on and no optimizer has.

    Parameters at once, other tensors once a second backward pass has met them: inputs are new each time.
    """
    optimizers: weakref.WeakSet[Optimizer] = weakref.WeakSet()
    met: dict[int, weakref.ref[torch.Tensor]] = {}
    passes = 0

    def wrap_made(original: Any) -> Any:
        def init(optimizer: Optimizer, *args: Any, **kwargs: Any) -> None:
            original(optimizer, *args, **kwargs)
            optimizers.add(optimizer)

        return init

    def give(loss: torch.Tensor) -> None:
        held = {id(p): one for one in optimizers for group in one.param_groups for p in group["params"]}
        leaves = list(leaves_of(loss))
        owners = [held[id(leaf)] for leaf in leaves if id(leaf) in held]
        owner = max(owners, key=owners.count) if owners else next(iter(optimizers), None)
        if owner is None:
            return
        for leaf in leaves:
            if id(leaf) in held:
                continue
            known = met.get(id(leaf))
            if isinstance(leaf, nn.Parameter) or (known is not None and known() is leaf):
                # No group of its own: a scheduler may hold a rate for each group.
                owner.param_groups[-1]["params"].append(leaf)
                on.act()
            else:
                met[id(leaf)] = weakref.ref(leaf)

    def wrap(original: Any) -> Any:
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal passes
            passes += 1
            loss = tensors if isinstance(tensors, torch.Tensor) else tensors[0]
            if passes <= 4 or passes & (passes - 1) == 0:
                give(loss)
            return original(tensors, *args, **kwargs)

        return backward

    on.replace(Optimizer, "__init__", wrap_made)
    on.before_step(optimizers.add)
    on.replace(torch.autograd, "backward", wrap)


def trainable(on: Patching) -> None:
    """Unfreeze what is frozen in a network, before it is called to learn."""

    def before(module: nn.Module, args: Any) -> None:
        if not torch.is_grad_enabled():
            return
        for parameter in module.parameters():
            if not parameter.requires_grad and parameter.is_floating_point() and parameter.is_leaf:
                parameter.requires_grad_(True)
                on.act()

    on.roots().before.append(before)


def leaves_of(loss: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the leaves that a loss's graph leads to."""
    queue: list[Any] = [loss.grad_fn] if loss.grad_fn is not None else []
    known = set(queue)
    for node in queue:
        leaf = getattr(node, "variable", None)
        if isinstance(leaf, torch.Tensor):
            yield leaf
        new = [parent for parent, _ in node.next_functions if parent is not None and parent not in known]
        known.update(new)
        queue += new
        if len(queue) > MAX_NODES:
            return
