"""Medians and bands of curves, exact or from rounded codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError

# Quantiles of many runs' curves, point by point.
#
# A run is left out wherever its value is not finite, as after divergence, so the quantiles there are those of
# the remaining runs. `finite_counts` counts them; show it beside any such curve.


Curves = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DRAWN = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles of a median with its bands."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Bands:
    """Median and central bands of `n` curves at k points; every array is [k], NaN where no run is finite.

    The middle half of the runs lies between `low50` and `high50`, nine in ten between `low90` and `high90`.
    """

    median: npt.NDArray[np.float64]
    low50: npt.NDArray[np.float64]
    high50: npt.NDArray[np.float64]
    low90: npt.NDArray[np.float64]
    high90: npt.NDArray[np.float64]
    finite: npt.NDArray[np.int64]
    n: int


def quantile_curves(curves: Curves, *, quantiles: Sequence[float] = DRAWN) -> npt.NDArray[np.float64]:
    """Return [q, k]: the quantiles over the finite runs at each of the k points of `curves` [n, k].

    Linear between the order statistics, as `numpy.quantile` does by default; NaN where no run is finite.

    Raises:
        StatsError: `curves` is not [n, k] with n >= 1, or a quantile is outside 0 to 1.
    """
    values, finite = _sorted_finite(curves)
    below, above, share = neighbours(quantiles, finite)
    low, high = np.take_along_axis(values, below, axis=0), np.take_along_axis(values, above, axis=0)
    return interpolate(low, high, share)


def finite_counts(curves: Curves) -> npt.NDArray[np.int64]:
    """Return [k]: how many of the n runs in `curves` [n, k] are finite at each point.

    Raises:
        StatsError: `curves` is not [n, k] with n >= 1.
    """
    return np.isfinite(_checked(curves)).sum(axis=0, dtype=np.int64)


def median_and_bands(curves: Curves) -> Bands:
    """Return the median and the 25–75 % and 5–95 % bands of `curves` [n, k], with the finite counts.

    Raises:
        StatsError: `curves` is not [n, k] with n >= 1.
    """
    return bands_of(quantile_curves(curves), finite=finite_counts(curves), n=len(curves))


def bands_of(quantiles: Floats, *, finite: Ints, n: int) -> Bands:
    """Return the bands that the quantiles `DRAWN` make, [5, k]."""
    low90, low50, median, high50, high90 = quantiles
    return Bands(median=median, low50=low50, high50=high50, low90=low90, high90=high90, finite=finite, n=n)


def neighbours(quantiles: Sequence[float], counts: Ints) -> tuple[Ints, Ints, Floats]:
    """Return which two of `counts` [k] sorted values each quantile lies between, and how far along: [q, k].

    Raises:
        StatsError: a quantile is outside 0 to 1.
    """
    levels = np.asarray(quantiles, dtype=np.float64)
    if levels.ndim != 1 or not ((levels >= 0.0) & (levels <= 1.0)).all():
        raise StatsError(f"quantiles is {quantiles!r}, but must be a list of numbers from 0 to 1.")
    last = np.maximum(counts - 1, 0)
    position = levels[:, None] * last
    below = np.floor(position).astype(np.int64)
    return below, np.minimum(below + 1, last), position - below


def interpolate(low: Floats, high: Floats, share: Floats) -> Floats:
    """Return low + share · (high − low)."""
    # Weighted so that nothing overflows; clipped so that rounding stays between the two neighbours.
    return np.clip(low * (1.0 - share) + high * share, low, high)


def _sorted_finite(curves: Curves) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the curves sorted over runs, NaN last for what is not finite, and the finite counts."""
    values = _checked(curves)
    finite = np.isfinite(values)
    return np.sort(np.where(finite, values, np.nan), axis=0), finite.sum(axis=0, dtype=np.int64)


def _checked(curves: Curves) -> npt.NDArray[np.float64]:
    values = np.asarray(curves, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] == 0:
        raise StatsError(
            f"curves has the shape {list(values.shape)}, but must be [n, k] with n >= 1: runs, then points."
        )
    return values


