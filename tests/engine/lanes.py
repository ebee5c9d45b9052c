"""Helpers for tests of the kernel's pieces: tags, aligned memory, and a function applied row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from trainlab.engine.kernel.lanes import Lanes, aligned_zeros
from trainlab.engine.kernel.simd import load, store

NETWORKS = 8
Floats = npt.NDArray[Any]


def tag(
    dtype: str = "float64", *, networks: int = NETWORKS, samples: int = 1, checked: bool = False
) -> Lanes:
    return Lanes(networks=networks, samples=samples, dtype=dtype, checked=checked)


def memory_of(rows: npt.ArrayLike, dtype: str | None = None) -> Floats:
    """Return a flat aligned copy of an array ``[rows, networks]``."""
    source = np.asarray(rows)
    flat = aligned_zeros(source.size, dtype or str(source.dtype))
    flat[:] = source.ravel()
    return flat


def call(function: Any, *arguments: Any) -> Any:
    """Call a compiled function with the addresses of arrays instead of the arrays."""
    return function(*(part.ctypes.data if isinstance(part, np.ndarray) else part for part in arguments))


def elementwise(function: Any) -> Callable[[Floats], Floats]:
    """Return a function of arrays of any length that applies a vector function ``f(tag, x)``."""

    @njit(error_model="numpy")
    def over_rows(lane: Any, source: Any, target: Any, rows: int) -> None:
        for row in range(rows):
            store(lane, target, row, function(lane, load(lane, source, row)))

    def apply(x: Floats) -> Floats:
        rows = -(-x.size // NETWORKS)
        source, target = (aligned_zeros(rows * NETWORKS, str(x.dtype)) for _ in range(2))
        source[: x.size] = x
        call(over_rows, tag(str(x.dtype)), source, target, rows)
        return target[: x.size].copy()

    return apply
