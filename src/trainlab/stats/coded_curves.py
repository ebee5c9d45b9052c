"""Quantiles of many runs' curves, computed from how often each 16-bit code occurs at each point.

The curves come in parts, and none is kept: memory grows with the points and the codes that occur there
(65,536 at most), not with the runs. The quantiles are, to the bit, those of `quantile_curves` over the values
that the codes stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError
from trainlab.stats.curves import DRAWN, Bands, Floats, Ints, bands_of, interpolate, neighbours

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
