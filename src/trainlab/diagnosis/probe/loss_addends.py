# pyright: basic
"""The terms of a loss that is a sum, and the gradient of each by parameters that others move, too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.observed.losses import LossTerm
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.losses_within import as_asked
from trainlab.diagnosis.probe.network_copies import CallOf, Node, copied, tensors_of

MOST_TERMS = 8
_ADDED = frozenset(("add", "__add__", "__radd__", "__iadd__", "add_"))
_TAKEN = frozenset(("sub", "__sub__", "subtract", "__isub__", "sub_"))
_TIMES = frozenset(("mul", "__mul__", "__rmul__", "multiply"))
_DIVIDED = frozenset(("div", "__truediv__", "true_divide", "divide"))


@dataclass(frozen=True, slots=True)
class Addend:
    """A term: its node, the number that it's multiplied by, and the loss that it is, if known."""

    node: Node
    factor: float
    loss: int | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """A sum as it was computed from one batch, by one call of a network."""

    call: CallOf
    terms: tuple[Addend, ...]


def addends(node: Node, factor: float = 1.0) -> list[Addend]:
    """Return the terms of a sum, each with the number that stands before it."""
    name = getattr(node.func, "__name__", "")
    parts = node.args
    if name in (_ADDED | _TAKEN) and len(parts) == 2:
        signs = (1.0, -1.0 if name in _TAKEN else 1.0)
        found = [
            one
            for part, sign in zip(parts, signs, strict=True)
            if isinstance(part, Node)
            for one in addends(part, factor * sign)
        ]
        return found or [Addend(node, factor)]
    if name in (_TIMES | _DIVIDED) and len(parts) == 2:
        inner = next((part for part in parts if isinstance(part, Node)), None)
        number = next((part for part in parts if isinstance(part, int | float)), None)
        if inner is not None and number and (name in _TIMES or parts[0] is inner):
            return addends(inner, factor * number if name in _TIMES else factor / number)
    return [Addend(node, factor)]


def weighed(module: nn.Module, weights: list[torch.Tensor], total: Total) -> list[LossTerm]:
    """Return the terms, with the size of each one's gradient by the parameters that others reach, too."""
    model = copied(module, tensors_of(module), lambda at: weights[at].clone())
    learning = [one for one in reading.parameters(model) if one.is_floating_point()]
    with torch.enable_grad():
        for one in learning:
            one.requires_grad_(True)
        calls = (total.call, replace(total.call, within=True))
        known: dict[Any, Any] = {call: as_asked(call, model) for call in calls}
        values = [term.node.value(known) for term in total.terms]
        grads = [
            torch.autograd.grad(value, learning, retain_graph=True, allow_unused=True)
            if value.requires_grad
            else (None,) * len(learning)
            for value in values
        ]
    shared = [place for place in range(len(learning)) if sum(_square(grad[place]) > 0 for grad in grads) > 1]
    return [
        LossTerm(
            loss=term.loss,
            factor=term.factor,
            value=term.factor * float(value.detach()),
            gradient=abs(term.factor) * sum(_square(grad[place]) for place in shared) ** 0.5,
        )
        for term, value, grad in zip(total.terms, values, grads, strict=True)
    ]


def _square(grad: torch.Tensor | None) -> float:
    return 0.0 if grad is None else float(grad.double().square().sum())


def total_of(call: CallOf, terms: list[Addend]) -> Total:
    """Return the sum with tensors of its own."""
    made: dict[int, Node] = {}

    def part(value: Any) -> Any:
        return value.detach().clone() if isinstance(value, torch.Tensor) else value

    kept = tuple(Addend(one.node.mapped(made, part), one.factor, one.loss) for one in terms)
    return Total(call, kept)
