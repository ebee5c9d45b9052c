# pyright: basic
"""A copy of a network, and how its answers become the loss: the path between, and the next token."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import enum
import functools
import sys
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from trainlab.diagnosis.observed.answers import TokenShares
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.frames import is_library
from trainlab.diagnosis.probe.probe_state import DeferredReads
from trainlab.diagnosis.probe.reading import readable
from trainlab.diagnosis.torch_private import functions

# Copies of a network: its structure, with tensors of our choice, and none of the user's hooks.


MAX_BYTES = 64_000_000
"""A network of more than 16 million floats isn't asked: a copy would take too much memory."""
MAX_THINGS = 20_000
_OWN = frozenset(vars(nn.Module()))
_HOOKS = tuple(
    name for name in _OWN if name.endswith(("_hooks", "_hooks_with_kwargs", "_hooks_always_called"))
)
_SIMPLE = (
    *(int, float, bool, str, bytes, complex, type(None), type, slice, range, type(Ellipsis), enum.Enum),
    *(torch.dtype, torch.device, torch.Size, np.generic, types.FunctionType, types.BuiltinFunctionType),
)
_COPYING = ("__new__", "__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")
_REFERENCES = "_flat_weight_refs"
"""What a recurrent layer sees by that its weights have been replaced, as those of a copy are."""
_WRAPPERS = (torch.jit.ScriptModule, nn.DataParallel, nn.parallel.DistributedDataParallel)


class Unfit(Exception):  # noqa: N818 - no error: a reason
    """Why a network can't be asked, to go on after "because"."""


def tensors_of(module: nn.Module) -> list[torch.Tensor]:
    """Return all tensors that a network holds, each once, in the order in which they are met.

    Raises:
        Unfit: it holds something that can't be copied without running the user's code.
    """
    found: dict[int, torch.Tensor] = {}
    met: set[int] = set()
    waiting: list[Any] = [module]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, torch.Tensor):
            if readable(thing) is not thing:
                raise Unfit("its numbers aren't in this process")
            found[id(thing)] = thing
            continue
        if isinstance(thing, types.FunctionType) and thing.__closure__ is not None:
            raise Unfit("it holds a function that may use parts of it")
        if isinstance(thing, _SIMPLE) or id(thing) in met:
            continue
        met.add(id(thing))
        if len(met) > MAX_THINGS:
            raise Unfit("it has too many parts")
        waiting += _within(thing)
    if sum(tensor.numel() * tensor.element_size() for tensor in found.values()) > MAX_BYTES:
        raise Unfit(f"its numbers take more than {MAX_BYTES // 1_000_000} MB")
    return list(found.values())


def _within(thing: Any) -> list[Any]:
    if isinstance(thing, nn.Module):
        if (
            isinstance(thing, _WRAPPERS)
            or hasattr(type(thing), "__deepcopy__")
            or "_orig_mod" in vars(thing).get("_modules", {})
            or any(_is_users(thing, name) for name in _COPYING)
        ):
            raise Unfit(f"a {type(thing).__name__} isn't copied")
        return [value for name, value in vars(thing).items() if name not in (*_HOOKS, _REFERENCES)]
    if isinstance(thing, np.ndarray) and not thing.dtype.hasobject and thing.nbytes <= MAX_BYTES:
        return []
    if isinstance(thing, list | tuple | set | frozenset | deque):
        return list(thing)
    if isinstance(thing, dict):
        return [*thing.keys(), *thing.values()]
    if any(_is_users(thing, name) for name in _COPYING):
        raise Unfit(f"{type(thing).__name__} has its own way of being copied")
    plain = isinstance(thing, types.SimpleNamespace | argparse.Namespace) or dataclasses.is_dataclass(thing)
    if plain or _is_a_librarys(type(thing)):
        return list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    raise Unfit(f"it holds something that can't be copied ({type(thing).__name__})")


