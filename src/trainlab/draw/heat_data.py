"""The data of a map of a plane: two axes, values at their crossings, contours and marked points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from trainlab.errors import TrainlabError

from .axes import FloatArray, Numbers, floats
from .marks import Shape

MOST: Final = 160
"""The most values drawn along an axis; more couldn't be told apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatAxis:
    """At least two ascending values, above 0 if `log`; `label` is words with units."""

    values: Numbers
    label: str
    log: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class HeatScale:
    """The values drawn faintest (`low`) and strongest (`high`), by ratio if `log`; others count as these.

    `label` is words with units; `missing` says what NaN means.
    """

    label: str
    low: float
    high: float
    log: bool = False
    missing: str = "no value"

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise TrainlabError(
                f"low = {self.low!r}, high = {self.high!r}: low must be less than high, above 0 if log."
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Contour:
    """Lines of one level, each ``[points, 2]`` of x and y values; `label` says which level."""

    label: str
    lines: Sequence[FloatArray] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """A point of the plane to mark; `label` is for the legend, where equal ones appear once."""

    x: float
    y: float
    label: str
    shape: Shape = "circle"


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """A path across the plane: ``points [n, 2]`` of x and y values in order; `label` is for the legend."""

    label: str
    points: FloatArray = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plane:
    """Checked and thinned: ascending `x` and `y`, and an array ``[y, x]`` of values."""

    x: FloatArray
    y: FloatArray
    values: FloatArray
    across: HeatAxis
    up: HeatAxis
    all_points: int

    @property
    def notes(self) -> list[str]:
        """What thinning left out."""
        drawn = self.values.size
        return [] if drawn == self.all_points else [f"Drawn: {drawn:,} of {self.all_points:,} points."]


def plane(x: HeatAxis, y: HeatAxis, values: npt.ArrayLike) -> Plane:
    """Check the numbers of a map and thin them out to what a picture can show.

    Raises:
        TrainlabError: an axis isn't two or more ascending finite numbers (above 0 if log), or `values` isn't
            ``[y, x]``.
    """
    across, up = _ascending("x", x), _ascending("y", y)
    grid = np.asarray(values, dtype=np.float64)
    if grid.shape != (len(up), len(across)):
        raise TrainlabError(
            f"values: an array of shape {list(grid.shape)} for {len(up)} values of y and {len(across)} of x; "
            "give a row for each y and a column for each x."
        )
    rows, columns = sampled(len(up), MOST), sampled(len(across), MOST)
    return Plane(
        x=across[columns],
        y=up[rows],
        values=grid[np.ix_(rows, columns)],
        across=x,
        up=y,
        all_points=grid.size,
    )


def sampled(count: int, most: int = 7) -> npt.NDArray[np.intp]:
    """Return at most `most` of `count` indices, evenly spaced, including the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def _ascending(name: str, axis: HeatAxis) -> FloatArray:
    values = floats(name, axis.values)
    rising = values.size >= 2 and bool(np.isfinite(values).all() and (np.diff(values) > 0).all())
    if not rising or (axis.log and values[0] <= 0):
        above = ", above 0 for a log axis" if axis.log else ""
        raise TrainlabError(f"{name}: {axis.values!r}; give two or more finite ascending numbers{above}.")
    return values
