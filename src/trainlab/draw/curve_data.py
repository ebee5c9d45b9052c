"""The data of a picture of curves: checked numbers, also in words and as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.errors import TrainlabError

from .axes import FloatArray, Numbers, floats
from .formats import counted, format_number
from .table import Cell


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Band:
    """A lower and an upper edge around a curve, and what lies between them, such as ``5–95 % of seeds``."""

    label: str
    low: Numbers
    high: Numbers


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curve:
    """A median over x, of equal length n, and bands around it, the widest first. NaN is a gap."""

    label: str
    x: Numbers
    median: Numbers
    bands: Sequence[Band] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CheckedCurve:
    """A checked curve: arrays of one length, infinities made NaN."""

    label: str
    x: FloatArray
    median: FloatArray
    bands: list[tuple[str, FloatArray, FloatArray]]

    def heights(self) -> list[FloatArray]:
        """Return everything that has to fit on the y axis."""
        return [self.median, *(edge for _, low, high in self.bands for edge in (low, high))]


def checked_curve(curve: Curve) -> CheckedCurve:
    """Return the curve as arrays of one length.

    Raises:
        TrainlabError: if the lengths differ, or a place on the x axis isn't finite.
    """
    name = f"curve {curve.label!r}"
    x = floats(f"{name}, x", curve.x)

    def edge(part: str, values: Numbers) -> FloatArray:
        numbers = floats(f"{name}, {part}", values, length=x.size)
        return np.where(np.isfinite(numbers), numbers, np.nan)

    bands = [
        (b.label, edge(f"low of {b.label}", b.low), edge(f"high of {b.label}", b.high)) for b in curve.bands
    ]
    if not np.isfinite(x).all():
        raise TrainlabError(f"{name}, x: not all values are finite; give a finite place for each value.")
    return CheckedCurve(curve.label, x, edge("median", curve.median), bands)


def summary_of(checked: Sequence[CheckedCurve], x_label: str, y_label: str) -> str:
    """Return what is drawn, in one sentence."""
    return f"{y_label} against {x_label}, {counted(len(checked), 'curve')}."


def in_words(curve: CheckedCurve, middle: str = "median") -> str:
    """Return where the curve begins and ends and its least value, with the bands at its end."""
    finite = np.flatnonzero(np.isfinite(curve.median))
    if not finite.size:
        return f"{curve.label}: no finite value."
    first, last = int(finite[0]), int(finite[-1])
    least = int(np.nanargmin(curve.median))
    number = format_number
    ends = "; ".join(
        f"{label} {number(float(low[last]))} to {number(float(high[last]))}"
        for label, low, high in curve.bands
    )

    def at(index: int) -> str:
        return f"{number(float(curve.median[index]))} at {number(float(curve.x[index]))}"

    return (
        f"{curve.label}: {middle} {at(first)}, {at(last)}{f' ({ends})' if ends else ''}; least {at(least)}."
    )


def band_labels(checked: Sequence[CheckedCurve]) -> list[str]:
    """Return the names of all bands, once each, in order."""
    return list(dict.fromkeys(label for curve in checked for label, _, _ in curve.bands))


def band_headers(checked: Sequence[CheckedCurve]) -> list[str]:
    """Return two column names for each band."""
    return [f"{label}, {side}" for label in band_labels(checked) for side in ("low", "high")]


def rows_of(checked: Sequence[CheckedCurve]) -> list[list[Cell]]:
    """Return one row for each point of each curve; ``None`` where a curve lacks a band."""
    rows: list[list[Cell]] = []
    for curve in checked:
        edges = {label: (low, high) for label, low, high in curve.bands}
        for i in range(curve.x.size):
            row: list[Cell] = [curve.label, float(curve.x[i]), float(curve.median[i])]
            for label in band_labels(checked):
                row += [float(edge[i]) for edge in edges[label]] if label in edges else [None, None]
            rows.append(row)
    return rows
