"""A map in characters: as wide as there is room, small y below, both axes labelled, with colours or not."""

from __future__ import annotations

import numpy as np
import pytest

from trainlab.draw import HeatAxis, Shade, heat_text

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
