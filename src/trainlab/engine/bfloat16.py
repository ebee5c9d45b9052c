"""Losses at two bytes each: the leading 16 bits of a float32, rounded to nearest (the format bfloat16).

Sign, the exponent of a float32, and 8 significant bits: a number of normal size (from 1.2×10⁻³⁸ to 3.39×10³⁸)
is kept to within half a unit of the last of them, 2⁻⁸ of it or 0.4 %. Rounding keeps the order of numbers, so
a quantile is kept as well as a number is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.engine.runs import Codes, FloatArray

RELATIVE_ERROR = 2.0**-8
"""The most by which a number of normal size changes, as a share of it."""

NAN = 0x7FC0
"""The code of whatever is not a number."""

MISSING = 0xFFFF
"""Another such code, which `encode` never gives: it stands for a loss that wasn't kept."""


def encode(values: FloatArray) -> Codes:
    """Return the codes of numbers, in their shape; float64 is rounded to float32 first."""
    # What is too large for a float32 becomes infinite.
    with np.errstate(over="ignore"):
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    # To nearest, ties to even: up if what is cut off is more than a half, or half of an odd one.
    rounded = (bits + ((bits >> 16 & 1) + 0x7FFF)) >> 16
    return np.where(np.isnan(values), NAN, rounded).astype(np.uint16)


def decode(codes: Codes) -> npt.NDArray[np.float32]:
    """Return what the codes stand for, in their shape."""
    return (codes.astype(np.uint32) << 16).view(np.float32)


def is_missing(codes: Codes) -> npt.NDArray[np.bool_]:
    """Return which of the curves ``[n, epochs]`` weren't kept, ``[n]``."""
    return np.asarray((codes[:, :1] == MISSING).any(axis=1), dtype=np.bool_)
