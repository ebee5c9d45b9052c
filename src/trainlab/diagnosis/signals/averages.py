"""Median and mean of a few numbers. NumPy comes in with the first: the list of faults does without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt


def median(values: Sequence[float] | npt.NDArray[Any]) -> float:
    """Return the median."""
    import numpy as np

    return float(np.median(values))


def mean(values: Sequence[float] | npt.NDArray[Any]) -> float:
    """Return the mean."""
    import numpy as np

    return float(np.mean(values))
