# pyright: basic
"""The calls of one pass of a copy: what takes rows apart, what softmax normalizes, what attention gives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from trainlab.diagnosis.observed.answers import Dependence, PassCall
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.replaced_functions import as_called

MAX_CALLS = 20_000
MOST_ATTENDED = 8_000_000
"""So many numbers that attention gave are kept of a pass."""
_SOFTMAX = frozenset(("softmax", "log_softmax"))
_RESHAPES = frozenset(("view", "reshape", "unflatten"))
_PRODUCTS = frozenset(("matmul", "__matmul__", "bmm"))
_SCALED = frozenset(
    ("div", "__truediv__", "true_divide", "mul", "__mul__", "masked_fill", "masked_fill_", "add", "__add__")
)
"""What scores pass through on their way from a product of queries and keys to softmax."""
_PASSED_ON = frozenset(
    ("dropout", "to", "float", "half", "bfloat16", "type_as", "contiguous", "clone", "nan_to_num")
)
"""What attention weights pass through without being normalized anew."""
_TIMES = frozenset(("mul", "__mul__", "__rmul__", "multiply"))
_RANKED = {"topk": 2, "sort": 1, "argsort": 1}
"""What chooses by rank, and where the axis stands among its arguments."""
_ATTENDS: dict[str, Callable[[Any], tuple[torch.Tensor, int]]] = {
    "scaled_dot_product_attention": lambda out: (out, -2),
    "multi_head_attention_forward": lambda out: (out[0], 0),
}
"""Attention as one function: what it gives, and the axis of the places that attend."""
_ATTENTION = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)


@dataclass(slots=True)
class _Weights:
    """Attention weights on their way: `axis` is the one normalized, counted from the end."""

    tensor: torch.Tensor
    call: PassCall
    axis: int


@dataclass(frozen=True, slots=True)
class Attended:
    """What attention gave, or how it weighed; `axis` is that of the places that attend."""

    call: PassCall
    out: torch.Tensor
    axis: int


class PassCalls(TorchFunctionMode):
    """Enters what it reads in `found`; `rows` rows are given, a number that no other axis has."""

    def __init__(self, found: Dependence, rows: int) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.found = found
        self.rows = rows
        self.module = ""
        self.attended: list[Attended] = []
        self._calls = 0
        self._ranked: list[torch.Tensor] = []
        self._over_rows: list[tuple[PassCall, torch.Tensor, torch.Tensor]] = []
        self._scores: dict[int, torch.Tensor] = {}
        self._weights: dict[int, _Weights] = {}
        self._weighed: dict[int, tuple[torch.Tensor, _Weights]] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        func, args, named = as_called(func, args, kwargs or {})
        out = func(*args, **named)
        self._calls += 1
        if (name := getattr(func, "__name__", "")) in _RANKED:
            self._rank(name, args, named)
        if self._calls <= MAX_CALLS and name in _ATTENDS:
            query = args[0] if args else named["query"]
            self._attend(self._call(name, query, query), *_ATTENDS[name](out))
        elif self._calls <= MAX_CALLS and isinstance(out, torch.Tensor):
            self._hear(name, args, named, out)
        return out

    def _hear(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor) -> None:
        first = args[0] if args else kwargs.get("input")
        if name == "einsum":
            self._einsum(args, out)
            return
        if not isinstance(first, torch.Tensor):
            return
        if name in _RESHAPES and tears_rows_apart(tuple(first.shape), tuple(out.shape), self.rows):
            self.found.moved.append(self._call(name, first, out))
        if name in _SOFTMAX:
            self._softmax(name, first, out, args, kwargs)
        elif name in _PRODUCTS:
            self._product(args, out)
        elif id(first) in self._scores and name in _SCALED and out.shape == first.shape:
            self._scores[id(out)] = out
        elif name == "sum" and id(first) in self._weighed:
            self._sum_weighed(args, kwargs, self._weighed[id(first)][1])
        elif name in _TIMES and (alone := self._of_one(args)) is not None:
            self._weigh(alone[0], alone[1], out)
        elif id(first) in self._weights:
            self._pass_on(name, args, kwargs, first, out)

    def _of_one(self, args: tuple[Any, ...]) -> tuple[_Weights, Any] | None:
        """Return weights that are normalized over one number, and what they are multiplied with."""
        for one, other in (args[:2], args[1::-1]) if len(args) > 1 else ():
            known = self._weights.get(id(one))
            if known is not None and known.call.given[known.call.axis] == 1:
                return known, other
        return None

    def _rank(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Rows that are chosen by rank compete on purpose, as those of a batch for its experts."""
        given, place = args[0] if args else kwargs.get("input"), _RANKED[name]
        axis = args[place] if len(args) > place else kwargs.get("dim", -1)
        if not isinstance(given, torch.Tensor) or not given.dim() or not isinstance(axis, int):
            return
        if given.shape[axis % given.dim()] == self.rows:
            self._ranked.append(given)
            for call, scores, shares in self._over_rows:
                if call in self.found.over_rows and _sharememory_of(given, scores, shares):
                    self.found.over_rows.remove(call)

    def _call(self, name: str, given: torch.Tensor, out: torch.Tensor, axis: int = 0) -> PassCall:
        return PassCall(name, self.module, user_site(), tuple(given.shape), tuple(out.shape), axis)

    def _softmax(
        self, name: str, given: torch.Tensor, out: torch.Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        axis = args[1] if len(args) > 1 else kwargs.get("dim")
        if not isinstance(axis, int) or not given.dim():
            return
        axis %= given.dim()
        call = self._call(name, given, out, axis)
        if given.shape[axis] == self.rows and list(given.shape).count(self.rows) == 1:
            if not any(_sharememory_of(ranked, given, out) for ranked in self._ranked):
                self.found.over_rows.append(call)
                self._over_rows.append((call, given, out))
        elif name == "softmax" and axis >= given.dim() - 2:
            scores = id(given) in self._scores
            # Of one number the share is 1, whatever it is, so it needn't come from a product.
            if scores or (given.shape[axis] == 1 and given.dim() >= 3):
                self._weights[id(out)] = _Weights(out, call, axis - given.dim())
            if scores and axis == given.dim() - 1:
                self._attend(call, out, -2)

    def _attend(self, call: PassCall, out: torch.Tensor, axis: int) -> None:
        if sum(one.out.numel() for one in self.attended) + out.numel() <= MOST_ATTENDED:
            self.attended.append(Attended(call, out.detach(), axis))

    def _product(self, args: tuple[Any, ...], out: torch.Tensor) -> None:
        one, other = args[:2] if len(args) > 1 else (None, None)
        if not isinstance(one, torch.Tensor) or not isinstance(other, torch.Tensor):
            return
        if out.dim() < 3:
            return
        mine, theirs = self._weights.get(id(one)), self._weights.get(id(other))
        if mine is not None and theirs is None and mine.axis != -1:
            self._summed_elsewhere(mine)
        elif theirs is not None and mine is None and theirs.axis != -2:
            self._summed_elsewhere(theirs)
        elif mine is None and theirs is None and not _is_parameter(one) and not _is_parameter(other):
            self._scores[id(out)] = out

    def _einsum(self, args: tuple[Any, ...], out: torch.Tensor) -> None:
        """Compare the letter of the axis that was normalized with those that are summed over."""
        equation, *operands = args if args and isinstance(args[0], str) else ("", *args)
        if len(operands) == 1 and isinstance(operands[0], list | tuple):
            operands = list(operands[0])
        left, arrow, right = equation.replace(" ", "").partition("->")
        terms = left.split(",")
        if not arrow or "." in equation or len(terms) != 2 or len(operands) != 2:
            return
        known = [self._weights.get(id(one)) for one in operands]
        if not any(known) and not any(map(_is_parameter, operands)) and out.dim() >= 3:
            self._scores[id(out)] = out
        for term, one, other in zip(terms, known, reversed(known), strict=True):
            if one is not None and other is None and len(term) >= -one.axis:
                kept = term[one.axis] in right
                if kept and any(letter not in right for letter in term):
                    self._summed_elsewhere(one)

    def _summed_elsewhere(self, weights: _Weights) -> None:
        summed = -1 if weights.axis == -2 else -2
        if weights.tensor.shape[summed] > 1:
            self.found.over_queries.append(weights.call)

    def _weigh(self, weights: _Weights, others: Any, out: torch.Tensor) -> None:
        """Values times weights that are 1 each: what sums them over another axis takes all alike."""
        if (
            isinstance(others, torch.Tensor)
            and out.dim() == weights.tensor.dim()
            and others.shape == out.shape
        ):
            self._weighed[id(out)] = (out, weights)

    def _sum_weighed(self, args: tuple[Any, ...], kwargs: dict[str, Any], weights: _Weights) -> None:
        axis, dim = args[1] if len(args) > 1 else kwargs.get("dim"), weights.tensor.dim()
        if isinstance(axis, int) and axis % dim - dim not in (weights.axis, -dim) and axis % dim >= dim - 2:
            self._summed_elsewhere(weights)

    def _pass_on(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], given: torch.Tensor, out: torch.Tensor
    ) -> None:
        weights = self._weights[id(given)]
        axis = weights.axis
        if name in ("transpose", "swapaxes") and len(args) == 3:
            places = [place % given.dim() - given.dim() for place in args[1:]]
            if axis in places:
                axis = places[0] + places[1] - axis
        elif name in _RESHAPES and out.dim() >= 2 and out.shape[-2:] == given.shape[-2:]:
            pass
        elif name not in _PASSED_ON or out.shape != given.shape:
            return
        if axis >= -2:
            self._weights[id(out)] = _Weights(out, weights.call, axis)

    @contextlib.contextmanager
    def reading(self, model: nn.Module) -> Iterator[None]:
        """Read the pass that is made within, with the layers that take the rows for their sequence."""
        handles = []
        for path, part in reading.named_parts(model):
            if isinstance(part, (nn.RNNBase, *_ATTENTION)):
                handles.append(part.register_forward_pre_hook(self._layer_of(path), with_kwargs=True))
        try:
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()

    def _layer_of(self, path: str) -> Any:
        def called(part: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            batch_first = getattr(part, "batch_first", getattr(part, "self_attn", part).batch_first)
            given = next((one for one in (*args, *kwargs.values()) if isinstance(one, torch.Tensor)), None)
            if batch_first or given is None or given.dim() != 3:
                return
            if given.shape[0] == self.rows and given.shape[1] > 1:
                name = type(part).__name__
                self.found.along_rows.append(PassCall(name, path, user_site(), tuple(given.shape)))

        return called


def _is_parameter(tensor: Any) -> bool:
    return isinstance(tensor, nn.Parameter)


def _sharememory_of(tensor: torch.Tensor, *others: torch.Tensor) -> bool:
    """Whether a tensor is one of the others, or a view of it."""
    return memory_of(tensor) in [memory_of(one) for one in others]


def memory_of(tensor: torch.Tensor) -> int:
    """Return where the numbers of a tensor, and of its views, are."""
    try:
        return tensor.untyped_storage().data_ptr() or id(tensor)
    except (NotImplementedError, RuntimeError):  # a sparse tensor has no memory of its own to ask for
        return id(tensor)


def tears_rows_apart(given: tuple[int, ...], out: tuple[int, ...], rows: int) -> bool:
    """Whether the axis of the rows is at another place among the numbers than it was before.

    `reshape` keeps the numbers in their order: an axis is the same one only if as many numbers stand before
    it, and after it.
    """
    if given.count(rows) != 1 or out.count(rows) != 1:
        return False
    before, after = prod(given[: given.index(rows)]), prod(out[: out.index(rows)])
    return before != after