# Quantiles of many runs' curves, computed from how often each 16-bit code occurs at each point.
#
# The curves come in parts, and none is kept: memory grows with the points and the codes that occur there
# (65,536 at most), not with the runs. The quantiles are, to the bit, those of `quantile_curves` over the
# values that the codes stand for.


Codes = npt.NDArray[np.uint16]
Decode = Callable[[Codes], npt.NDArray[np.floating]]
CODES = 2**16


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CodeCounts:
    """How often each code occurs at each of `points`, among `n` runs.

    ``keys [m]`` are 65,536 · point + code for the codes that occur, ascending; ``counts [m]`` is how often.
    """

    n: int
    points: int
    keys: Ints
    counts: Ints


def count_codes(parts: Iterable[Codes]) -> CodeCounts:
    """Count the codes of curves, given in one or more parts ``[n, k]`` of the same k; n may be 0.

    Raises:
        StatsError: there is no part, or one is no ``[n, k]`` of 16-bit codes with the k of the first.
    """
    total: CodeCounts | None = None
    for part in parts:
        counted = _count(part)
        total = counted if total is None else _merge(total, counted)
    if total is None:
        raise StatsError("parts is empty, but must have at least one array of codes [n, k].")
    return total


def coded_quantiles(
    counted: CodeCounts, decode: Decode, *, quantiles: Sequence[float] = DRAWN
) -> tuple[Floats, Ints]:
    """Return the quantiles [q, k] over the runs whose value is finite, and their number, [k].

    `decode` turns codes into values. Linear between the order statistics; NaN where no run is finite.

    Raises:
        StatsError: a quantile is outside 0 to 1.
    """
    tables = [_table(counted, point, decode) for point in range(counted.points)]
    finite = np.array([until[-1] if len(until) else 0 for _, until in tables], dtype=np.int64)
    below, above, share = neighbours(quantiles, finite)
    low, high = np.full(share.shape, np.nan), np.full(share.shape, np.nan)
    for point, (values, until) in enumerate(tables):
        if len(values):
            low[:, point] = values[np.searchsorted(until, below[:, point], side="right")]
            high[:, point] = values[np.searchsorted(until, above[:, point], side="right")]
    return interpolate(low, high, share), finite


def coded_bands(counted: CodeCounts, decode: Decode) -> Bands:
    """Return the median and the 25–75 % and 5–95 % bands, with the finite counts; see `coded_quantiles`."""
    quantiles, finite = coded_quantiles(counted, decode)
    return bands_of(quantiles, finite=finite, n=counted.n)


def _count(part: Codes) -> CodeCounts:
    if part.ndim != 2 or part.dtype != np.uint16:
        raise StatsError(
            f"a part is {part.dtype} of shape {list(part.shape)}, but must be uint16 of shape [n, k]: runs, "
            "then points."
        )
    n, points = part.shape
    keys, counts = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for point in range(points):
        often = np.bincount(part[:, point], minlength=CODES)
        codes = np.flatnonzero(often)
        keys.append(codes + point * CODES)
        counts.append(often[codes])
    return CodeCounts(n=n, points=points, keys=np.concatenate(keys), counts=np.concatenate(counts))


def _merge(a: CodeCounts, b: CodeCounts) -> CodeCounts:
    if a.points != b.points:
        raise StatsError(f"a part has {b.points} points, but the parts before it have {a.points}.")
    keys = np.concatenate([a.keys, b.keys])
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], np.concatenate([a.counts, b.counts])[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    return CodeCounts(n=a.n + b.n, points=a.points, keys=keys[first], counts=np.add.reduceat(counts, first))


def _table(counted: CodeCounts, point: int, decode: Decode) -> tuple[Floats, Ints]:
    """Return the finite values at a point, ascending, and how many runs lie at or below each."""
    start, stop = np.searchsorted(counted.keys, [point * CODES, (point + 1) * CODES])
    values = decode((counted.keys[start:stop] % CODES).astype(np.uint16))
    finite = np.isfinite(values)  # before the cast, which warns of some NaNs
    values, counts = values[finite].astype(np.float64), counted.counts[start:stop][finite]
    order = np.argsort(values, kind="stable")
    return values[order], np.cumsum(counts[order])
