# pyright: basic
"""What is read of tensors and modules, without calling a method that a class of the user's may have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from trainlab.diagnosis.observed.data import MAX_FEATURES, sampled_places
from trainlab.diagnosis.torch_private import (
    dispatch_depth,
    functions,
    is_transformed,
    own_part,
    tracing_state,
    transforms,
)

# Tensors: which have numbers that can be read, and by what two are known to hold the same.


# Which tensors have numbers that can be read, and when the probe must hold still.


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


# Fingerprints of rows: two rows with the same numbers at up to 64 places have the same one.


MAX_ROWS = 256
MAX_WIDTHS = 64
"""Sequences may have a different length in each batch."""
_WHOLE = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


class Fingerprints:
    """Keeps the places that are looked at, and the numbers that bits are multiplied by."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, torch.device], torch.Tensor] = {}
        self._odd: dict[int, Any] = {}

    def rows(self, batch: torch.Tensor, *, most: int = MAX_ROWS) -> list[int]:
        """Return the fingerprints of up to `most` rows of a batch."""
        return self.of(self.features(batch, most=most))

    def features(self, batch: torch.Tensor, *, most: int) -> Any:
        """Return up to `most` rows at up to 64 places each, always the same ones, as an array."""
        values = batch.detach()
        values = (
            values.reshape(1, -1)
            if values.dim() < 2
            else values[:most].reshape(min(most, values.shape[0]), -1)
        )
        width = values.shape[1]
        if width > MAX_FEATURES:
            key = (width, values.device)
            places = self._places.get(key)
            if places is None:
                if len(self._places) >= MAX_WIDTHS:
                    self._places.clear()
                places = self._places[key] = functions.tensor(sampled_places(width), device=values.device)
            values = values.index_select(1, places)
        if values.dtype in (torch.bfloat16, torch.float16):
            values = values.float()
        return values.contiguous().cpu().numpy()

    def of(self, part: Any) -> list[int]:
        """Return one fingerprint per row: its bits as whole numbers, times odd numbers, summed modulo 2⁶⁴."""
        if part.dtype.itemsize not in _WHOLE:
            part = part.astype(np.int64)
        bits = part.view(_WHOLE[part.dtype.itemsize])
        return (bits @ self._factors(bits.shape[1])).tolist()

    def _factors(self, width: int) -> Any:
        known = self._odd.get(width)
        if known is None:
            generator = np.random.default_rng(width)
            known = self._odd[width] = generator.integers(1, 2**63, width, dtype=np.uint64) * np.uint64(
                2
            ) + np.uint64(1)
        return known


# What a module is made of, read without calling a method that its class may have of its own.
#
# A user's ``parameters()`` may count, print or build something; it isn't called because somebody listens.


def named_parts(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the module and all within, each once, with their paths: those of `nn.Module.named_modules`."""
    if _is_told_by_pytorch(module, "named_modules"):
        yield from module.named_modules()
        return
    met: set[int] = set()
    waiting = [("", module)]
    while waiting:
        path, part = waiting.pop()
        if id(part) in met:
            continue
        met.add(id(part))
        yield path, part
        inner = [(f"{path}.{name}" if path else name, one) for name, one in _held(part, "_modules")]
        waiting += reversed(inner)


def parts(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the module and all within, each once."""
    for _, part in named_parts(module):
        yield part


def children(module: nn.Module) -> list[nn.Module]:
    """Return the modules that it holds itself."""
    return [one for _, one in _held(module, "_modules")]


def own_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that it holds itself, by name, each once."""
    if _is_told_by_pytorch(module, "named_parameters"):
        return dict(module.named_parameters(recurse=False))
    found: dict[int, tuple[str, nn.Parameter]] = {}
    for name, one in _held(module, "_parameters"):
        found.setdefault(id(one), (name, one))
    return dict(found.values())


def named_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """Return all parameters, those of the modules within included, by their paths, each once."""
    found: dict[int, tuple[str, nn.Parameter]] = {}
    for path, part in named_parts(module):
        for name, one in own_parameters(part).items():
            found.setdefault(id(one), (f"{path}.{name}" if path else name, one))
    return dict(found.values())


def parameters(module: nn.Module) -> list[nn.Parameter]:
    """Return all parameters, those of the modules within included, each once."""
    return list(named_parameters(module).values())


def _held(module: nn.Module, kind: str) -> list[tuple[str, Any]]:
    held = vars(module).get(kind)
    pairs = (getattr(module, kind, None) or {}) if held is None else held
    return [(name, one) for name, one in pairs.items() if one is not None]


def _is_told_by_pytorch(module: nn.Module, method: str) -> bool:
    """Whether a class of PyTorch's own, as of sharded or scripted modules, tells it in another way."""
    for kind in type(module).__mro__:
        if method in vars(kind) and kind.__module__.partition(".")[0] == "torch":
            return kind is not nn.Module
    return False
