# pyright: basic
"""What becomes of a network's output on its way to the loss: the calls, so that they can be made again."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

MAX_CALLS = 60
"""A loss is a few calls away from the output; what is longer is a computation of its own."""
_PLAIN = (int, float, bool, str, bytes, complex, type(None), torch.dtype, torch.device, slice, type(Ellipsis))


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A tensor that comes from the network's output: a part of the output itself, or a call's result.

    `path` leads to a part of the output; else `func` was called with `args` and `kwargs`, in which nodes
    stand for tensors that come from the output, too.
    """

    path: tuple[Any, ...] = ()
    func: Any = None
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()

    def value(self, output: Any, known: dict[int, Any]) -> Any:
        """Return the tensor anew; `known` holds values of nodes by their id, and gets those computed."""
        if id(self) not in known:
            if self.func is None:
                for step in self.path:
                    output = output[step]
                known[id(self)] = output
            else:
                args = changed(self.args, lambda part: _anew(part, output, known))
                kwargs = {
                    key: changed(one, lambda part: _anew(part, output, known)) for key, one in self.kwargs
                }
                known[id(self)] = self.func(*args, **kwargs)
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


def _anew(part: Any, output: Any, known: dict[int, Any]) -> Any:
    return part.value(output, known) if isinstance(part, Node) else part


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return tuples, lists and dictionaries with what is in them changed; anything else is changed itself."""
    if type(value) in (tuple, list):
        return type(value)(changed(one, change) for one in value)
    if type(value) is dict:
        return {key: changed(one, change) for key, one in value.items()}
    return change(value)


def is_plain(value: Any) -> bool:
    """Whether a value is tensors, numbers and words, in tuples, lists and dictionaries: what can be kept."""
    if type(value) in (tuple, list):
        return all(map(is_plain, value))
    if type(value) is dict:
        return all(map(is_plain, value)) and all(map(is_plain, value.values()))
    return isinstance(value, (*_PLAIN, torch.Tensor, torch.Size, Node))


class Followed:
    """The tensors of one pass that come from its output, known by their identity; none is kept alive."""

    def __init__(self, output: Any) -> None:
        self._known: dict[int, tuple[weakref.ref[torch.Tensor], Node]] = {}
        self._calls = 0
        self._enter(output, ())

    def _enter(self, output: Any, path: tuple[Any, ...]) -> None:
        if isinstance(output, torch.Tensor):
            self._set(output, Node(path))
        elif isinstance(output, tuple | list):
            for place, one in enumerate(output):
                self._enter(one, (*path, place))
        elif isinstance(output, dict):
            for key, one in output.items():
                self._enter(one, (*path, key))

    def _set(self, tensor: torch.Tensor, node: Node) -> None:
        self._known[id(tensor)] = (weakref.ref(tensor), node)

    def node(self, tensor: Any) -> Node | None:
        """Return the node of a tensor; None where it doesn't come from the output, or not by known calls."""
        known = self._known.get(id(tensor))
        return known[1] if known is not None and known[0]() is tensor else None

    def called(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Node | None:
        """Follow a call that returned `out`, if it was given anything that comes from the output."""
        found = False

        def noded(part: Any) -> Any:
            nonlocal found
            node = self.node(part) if isinstance(part, torch.Tensor) else None
            found = found or node is not None
            return part if node is None else node

        given = changed(args, noded)
        named = tuple((key, changed(one, noded)) for key, one in kwargs.items())
        self._calls += found
        if not found or self._calls > MAX_CALLS or not (is_plain(given) and is_plain([v for _, v in named])):
            return None
        if any(part.requires_grad for part in tensors_in((given, [v for _, v in named]))):
            return None  # something else that learns has a part in it
        node = Node((), func, given, named)
        if isinstance(out, torch.Tensor):
            self._set(out, node)
        return node


def tensors_in(value: Any) -> list[torch.Tensor]:
    """Return the tensors in a value, those that nodes hold left out."""
    found: list[torch.Tensor] = []

    def look(part: Any) -> Any:
        if isinstance(part, torch.Tensor):
            found.append(part)
        return part

    changed(value, look)
    return found
