# pyright: basic
"""Copies of a network: its structure, with tensors of our choice, and none of the user's hooks."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import enum
import types
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from trainlab.diagnosis.probe import module_parts
from trainlab.diagnosis.probe.readable_tensors import readable
from trainlab.diagnosis.probe.user_frames import is_library

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
    if isinstance(thing, types.SimpleNamespace | argparse.Namespace) or dataclasses.is_dataclass(thing):
        return list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    raise Unfit(f"it holds something that can't be copied ({type(thing).__name__})")


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
    for part in module_parts.parts(module):
        for name in _HOOKS:
            hooks = vars(part).get(name)
            if hooks is not None:
                memo[id(hooks)] = type(hooks)()
    return copy.deepcopy(module, memo)
