"""How compiled code reads memory: networks side by side in lanes, arrays that begin where loads allow it.

A *lane* is one network. `Lanes` says how many networks a row of memory holds, how many samples of each a
block holds, and in which precision. A `Unit` is a compiled function of the kernel, named by what it was made
for.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

HEADER = 64
"""The bytes before an array that the kernel reads.

The last eight hold its number of elements; the eight before them 1 if a checked build was asked for others.
"""


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """How memory is read: `networks` side by side, `samples` of each, elements of `dtype`.

    What is `checked` refuses rows outside of the memory.
    """

    networks: int
    samples: int = 1
    dtype: str = "float32"
    checked: bool = False

    @property
    def lane(self) -> Lanes:
        """The same networks, one sample each."""
        return replace(self, samples=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A compiled function of the kernel: which, for which lanes, and which row of a table it is made for."""

    kind: str
    lanes: Lanes
    code: int = 0

    @property
    def symbol(self) -> str:
        """Its name in compiled code, as ``update_5_64x1_float32``."""
        lanes = self.lanes
        checked = "_checked" if lanes.checked else ""
        return f"{self.kind}_{self.code}_{lanes.networks}x{lanes.samples}_{lanes.dtype}{checked}"


def array_unit(kind: str, dtype: str = "float64") -> Unit:
    """Return a unit that draws into arrays (`array_draws.py`); those of masks come in both precisions."""
    return Unit(kind=kind, lanes=Lanes(networks=1, dtype=dtype))


def aligned_zeros(count: int, dtype: str) -> Any:
    """Return zeros that begin at a multiple of 64 bytes, as loads require, with their number before them."""
    size = np.dtype(dtype).itemsize
    raw = np.zeros(count * size + 2 * HEADER, dtype=np.uint8)
    start = -raw.ctypes.data % HEADER + HEADER
    raw[start - 8 : start].view(np.int64)[0] = count
    # Not a view of a slice: of one without elements NumPy forgets the place.
    return np.ndarray(count, dtype, buffer=raw.data, offset=start)


def is_faulty(array: np.ndarray) -> bool:
    """Return whether a checked build was asked for a place outside of an array made here."""
    address = array.ctypes.data - 16
    return bool(np.ctypeslib.as_array((ctypes.c_int64 * 1).from_address(address))[0])


def aligned(values: np.ndarray, dtype: str) -> Any:
    """Return a flat copy of an array as `aligned_zeros` makes them."""
    copy = aligned_zeros(values.size, dtype)
    copy[:] = values.ravel()
    return copy
