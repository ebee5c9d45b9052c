"""Pictures made of characters, for a line of terminal text."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainlab.errors import TrainlabError

_LEVELS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉"


def sparkline(values: Sequence[float] | npt.NDArray[np.float64], *, width: int = 40) -> str:
    """Return one character for each value, ``▁`` for the least to ``█`` for the greatest.

    More than `width` values are averaged in `width` equal stretches. A value that isn't finite is ``·``;
    values that are all the same are ``▄``.

    >>> sparkline([0, 1, 2, 3, float("nan"), 7])
    '▁▂▃▄·█'
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.size > width:
        numbers = np.array([_mean(part) for part in np.array_split(numbers, width)])
    finite = numbers[np.isfinite(numbers)]
    if finite.size == 0:
        return "·" * int(numbers.size)
    low, high = float(finite.min()), float(finite.max())
    return "".join(_level(float(value), low, high) for value in numbers)


def bar(share: float, width: int = 20) -> str:
    """Return a bar of `share` of `width` characters, in eighths of a character, padded with spaces.

    Anything above 0 shows at least an eighth, anything below 1 lacks at least one.

    >>> bar(0.5, 4), bar(0.001, 4), bar(1, 4)
    ('██  ', '▏   ', '████')

    Raises:
        TrainlabError: if `share` isn't between 0 and 1.
    """
    if math.isnan(share):
        return "·".ljust(width)
    if not 0 <= share <= 1:
        raise TrainlabError(
            f"share: {share!r} isn't between 0 and 1; give a share, not a percentage or a count."
        )
    whole = 8 * width
    eighths = round(share * whole)
    if 0 < share < 1:
        eighths = min(max(eighths, 1), whole - 1)
    full, part = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[part] if part else "")).ljust(width)


def _mean(part: npt.NDArray[np.float64]) -> float:
    finite = part[np.isfinite(part)]
    with np.errstate(over="ignore"):
        return float(finite.mean()) if finite.size else math.nan


def _level(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return "·"
    if low == high:
        return "▄"
    # Halves keep the difference finite even between the largest floats of either sign.
    share = (value / 2 - low / 2) / (high / 2 - low / 2)
    return _LEVELS[min(7, int(8 * share))]
