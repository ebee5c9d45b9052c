# pyright: basic
"""Which tensors have numbers that can be read, and when the probe must hold still."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.parameter import is_lazy

from trainlab.diagnosis.torch_private import (
    dispatch_depth,
    functions,
    is_transformed,
    own_part,
    tracing_state,
    transforms,
)

_PLAIN = (torch.Tensor, torch.nn.Parameter)


def is_recorded() -> bool:
    """Whether what runs is being turned into another program: traced, or transformed by `torch.func`.

    What the probe computes meanwhile would become part of that program.
    """
    return transforms() is not None or tracing_state() is not None


def is_dispatched() -> bool:
    """Whether a dispatch mode of the user's own, such as an operation counter, would hear the probe."""
    return dispatch_depth() > 0


def readable(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return the tensor as a plain one whose numbers lie in memory here; None where there is no such thing.

    Of a distributed tensor return this process's own part: anything else would talk to the others.
    """
    if type(tensor) not in _PLAIN:
        local = own_part(tensor)
        if local is not None:
            return readable(local)
        if _dispatch_of(type(tensor)) is not _dispatch_of(torch.Tensor):
            return None
    # One by one, and in this order: an uninitialised or nested tensor refuses most questions.
    if is_lazy(tensor) or tensor.is_nested or tensor.layout is not torch.strided or tensor.is_quantized:
        return None
    if tensor.device.type == "meta" or is_transformed(tensor):
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
    return (functions.view_as_real(values.resolve_conj()) if values.is_complex() else values).float()
