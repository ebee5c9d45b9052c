"""Curves of numbers: their middle, their smoothed start and end, how far they came, how they swing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


# Median and mean of a few numbers. NumPy comes in with the first: the list of faults does without it.


def median(values: Sequence[float] | npt.NDArray[Any]) -> float:
    """Return the median."""
    import numpy as np

    return float(np.median(values))


def mean(values: Sequence[float] | npt.NDArray[Any]) -> float:
    """Return the mean."""
    import numpy as np

    return float(np.mean(values))


# Numbers of a curve: smoothed start and end, how far it came, how it swings.


def finite(values: Sequence[float]) -> Floats:
    """Return the finite values, ``[n]``."""
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


def start(values: Sequence[float]) -> float:
    """Return the middle of the first twentieth, at least 3 values and at most 20; NaN of no values."""
    import numpy as np

    array = finite(values)
    return middle(array[: int(np.clip(len(array) // 20, 3, 20))])


def end(values: Sequence[float]) -> float:
    """Return the middle of the last tenth, at least 5 values; NaN of no values."""
    array = finite(values)
    return middle(array[-max(5, len(array) // 10) :])


def middle(values: Floats) -> float:
    """Return the median of the means of 5 parts in a row (of fewer values: their median); NaN of no values.

    No spike moves it far; and where batches of one example score 0 or 1, it is between them, as a mean is.
    """
    import numpy as np

    if not len(values):
        return float("nan")
    return float(np.median([part.mean() for part in np.array_split(values, 5) if len(part)]))


def improvement(values: Sequence[float]) -> float:
    """Return (start − end) / |start|; NaN of no values."""
    first, last = start(values), end(values)
    return (first - last) / max(abs(first), 1e-12)


def medians_of_5(values: Sequence[float]) -> Floats:
    """Return the medians of 5 neighbours, ``[n − 4]``."""
    import numpy as np

    array = finite(values)
    if len(array) < 5:
        return array
    return np.median(np.lib.stride_tricks.sliding_window_view(array, 5), axis=1)


FALLING = 0.1


def still_falling(values: Sequence[float]) -> bool:
    """Whether the median of the last third is below 90 % of that of the third before it."""
    before, last = _late_thirds(values)
    return last < (1 - FALLING) * before


def late_fall(values: Sequence[float]) -> float:
    """Return by which share the last third's median is below that of the third before; NaN if unknown."""
    before, last = _late_thirds(values)
    return 1 - last / before if before > 0 else float("nan")


def _late_thirds(values: Sequence[float]) -> tuple[float, float]:
    """Return the medians of the second third and of the last; NaN of fewer than 15 values."""
    array = finite(values)
    third = len(array) // 3
    if third < 5:
        return float("nan"), float("nan")
    return median(array[-2 * third : -third]), median(array[-third:])


def _without_trend(array: Floats) -> Floats:
    """Return a curve less its moving median of 9, and less the mean of what is left."""
    import numpy as np

    padded = np.pad(array, 4, mode="edge")
    rest = array - np.median(np.lib.stride_tricks.sliding_window_view(padded, 9), axis=1)
    return rest - rest.mean()


def swing(values: Sequence[float]) -> float:
    """Return the standard deviation of a curve without its trend; 0 of fewer than 30 values."""
    array = finite(values)
    return float(_without_trend(array).std()) if len(array) >= 30 else 0.0


def autocorrelation(values: Sequence[float], lag: int = 1) -> float:
    """Return the correlation of a curve, less its moving median of 9, with itself `lag` later."""
    array = finite(values)
    if len(array) < 30:
        return 0.0
    rest = _without_trend(array)
    power = float((rest**2).sum())
    return float((rest[:-lag] * rest[lag:]).sum() / power) if power > 0 else 0.0
