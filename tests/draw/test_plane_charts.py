"""A plane as regions, as contours, and in characters of a terminal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trainlab.draw import HeatAxis, Shade, contour_lines, heat_text
from trainlab.errors import TrainlabError

# Contours: on lines of the grid, at their level, closed around hills, parting high from low.


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


# A map in characters: as wide as there is room, small y below, both axes labelled, with colours or not.


X = HeatAxis(values=np.geomspace(1e-4, 10, 32), label="rate", log=True)
Y = HeatAxis(values=np.arange(1.0, 17.0), label="depth")
SHADES = (Shade(colour="#112233", glyph=".", words="low"), Shade(colour="#DDEEFF", glyph="#", words="high"))


def lines(codes: np.ndarray, *, width: int = 80, coloured: bool = False) -> list[str]:
    return heat_text(X, Y, codes, SHADES, width=width, coloured=coloured).plain.splitlines()


def corner() -> np.ndarray:
    codes = np.zeros((16, 32), dtype=np.int64)
    codes[:8, 16:] = 1  # small y, large x
    return codes


def test_large_x_is_right_and_small_y_below():
    shown = [line.split("│")[-1].split("┤")[-1] for line in lines(corner()) if "│" in line or "┤" in line]
    assert len(shown) == 16
    # As many glyphs as points: nothing is left out, so nothing is said.
    assert "shown" not in "\n".join(lines(corner()))
    assert shown[0] == "." * 64
    assert shown[-1] == "." * 32 + "#" * 32
    assert shown[7:9] == ["." * 64, "." * 32 + "#" * 32]


def test_axes_are_labelled():
    text = lines(corner())
    assert text[0].strip() == "depth"
    assert "rate (log scale)" in text[-2]
    assert text[-3].split() == ["10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]
    assert text[-4].count("┬") == 6
    assert text[-1].split() == ["..", "low", "##", "high"]
    marked = [line.split("┤")[0].strip() for line in text if "┤" in line]
    assert marked == ["15", "10", "5"]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int):
    text = lines(corner(), width=width)
    # The label of an axis may be longer than a very narrow one.
    assert max(len(line) for line in text if "│" in line or "┤" in line or "└" in line) <= width


def test_colours_put_two_points_into_a_character():
    text = heat_text(X, Y, corner(), SHADES, width=60, coloured=True)
    styles = {str(span.style) for span in text.spans}
    assert {"#112233 on #112233", "#DDEEFF on #DDEEFF"} <= {
        style.upper().replace(" ON ", " on ") for style in styles
    }
    assert text.plain.count("▀") == 32 * 8
    assert "\x1b" not in text.plain


def test_few_points_are_repeated_and_many_sampled():
    two = HeatAxis(values=[1, 2], label="n")
    text = heat_text(two, two, np.array([[0, 1], [1, 0]]), SHADES, width=40, coloured=False).plain
    rows = [line.split("│")[-1].split("┤")[-1] for line in text.splitlines() if "│" in line or "┤" in line]
    half = len(rows[0]) // 2
    assert rows[0] == "#" * half + "." * half
    assert rows[-1] == "." * half + "#" * half
    many = HeatAxis(values=np.arange(1.0, 501.0), label="n")
    big = heat_text(many, many, np.eye(500, dtype=np.int64), SHADES, width=80, coloured=False).plain
    assert max(map(len, big.splitlines())) <= 80


def test_what_there_is_no_room_for_is_said() -> None:
    x = HeatAxis(values=np.arange(64.0), label="x")
    y = HeatAxis(values=np.arange(64.0), label="y")
    plain = heat_text(x, y, np.zeros((64, 64), dtype=np.int64), SHADES, width=80, coloured=False).plain
    assert plain.splitlines()[-1].strip() == "32 of 64 rows, 64 of 64 columns shown"
    coloured = heat_text(x, y, np.zeros((64, 64), dtype=np.int64), SHADES, width=80, coloured=True).plain
    assert "shown" not in coloured


def test_no_row_of_an_odd_number_is_lost_in_colour() -> None:
    x, y = HeatAxis(values=np.arange(8.0), label="x"), HeatAxis(values=np.arange(9.0), label="y")
    codes = np.zeros((9, 8), dtype=np.int64)
    for most in range(5, 20):
        text = heat_text(x, y, codes, SHADES, width=80, coloured=True, most=most).plain
        assert "shown" not in text, most
    assert "8 of 9 rows" in heat_text(x, y, codes, SHADES, width=80, coloured=True, most=4).plain
