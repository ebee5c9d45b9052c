"""Contours: the lines along which a grid of values has a given level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.errors import TrainlabError

Floats = npt.NDArray[np.float64]


def contour_lines(values: Floats, level: float) -> list[Floats]:
    """Return the lines along which `values` ``[rows, columns]`` are `level`.

    Each line is ``[points, 2]``: column and row, between 0 and their numbers − 1; a closed one ends where it
    begins. Between neighbours values are linear; where one is NaN there is no line.

    Raises:
        TrainlabError: `values` isn't a grid of at least two rows and columns.
    """
    if values.ndim != 2 or min(values.shape) < 2:
        raise TrainlabError(
            f"values: an array of shape {list(values.shape)}; contours need two rows and columns or more."
        )
    from contourpy import LineType, contour_generator

    masked = np.ma.masked_invalid(values)
    # Without corner_mask a square with one unknown corner would get half a line.
    found = contour_generator(z=masked, corner_mask=False, name="serial", line_type=LineType.Separate)
    return [np.asarray(line, dtype=np.float64) for line in found.lines(level)]
