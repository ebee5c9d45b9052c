# pyright: basic
"""Which places a loss counts: padding that it ignores, or that a mask takes out of it, is no answer."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from trainlab.diagnosis.observed.torch_names import CLASSES
from trainlab.diagnosis.torch_private import functions

# What the loss function itself is told to leave out: `ignore_index`, and weights that are 0.

_IGNORE, _WEIGHT = 4, 2
"""Where they stand among the arguments of a loss function."""
_WEIGHTED = frozenset((*CLASSES, "binary_cross_entropy", "binary_cross_entropy_with_logits"))


def told(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], target: torch.Tensor) -> Any:
    """Return where a loss function counts, as a tensor of the target's shape; None where it counts all.

    Labels below 0 are no classes, and count nowhere; they aren't looked for here.
    """
    weight = args[_WEIGHT] if len(args) > _WEIGHT else kwargs.get("weight")
    weight = weight if isinstance(weight, torch.Tensor) and name in _WEIGHTED else None
    if name not in CLASSES:
        return None if weight is None else (weight.detach() != 0).expand_as(target)
    if target.is_floating_point():
        return None
    ignored = args[_IGNORE] if len(args) > _IGNORE else kwargs.get("ignore_index")
    found = None
    if isinstance(ignored, int) and ignored >= 0:
        found = target != ignored
    if weight is not None and weight.dim() == 1 and weight.numel():
        classes = target.clamp(0, weight.numel() - 1).long()
        weighs = (weight.detach() != 0)[classes]
        found = weighs if found is None else found & weighs
    return found


# What becomes of a loss that has a value for each place, before it is one number: masks take places out.


MOST = 256
_RESHAPES = frozenset(
    ("view", "reshape", "flatten", "squeeze", "unsqueeze", "transpose", "permute", "t", "swapaxes", "movedim",
     "view_as", "reshape_as", "unflatten", "contiguous")
)  # fmt: skip
_EACH = frozenset(
    ("pow", "__pow__", "square", "abs", "float", "double", "to", "clone", "neg", "__neg__", "clamp", "clip",
     "sqrt", "log1p", "exp", "type", "half", "div", "__truediv__", "true_divide", "div_", "__itruediv__")
)  # fmt: skip
"""What is done to each place by itself."""
_TIMES = frozenset(("mul", "__mul__", "__rmul__", "mul_", "__imul__", "multiply"))
_PICKS = frozenset(("masked_select", "__getitem__"))
_FILLS = frozenset(("masked_fill", "masked_fill_"))
_ENDS = frozenset(("sum", "mean", "dot"))
"""Where many places become one number: what is left of them by then counts."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A loss with a value for each of `size` places; `counted` has those that were seen to be added up."""

    read: Callable[[Any], None]
    size: int
    learns: bool
    counted: torch.Tensor | None = None


@dataclass(slots=True)
class _Known:
    """A tensor that comes from such a loss: each of its numbers from the place that `at` has there.

    `at` is None while the places are in their order; `left` says which are left in it, flat, None if all.
    """

    tensor: weakref.ref[torch.Tensor]
    of: Waiting
    at: torch.Tensor | None = None
    left: torch.Tensor | None = None

    def places(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the places of the numbers of `tensor`, which has the shape of this one."""
        at = self.at
        if at is None:
            at = self.at = functions.arange(self.of.size, device=tensor.device).reshape(tensor.shape)
        return at


class Unreduced:
    """Follows such losses until a backward pass, or the next call of a network, and then has them read."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._waiting: list[Waiting] = []

    def wait(self, out: torch.Tensor, read: Callable[[Any], None], *, learns: bool) -> None:
        """Have a loss read later, with the places that count: None if these are all."""
        if len(self._waiting) >= MOST:
            self.flush()
        one = Waiting(read, out.numel(), learns)
        self._waiting.append(one)
        self._known[id(out)] = _Known(weakref.ref(out), one)

    def flush(self) -> None:
        """Read all that wait."""
        waiting, self._waiting = self._waiting, []
        self._known.clear()
        for one in waiting:
            one.read(one.counted)

    def called(self, func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """A function was called: was it given such a loss?"""
        if not self._known or not isinstance(out, torch.Tensor) or not args:
            return
        if name == "where" and len(args) == 3:
            self._chosen(args, out)
            return
        given, rest = args[0], args[1:]
        known = self._of(given)
        if known is None and name in _TIMES and len(args) == 2:
            given, rest = args[1], args[:1]
            known = self._of(given)
        if known is None:
            return
        if name in _ENDS:
            self._added_up(known, out)
        elif name in _RESHAPES:
            self._enter(out, known, func(known.places(given), *rest, **kwargs), known.left)
        elif name in _PICKS:
            places = func(known.places(given), *rest, **kwargs)
            picked = functions.zeros(known.of.size, dtype=torch.bool, device=places.device)
            picked[places.reshape(-1)] = True
            self._enter(out, known, places, picked if known.left is None else picked & known.left)
        elif name in _EACH and out.shape == given.shape:
            self._enter(out, known, known.at, known.left)
        elif name in _TIMES and rest:
            is_mask = isinstance(rest[0], torch.Tensor) and not rest[0].requires_grad
            self._enter_less(out, known, given, rest[0].detach() == 0 if is_mask else None)
        elif name in _FILLS and len(rest) == 2 and rest[1] == 0:
            self._enter_less(out, known, given, rest[0].detach())

    def _chosen(self, args: tuple[Any, ...], out: torch.Tensor) -> None:
        """A loss is taken where a mask says so, and 0 elsewhere."""
        for place, other in ((1, 2), (2, 1)):
            known, zero = self._of(args[place]), args[other]
            is_zero = bool(zero == 0) if not isinstance(zero, torch.Tensor) or zero.numel() == 1 else False
            if known is not None and is_zero:
                mask = args[0].detach()
                self._enter_less(out, known, args[place], ~mask if place == 1 else mask)

    def _of(self, tensor: Any) -> _Known | None:
        known = self._known.get(id(tensor))
        return known if known is not None and known.tensor() is tensor else None

    def _enter(
        self, out: torch.Tensor, known: _Known, at: torch.Tensor | None, left: torch.Tensor | None
    ) -> None:
        if (at is None or at.shape == out.shape) and len(self._known) < 4 * MOST:
            self._known[id(out)] = _Known(weakref.ref(out), known.of, at, left)

    def _enter_less(
        self, out: torch.Tensor, known: _Known, given: torch.Tensor, gone: torch.Tensor | None
    ) -> None:
        """Enter what is left without the places of a mask."""
        left, at = known.left, known.at
        if gone is not None and given.dim() <= out.dim():
            at = known.places(given).expand_as(out)
            kept = functions.zeros(known.of.size, dtype=torch.bool, device=gone.device)
            kept[at[~gone.expand_as(out)]] = True  # a place that is broadcast is left if any of it is
            left = kept if left is None else left & kept
        if at is not None or out.shape == given.shape:
            self._enter(out, known, at, left)

    def _added_up(self, known: _Known, out: torch.Tensor) -> None:
        of, left = known.of, known.left
        if of.learns and not out.requires_grad:
            return  # only looked at
        if left is None:
            left = functions.ones(of.size, dtype=torch.bool, device=out.device)
        of.counted = left if of.counted is None else of.counted | left