def _is_a_librarys(kind: type) -> bool:
    """Whether a class is a library's, as settings of transformers are; PyTorch's hold more than that."""
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None) or ""
    return file.endswith(".py") and is_library(file) and not kind.__module__.startswith("torch.")


def _is_users(thing: Any, method: str) -> bool:
    """Whether the method isn't Python's or PyTorch's: copying must call nothing of the user's."""
    code = getattr(getattr(type(thing), method, None), "__code__", None)
    return code is not None and not is_library(code.co_filename)


def copied(module: nn.Module, tensors: list[torch.Tensor], by: Callable[[int], torch.Tensor]) -> nn.Module:
    """Return a copy of the network that has ``by(place)`` for each of its tensors; hooks aren't copied."""
    memo: dict[int, Any] = {}
    for place, tensor in enumerate(tensors):
        values = by(place).detach()
        memo[id(tensor)] = (
            nn.Parameter(values, requires_grad=False) if isinstance(tensor, nn.Parameter) else values
        )
    for part in reading.parts(module):
        for name in _HOOKS:
            hooks = vars(part).get(name)
            if hooks is not None:
                memo[id(hooks)] = type(hooks)()
    return copy.deepcopy(module, memo)


# What becomes of a network's output on its way to the loss: the calls, so that they can be made again.


MAX_CALLS = 60
"""A loss is a few calls away from the output of a network; what is longer is a computation of its own."""
_PLAIN = (int, float, bool, str, bytes, complex, type(None), torch.dtype, torch.device, slice, type(Ellipsis))


@dataclass(frozen=True, slots=True)
class CallOf:
    """The call of a network, by the network's place in `record.networks`."""

    place: int
    within: bool = False
    """Whether its value is what loss functions in the network are given, a pair for each, in their order."""


@dataclass(frozen=True, slots=True)
class Field:
    """A step to a part of an output that has names, as a dataclass has."""

    name: str


def parts_of(output: Any) -> list[tuple[Any, Any]]:
    """Return the parts of an output with the steps that lead to them; none of a tensor, or a user's own."""
    if isinstance(output, tuple | list):
        return list(enumerate(output))
    if isinstance(output, dict):
        return list(output.items())
    if dataclasses.is_dataclass(output) and hasattr(output, "__dict__"):
        return [(Field(name), part) for name, part in vars(output).items()]
    return []


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """What was computed from a network's output: `func` was called with `args` and `kwargs`.

    In these, nodes stand for what comes from an output, too. `func` is a `CallOf` where a network was called;
    without one, `path` leads to a part of what the first argument returned.
    """

    path: tuple[Any, ...] = ()
    func: Any = None
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()

    def value(self, known: dict[Any, Any]) -> Any:
        """Return it anew; `known` holds networks by their calls, and values of nodes by their id.

        It gets those that are computed.
        """
        if id(self) not in known:
            args = changed(self.args, lambda part: anew(part, known))
            kwargs = {key: changed(one, lambda part: anew(part, known)) for key, one in self.kwargs}
            if self.func is None:
                (found,) = args
                for step in self.path:
                    found = getattr(found, step.name) if isinstance(step, Field) else found[step]
            else:
                func = known[self.func] if isinstance(self.func, CallOf) else self.func
                found = func(*args, **kwargs)
            known[id(self)] = found
        return known[id(self)]

    def mapped(self, made: dict[int, Node], change: Callable[[torch.Tensor], Any]) -> Node:
        """Return the same node with every tensor that it holds replaced; `made` has the nodes done by id."""
        if id(self) not in made:

            def other(part: Any) -> Any:
                if isinstance(part, Node):
                    return part.mapped(made, change)
                return change(part) if isinstance(part, torch.Tensor) else part

            kwargs = tuple((key, changed(one, other)) for key, one in self.kwargs)
            made[id(self)] = Node(self.path, self.func, changed(self.args, other), kwargs)
        return made[id(self)]


