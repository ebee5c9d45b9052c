"""Holm's correction, for p-values that are read together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the adjusted p-values [m], in the order given.

    With the p-values sorted upwards, the i-th (from 0) becomes the largest of (m − j)·p_j over j <= i, and at
    most 1. Rejecting those below α keeps the chance of any false rejection below α, whatever the dependence:
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979) 65–70.

    Raises:
        StatsError: more than one axis, NaN, or a value outside 0 to 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise StatsError(
            f"p_values has the shape {list(p.shape)}, but must be [m]; flatten what is read together."
        )
    wrong = ~((p >= 0.0) & (p <= 1.0))  # true for NaN as well
    if wrong.any():
        raise StatsError(
            f"p_values holds {float(p[wrong][0])!r} at position {int(wrong.argmax())}, but each must be from "
            "0 to 1; leave out what was not tested."
        )
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return np.minimum(adjusted, 1.0)
