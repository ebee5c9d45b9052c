# pyright: basic
"""Losses that a network computes itself, of targets that it is given: the answers that these were given.

They leave the network in another form, or not at all: a copy is called again, and its loss functions heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from trainlab.diagnosis.probe.losses import DIFFERENCES, LOSSES, pair_of
from trainlab.diagnosis.probe.network_copies import CallOf, Node
from trainlab.diagnosis.probe.pass_calls import memory_of
from trainlab.diagnosis.probe.replaced_functions import as_called

FUNCTIONS = LOSSES - DIFFERENCES
"""A difference may be anything within a network."""
MOST_COMPARED = 1_000_000


def counts(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call within a network is one of those that are counted, in training as in a copy."""
    return name in FUNCTIONS and pair_of(name, args, kwargs) is not None


def is_given(target: torch.Tensor, given: Sequence[torch.Tensor]) -> bool:
    """Whether a target is classes, or numbers that the network was given; else it may be its own work."""
    if not target.is_floating_point():
        return True
    if any(memory_of(one) == memory_of(target) for one in given):
        return True
    numbers = target.detach().reshape(-1)
    return any(
        one.numel() == numbers.numel() <= MOST_COMPARED
        and one.device == numbers.device
        and torch.equal(one.detach().reshape(-1).to(numbers.dtype), numbers)
        for one in given
    )


def without_targets(
    given: Sequence[torch.Tensor], call: Node, target: torch.Tensor
) -> list[torch.Tensor | None]:
    """Return what is given, None in the places of targets; transformers calls them `labels`."""
    labels = dict(call.kwargs).get("labels")
    return [None if one is labels or memory_of(one) == memory_of(target) else one for one in given]


def node_within(
    call: Node, number: int, answer: torch.Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Node:
    """Return the node of what a loss function was given as answers; `call` is the network's, heard within."""
    return Node((number, int(_given(args, kwargs)[0] is not answer)), None, (call,))


def _given(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Return both tensors as they are given: which one is learnt, a copy without gradients can't tell."""
    first = args[0] if args else kwargs.get("input")
    return first, args[1] if len(args) > 1 else kwargs.get("target")


def within(call: Node) -> Node:
    """Return the same call, whose value is the pairs that loss functions within the network are given."""
    assert isinstance(call.func, CallOf)
    return Node((), CallOf(call.func.place, within=True), call.args, call.kwargs)


def as_asked(call: CallOf, module: nn.Module) -> Callable[..., Any]:
    """Return what a node that calls a network is to call."""
    return partial(_pairs_within, module) if call.within else module


def _pairs_within(module: nn.Module, *args: Any, **kwargs: Any) -> list[tuple[Any, Any]]:
    with _Pairs() as heard:
        module(*args, **kwargs)
    return heard.pairs


class _Pairs(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.pairs: list[tuple[Any, Any]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        func, args, named = as_called(func, args, kwargs or {})
        if counts(getattr(func, "__name__", ""), args, named):
            self.pairs.append(_given(args, named))
        return func(*args, **named)
