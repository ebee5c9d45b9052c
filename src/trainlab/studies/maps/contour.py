"""The lines along which a stated share of the seeds is solved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainlab.draw import contour_lines
from trainlab.studies.maps.axis import Axis

if TYPE_CHECKING:
    from trainlab.studies.maps.result import MapResult

Floats = npt.NDArray[np.float64]


def solved_contours(result: MapResult) -> list[tuple[float, list[Floats]]]:
    """Return for each of `LEVELS` its lines, each ``[points, 2]`` of x and y values.

    Between points the share is taken to be linear, on the axes' own scales.
    """
    from trainlab.studies.maps.result import LEVELS

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
