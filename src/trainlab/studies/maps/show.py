"""How a map shows itself: contours and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from trainlab.draw import Contour, HeatAxis, HeatScale, Picture, Spot, contour_lines, heat_map, region_map
from trainlab.draw.svg import Html
from trainlab.errors import TrainlabError, listing, nearest
from trainlab.page.document import notebook, text_list
from trainlab.studies.maps.counts import LEVELS, OUTCOMES
from trainlab.studies.maps.question import Axis, axis_words

if TYPE_CHECKING:
    from trainlab.studies.maps.result import MapResult


# The lines along which a stated share of the seeds is solved.


Floats = npt.NDArray[np.float64]


def solved_contours(result: MapResult) -> list[tuple[float, list[Floats]]]:
    """Return for each of `LEVELS` its lines, each ``[points, 2]`` of x and y values.

    Between points the share is taken to be linear, on the axes' own scales.
    """
    asked = result.question
    return [
        (
            level,
            [
                np.column_stack([_values(asked.x, line[:, 0]), _values(asked.y, line[:, 1])])
                for line in contour_lines(result.shares.solved, level)
            ],
        )
        for level in LEVELS
    ]


def _values(axis: Axis, places: Floats) -> Floats:
    """Return the values at places between those of an axis."""
    known = np.array(axis.values, dtype=np.float64)
    scaled = np.log10(known) if axis.log else known
    between = np.interp(places, np.arange(len(known)), scaled)
    values = np.power(10.0, between) if axis.log else between
    return np.array([float(f"{value:.6g}") for value in values])


# How a map shows itself: pictures of the plane, one a measure.


MapMeasure = Literal["solved", "epochs", "diverged", "outcome"]
MAP_MEASURES: tuple[MapMeasure, ...] = get_args(MapMeasure)
ROLES = ("s3", "s2", "s4", "s1", "grid")
"""The colours of `OUTCOMES`."""

NO_EPOCHS = (
    "when runs are solved wasn't looked at, as record.solved_every is 0; set it, as in solved_every = 10, "
    "for epochs until solved."
)


def map_picture(result: MapResult, measure: MapMeasure = "solved") -> Picture:
    """Return the plane with the share solved, epochs until solved, share diverged, or commonest outcome.

    Raises:
        TrainlabError: there is no such measure, or no epochs were looked at (`record.solved_every` is 0).
    """
    if measure not in MAP_MEASURES:
        raise TrainlabError(
            f"measure = {measure!r}: must be {listing(MAP_MEASURES)}.{nearest(measure, MAP_MEASURES)}"
        )
    if measure not in measures(result):
        raise TrainlabError(f"measure = {measure!r}: {NO_EPOCHS}")
    asked, shares = result.question, result.shares
    x, y = heat_axis(asked.x), heat_axis(asked.y)
    places, name = spots(result), asked.name
    if measure == "outcome":
        return region_map(
            x,
            y,
            shares.outcome,
            names=OUTCOMES,
            roles=ROLES,
            title=f"{name}: the commonest outcome",
            places=places,
        )
    if measure == "epochs":
        low, high = _epoch_range(result)
        return heat_map(
            x,
            y,
            shares.epochs,
            HeatScale(label="epochs, median", low=low, high=high, log=True, missing="no epoch seen"),
            title=f"{name}: epochs until solved",
            places=places,
        )
    if measure == "diverged":
        return heat_map(
            x,
            y,
            100 * shares.runs[1],
            HeatScale(label="diverged, % of seeds", low=0, high=100),
            title=f"{name}: share of seeds that diverge",
            places=places,
        )
    return heat_map(
        x,
        y,
        100 * shares.solved,
        HeatScale(label="solved, % of seeds", low=0, high=100),
        title=f"{name}: share of seeds solved",
        levels=[
            Contour(label=f"{100 * level:.0f} % solved", lines=lines)
            for level, lines in solved_contours(result)
        ],
        places=places,
    )


def measures(result: MapResult) -> list[MapMeasure]:
    """Return which pictures the map has: epochs only if it was looked at when runs are solved."""
    looked = result.question.experiment.record.solved_every > 0
    return [measure for measure in MAP_MEASURES if measure != "epochs" or looked]


def heat_axis(axis: Axis) -> HeatAxis:
    """Return the axis as pictures take it."""
    return HeatAxis(values=[float(value) for value in axis.values], label=axis_words(axis), log=axis.log)


def spots(result: MapResult) -> list[Spot]:
    """Return the places to be marked: the best point, and the file's own if it lies in the plane."""
    asked, best, marked = result.question, result.best, list[Spot]()
    if best is not None:
        x, y = asked.x.values[best.column], asked.y.values[best.row]
        marked.append(Spot(x=float(x), y=float(y), label="best point", shape="circle"))
    if result.own is not None:
        own = Spot(x=result.own.x, y=result.own.y, label="as the file has it", shape="diamond")
        marked.append(own)
    return marked


def map_notebook(result: MapResult) -> Html:
    """Return verdict and the share solved for a notebook."""
    drawn = map_picture(result)._repr_html_()  # pyright: ignore[reportPrivateUsage]
    return notebook(result.question.name, text_list(result.verdict), drawn)


def _epoch_range(result: MapResult) -> tuple[float, float]:
    """Return the ends of the ramp for epochs: of what there is, at least a factor of 2 apart."""
    known = result.shares.epochs[np.isfinite(result.shares.epochs)]
    low = max(1.0, float(known.min())) if known.size else 1.0
    high = float(known.max()) if known.size else float(result.question.experiment.epochs)
    return low, max(high, 2 * low)