def anew(part: Any, known: dict[Any, Any]) -> Any:
    """Return the value of a node; anything else as it is."""
    return part.value(known) if isinstance(part, Node) else part


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return tuples, lists and dictionaries with what is in them changed; anything else is changed itself."""
    if type(value) in (tuple, list):
        return type(value)(changed(one, change) for one in value)
    if type(value) is dict:
        return {key: changed(one, change) for key, one in value.items()}
    return change(value)


def with_another(value: Any, tensor: torch.Tensor, other: torch.Tensor) -> Any:
    """Return the same with another tensor in the place of one."""
    return changed(value, lambda part: other if part is tensor else part)


def is_plain(value: Any) -> bool:
    """Whether a value is tensors, numbers and words, in tuples, lists and dictionaries: what can be kept."""
    if type(value) in (tuple, list):
        return all(map(is_plain, value))
    if type(value) is dict:
        return all(map(is_plain, value)) and all(map(is_plain, value.values()))
    return isinstance(value, (*_PLAIN, torch.Tensor, torch.Size, Node))


class Followed:
    """The tensors that come from the outputs of networks called in turn, by identity; none is kept alive."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[torch.Tensor], Node]] = {}
        self._calls = self._outputs = 0

    def made(self, output: Any, call: Node) -> None:
        """A network has returned its output from a call."""
        self._outputs += 1
        self._enter(output, call, ())

    def _enter(self, output: Any, call: Node, path: tuple[Any, ...]) -> None:
        if isinstance(output, torch.Tensor) and self.node(output) is None:
            self.enter(output, Node(path, None, (call,)))
        for step, one in parts_of(output):
            self._enter(one, call, (*path, step))

    def enter(self, tensor: torch.Tensor, node: Node) -> None:
        """Follow a tensor from here on."""
        self._known[id(tensor)] = (weakref.ref(tensor), node)

    def node(self, tensor: Any) -> Node | None:
        """Return the node of a tensor; None where it doesn't come from an output, or not by known calls."""
        known = self._known.get(id(tensor))
        return known[1] if known is not None and known[0]() is tensor else None

    def has(self, value: Any) -> bool:
        """Whether any tensor in a value comes from an output."""
        return any(self.node(one) is not None for one in tensors_in(value))

    def noded(self, value: Any) -> Any:
        """Return a value with nodes for the tensors that come from an output."""

        def part(one: Any) -> Any:
            node = self.node(one) if isinstance(one, torch.Tensor) else None
            return one if node is None else node

        return changed(value, part)

    def called(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Node | None:
        """Follow a call that returned `out`, if it was given anything that comes from an output."""
        if not self.has((args, list(kwargs.values()))):
            return None
        self._calls += 1
        given = self.noded(args)
        named = tuple((key, self.noded(one)) for key, one in kwargs.items())
        values = (given, [one for _, one in named])
        if self._calls > MAX_CALLS * max(1, self._outputs) or not is_plain(values[0] + tuple(values[1])):
            return None
        if any(part.requires_grad for part in tensors_in(values)):
            return None  # something else that learns has a part in it
        node = Node((), func, given, named)
        if isinstance(out, torch.Tensor):
            self.enter(out, node)
        else:
            self._enter(out, node, ())
        return node


def nodes_above(node: Node) -> Iterator[Node]:
    """Return a node, and those that it was computed from."""
    met: set[int] = set()
    waiting: list[Any] = [node]
    while waiting:
        one = waiting.pop()
        if id(one) not in met:
            met.add(id(one))
            yield one
            changed((one.args, [value for _, value in one.kwargs]), lambda part: _more(part, waiting))


def comes_from(node: Node, other: Node) -> bool:
    """Whether a node is another one, or was computed from it."""
    return any(one is other for one in nodes_above(node))


def _more(part: Any, waiting: list[Any]) -> Any:
    if isinstance(part, Node):
        waiting.append(part)
    return part


def tensors_in(value: Any) -> list[torch.Tensor]:
    """Return the tensors in a value, those that nodes hold left out."""
    found: list[torch.Tensor] = []

    def look(part: Any) -> Any:
        if isinstance(part, torch.Tensor):
            found.append(part)
        return part

    changed(value, look)
    return found


# Whether targets are the tokens that a network is given, or the ones after them.


FEWEST, MAX_TOKENS = 3, 1_000_000
MAX_COMPARED = 8
"""So many batches are compared: what targets are doesn't change."""
COUNTED = 8
"""So many numbers `_counts` gives."""


class TokenTargets:
    """Compares the targets of one network's batches with the tokens among its inputs."""

    def __init__(self) -> None:
        self.compared = 0
        self._sums: dict[tuple[int, int], list[float]] = {}
        """By the place of the tensor among those given, and the axis of time."""

    def compare(
        self, given: Sequence[torch.Tensor | None], target: torch.Tensor, deferred: DeferredReads
    ) -> None:
        """Count the targets that are the same tokens as those given, and those that are the next ones."""
        if self.compared >= MAX_COMPARED or target.is_floating_point() or target.numel() > MAX_TOKENS:
            return
        for place, tokens in enumerate(given):
            if (
                tokens is None
                or tokens.is_floating_point()
                or tokens.dim() != 2
                or tokens.dtype == torch.bool
            ):
                continue
            for axis in (1, 0):
                counts = _counts(tokens, target, axis)
                if counts is not None:
                    known = self._sums.setdefault((place, axis), [0.0] * COUNTED)
                    deferred.read(counts, functools.partial(_add, known))
        self.compared += bool(self._sums)

    def shares(self) -> TokenShares | None:
        """Return the shares of the tokens, and along the axis, that the targets follow best.

        Of equal ones the last: a source that is to be copied stands before what its decoder is given.
        """
        found = [
            TokenShares(
                place=place,
                axis=axis,
                counted=int(counted),
                ignored=int(ignored),
                varied=int(varied),
                same=same / max(1.0, counted),
                following=after / max(1.0, pairs),
                second=second / max(1.0, seconds),
            )
            for (place, axis), (
                counted,
                ignored,
                same,
                after,
                pairs,
                varied,
                second,
                seconds,
            ) in self._sums.items()
        ]
        return max(found, key=lambda one: (max(one.following, one.same, one.second), one.place), default=None)


def _add(known: list[float], got: list[float]) -> None:
    for spot, value in enumerate(got):
        known[spot] += value


def _counts(tokens: torch.Tensor, target: torch.Tensor, axis: int) -> torch.Tensor | None:
    """Return `COUNTED` counts: compared, ignored, the same, the next, those that have a next one, ignored
    ones with other tokens than the first of them, those after the next, and those that have such a one.
    """
    length = tokens.shape[axis]
    if length < FEWEST or not target.numel():
        return None
    tokens = tokens.detach()
    if target.numel() == tokens.numel():
        wanted, own = target.detach().reshape(tokens.shape), tokens
        follows = wanted.narrow(axis, 0, length - 1) == tokens.narrow(axis, 1, length - 1)
        counted = wanted >= 0
        paired = counted.narrow(axis, 0, length - 1)
    elif axis == 1 and target.numel() == tokens.numel() // length * (length - 1):
        own = tokens.narrow(1, 0, length - 1)
        wanted = target.detach().reshape(own.shape)
        follows = wanted == tokens.narrow(1, 1, length - 1)
        counted = paired = wanted >= 0
    else:
        return None
    same = (wanted == own) & counted
    first = own.reshape(-1)[(~counted).reshape(-1).int().argmax()]
    # The last two places have none after the next; of one alone nothing is told.
    far = wanted.narrow(axis, 0, length - 2) == tokens.narrow(axis, 2, length - 2)
    there = counted.narrow(axis, 0, length - 2)
    numbers = (
        counted,
        ~counted,
        same,
        follows & paired,
        paired,
        ~counted & (own != first),
        far & there,
        there,
    )
    return functions.stack([one.sum() for one in numbers]).float()
