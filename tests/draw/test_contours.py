"""Contours: on lines of the grid, at their level, closed around hills, parting high from low."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trainlab.draw import contour_lines
from trainlab.errors import TrainlabError


def at(values: np.ndarray, x: float, y: float) -> float:
    """The value at a place on a grid line, linear between the two points that it lies between."""
    x, y = round(x, 12), round(y, 12)
    column, row = int(np.floor(x)), int(np.floor(y))
    across, up = x - column, y - row
    right, top = min(column + 1, values.shape[1] - 1), min(row + 1, values.shape[0] - 1)
    assert min(across, up) == 0, "a corner of a contour lies on a line of the grid"
    return values[row, column] * (1 - across - up) + values[row, right] * across + values[top, column] * up


@given(arrays(np.float64, (5, 6), elements=st.integers(0, 8).map(lambda k: k / 8)))
def test_every_corner_lies_on_a_grid_line_and_has_the_level(values: np.ndarray):
    for line in contour_lines(values, 0.55):
        assert line.shape[1] == 2
        assert len(line) >= 2
        for x, y in line:
            assert 0 <= x <= 5
            assert 0 <= y <= 4
            assert at(values, x, y) == pytest.approx(0.55)


@given(arrays(np.bool_, (5, 6)))
def test_between_high_and_low_neighbours_there_is_exactly_one_corner(high: np.ndarray):
    corners = np.concatenate([np.empty((0, 2)), *contour_lines(np.where(high, 1.0, 0.0), 0.5)])
    for row, column in np.ndindex(5, 5):
        crossings = (corners == [column + 0.5, row]).all(axis=1).sum()
        # The first corner of a closed line is its last as well.
        assert (crossings > 0) == (high[row, column] != high[row, column + 1])


def test_a_hill_has_one_closed_line_at_its_radius():
    rows, columns = np.mgrid[0:41, 0:41]
    (line,) = contour_lines(1 - np.hypot(rows - 20, columns - 20) / 20, 0.5)
    assert (line[0] == line[-1]).all()
    assert np.abs(np.hypot(line[:, 0] - 20, line[:, 1] - 20) - 10).max() < 0.03


def test_where_the_level_is_nowhere_there_is_no_line():
    assert contour_lines(np.zeros((3, 3)), 0.5) == []
    assert contour_lines(np.full((3, 3), np.nan), 0.5) == []


def test_no_line_goes_through_what_is_unknown():
    values = np.tile(np.array([0.0, 1.0]), (6, 1))
    values[2, 0] = np.nan
    lines = contour_lines(values, 0.5)
    assert sorted(sorted(line[:, 1].tolist()) for line in lines) == [[0, 1], [3, 4, 5]]


@pytest.mark.parametrize("shape", [(1, 5), (4,), (2, 2, 2)])
def test_a_grid_is_needed(shape: tuple[int, ...]):
    with pytest.raises(TrainlabError, match="contours need two rows and columns or more"):
        contour_lines(np.zeros(shape), 0.5)
