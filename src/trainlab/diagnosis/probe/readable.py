# pyright: basic
"""Which tensors have numbers that can be read, and when the probe must hold still."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import torch
from torch.nn.parameter import is_lazy

_PLAIN = (torch.Tensor, torch.nn.Parameter)
_functorch: Any = getattr(torch._C, "_functorch", None)
_transforms: Callable[[], Any] = getattr(_functorch, "peek_interpreter_stack", lambda: None)
_is_wrapped: Callable[[Any], bool] = getattr(_functorch, "is_functorch_wrapped_tensor", lambda _: False)
_dispatch_modes: Callable[[], int] = getattr(torch._C, "_len_torch_dispatch_stack", lambda: 0)
_APPLY: CodeType = torch.autograd.Function.apply.__func__.__code__
is_compiling: Callable[[], bool] = getattr(torch.compiler, "is_compiling", lambda: False)


def is_recorded() -> bool:
    """Whether what runs is being turned into another program: traced, or transformed by `torch.func`.

    What the probe computes meanwhile would become part of that program.
    """
    return _transforms() is not None or torch._C._get_tracing_state() is not None


def is_dispatched() -> bool:
    """Whether a dispatch mode of the user's own, as a counter of operations, would hear the probe's."""
    return _dispatch_modes() > 0


def readable(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return the tensor as a plain one whose numbers lie in memory here; None where there is no such thing.

    Of a distributed tensor that is this process's own part: anything else would talk to the others.
    """
    if type(tensor) not in _PLAIN:
        local = getattr(tensor, "_local_tensor", None)
        if isinstance(local, torch.Tensor):
            return readable(local)
        if _dispatch_of(type(tensor)) is not _dispatch_of(torch.Tensor):
            return None
    # One by one, and in this order: an uninitialised or nested tensor refuses most questions.
    if is_lazy(tensor) or tensor.is_nested or tensor.layout is not torch.strided or tensor.is_quantized:
        return None
    if tensor.device.type == "meta" or _is_wrapped(tensor):
        return None
    if tensor.untyped_storage().nbytes() == 0 and tensor.numel():
        return None  # its memory was given back, as sharded parameters' is between uses
    return tensor


def _dispatch_of(kind: Any) -> Any:
    return kind.__torch_dispatch__


def are_readable(tensors: list[torch.Tensor]) -> bool:
    """Whether all of them are plain tensors that can be read as they are."""
    return all(readable(tensor) is tensor for tensor in tensors)


def as_floats(tensor: torch.Tensor) -> torch.Tensor:
    """Return the values in single precision; of complex numbers both parts, along one more axis."""
    values = tensor.detach()
    return (torch.view_as_real(values.resolve_conj()) if values.is_complex() else values).float()


def in_function() -> bool:
    """Whether the caller runs inside of an `autograd.Function`, whose own backward will give gradients.

    PyTorch switches gradients off there; re-entrant checkpoints call parts of a network so.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code is _APPLY:
            return True
        frame = frame.f_back
    return False
