# pyright: basic
"""Functions of PyTorch that the user has replaced: none of his runs because of the probe.

Where a function mode is on, as `listener` is, PyTorch's functions look themselves up by name, and give the
mode what they find. If that is the user's wrapper, which has just called them, it would run once more. And
what the probe computes itself goes through methods of `torch.Tensor`, which may be his as well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FrameType,
    FunctionType,
    GetSetDescriptorType,
    MethodDescriptorType,
    MethodWrapperType,
    WrapperDescriptorType,
)
from typing import Any

import torch
from torch.overrides import handle_torch_function

_TORCH = os.path.dirname(torch.__file__) + os.sep
_BASES = torch.Tensor.__mro__[1:-1]
"""The class written in C++ that has most of a tensor's methods: in it nobody can put others."""
_DETOUR = handle_torch_function.__code__
_COMPILED = frozenset(
    (
        BuiltinFunctionType,
        GetSetDescriptorType,
        MethodDescriptorType,
        MethodWrapperType,
        WrapperDescriptorType,
    )
)
_AT_IMPORT = dict(vars(torch.Tensor))


def as_called(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """Return what a function mode has to call, and with what, for that to run which runs without the mode.

    Only a mode's ``__torch_function__`` may call this: its own caller says which function it was.
    """
    asking = sys._getframe(2)
    if asking.f_code is not _DETOUR:
        return (func if type(func) in _COMPILED else _of_tensor(func)), args, kwargs
    frame = asking.f_back
    if frame is None:
        return func, args, kwargs
    code = frame.f_code
    if getattr(func, "__code__", None) is not code:
        if _is_given_by_pytorch(func, code):
            return func, args, kwargs
        func = _function_in(frame)
    count = code.co_argcount + code.co_kwonlyargcount
    if len(args) + len(kwargs) < count:
        # PyTorch forgets to pass some on: the weights of `l1_loss`.
        values, names = frame.f_locals, code.co_varnames[max(len(args), code.co_posonlyargcount) : count]
        kwargs = {**{name: values[name] for name in names if name in values}, **kwargs}
    return func, args, kwargs


def _is_given_by_pytorch(func: Any, code: CodeType) -> bool:
    """Whether PyTorch's code means this function by its name, as `_max_pool2d` means `max_pool2d`.

    Where another of PyTorch's own was put in a function's place, as ``F.relu = F.gelu``, it finds that one.
    """
    kind = type(func)
    if kind is MethodWrapperType or kind.__module__.startswith("torch._"):
        return True  # of a property; an operator
    if kind is FunctionType:
        own = func.__code__.co_filename.startswith(_TORCH) and not hasattr(func, "__wrapped__")
    else:
        own = kind in _COMPILED
    return own and f"{code.co_name}_".startswith(f"_{func.__name__}_")


def _of_tensor(func: Any) -> Any:
    """Return the method written in C++ in whose place the user's function stands; itself if there is none."""
    names = [name for name in vars(torch.Tensor) if getattr(torch.Tensor, name, None) is func]
    # One function may stand in the place of several.
    names.sort(key=lambda name: name != getattr(func, "__name__", ""))
    return next((found for name in names if (found := _compiled(name)) is not None), func)


def _compiled(name: str) -> Any:
    return next((vars(kind)[name] for kind in _BASES if name in vars(kind)), None)


def _function_in(frame: FrameType) -> FunctionType:
    """Return the function that is running in a frame; it has to be given all of its arguments."""
    code, values = frame.f_code, frame.f_locals
    cells = tuple(CellType(values[name]) if name in values else CellType() for name in code.co_freevars)
    return FunctionType(code, frame.f_globals, code.co_name, None, cells)


class _Yielding:
    """Stands in `torch.Tensor` around what the user has put there: all but the probe at work find his."""

    def __init__(self, users: Any, original: Any, at_work: Callable[[], bool]) -> None:
        self.users = users
        self._original = original
        self._at_work = at_work

    def found(self) -> Any:
        """Return the user's, or for the probe PyTorch's own."""
        return self._original if self._at_work() else self.users

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        found = self.found()
        get = getattr(type(found), "__get__", None)
        return found if get is None else get(found, instance, owner)

    def stands_for(self, at_work: Callable[[], bool]) -> bool:
        """Whether it, or one within, is there for this probe: two may listen."""
        inner = self.users
        return self._at_work is at_work or (isinstance(inner, _Yielding) and inner.stands_for(at_work))


def users_of(value: Any) -> Any:
    """Return what the user has put into `torch.Tensor`, without what stands around it."""
    while isinstance(value, _Yielding):
        value = value.users
    return value


class TensorMethods:
    """Has methods of `torch.Tensor` that the user replaces yield to PyTorch's own while the probe works."""

    def __init__(self, at_work: Callable[[], bool]) -> None:
        self._at_work = at_work
        self._seen: dict[str, Any] = {}
        self._put: list[tuple[str, _Yielding]] = []

    def look(self) -> None:
        """Look what was replaced since the last time; where nothing was, by one comparison."""
        if vars(torch.Tensor) == self._seen:
            return
        for name, value in list(vars(torch.Tensor).items()):
            if value is self._seen.get(name) or _is_own_method(value) or hasattr(type(value), "__set__"):
                continue
            if isinstance(value, _Yielding) and value.stands_for(self._at_work):
                continue
            original = _original(name)
            if original is not None:
                put = _Yielding(value, original, self._at_work)
                setattr(torch.Tensor, name, put)
                self._put.append((name, put))
        self._seen = dict(vars(torch.Tensor))

    def undo(self) -> None:
        """Leave there what the user has put there."""
        for name, put in reversed(self._put):
            if vars(torch.Tensor).get(name) is put:
                setattr(torch.Tensor, name, put.users)
        self._put.clear()
        self._seen.clear()


def _is_own_method(value: Any) -> bool:
    """Whether PyTorch itself has put it into its class."""
    code = getattr(getattr(value, "fget", value), "__code__", None)
    if code is not None:
        return code.co_filename == f"{_TORCH}_tensor.py"
    return type(value) in _COMPILED or not (callable(value) or hasattr(type(value), "__get__"))


def _original(name: str) -> Any:
    """Return PyTorch's own method as its class has it; None where it has none, or it can't be found."""
    known = _AT_IMPORT.get(name)
    return known if known is not None and _is_own_method(known) else _compiled(name)
