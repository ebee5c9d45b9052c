"""Tables at any width: every word whole, columns folded or below each other, and no line too long."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from trainlab.draw import terminal_table, wrapped
from trainlab.draw.fitted_table import parts_of, widths_of
from trainlab.draw.text_wrap import fold

HEADERS = ["Network", "Layer", "mean of activations", "reset_parameters_everywhere", "Share", "Interval"]
ROWS = [
    ["as the experiment", str(layer), "−7.39×10⁻⁴", "cosine_annealing_warm_restarts", "95 %", "3.0 to 8.1 %"]
    for layer in range(1, 4)
]


def printed(width: int, headers: list[str] = HEADERS, rows: list[list[str]] = ROWS) -> list[str]:
    out = StringIO()
    Console(file=out, width=width).print(terminal_table(headers, rows, title="What happens, layer by layer"))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [45, 60, 80, 100, 160])
def test_no_word_is_broken_and_no_line_too_long(width: int) -> None:
    lines = printed(width)
    assert max(map(len, lines)) <= width
    words = set(" ".join(lines).split())
    assert {word for line in [HEADERS, *ROWS] for cell in line for word in cell.split()} <= words
    assert "…" not in words


def test_with_room_each_row_is_a_line() -> None:
    assert len([line for line in printed(160) if "as the experiment" in line]) == 3


def test_columns_without_room_go_below_with_those_that_tell_rows_apart() -> None:
    assert parts_of([HEADERS, *ROWS], 160) == [[0, 1, 2, 3, 4, 5]]
    assert parts_of([HEADERS, *ROWS], 60) == [[0, 1, 2], [0, 1, 3], [0, 1, 4, 5]]
    assert sum("Layer" in line for line in printed(60)) == 3


def test_the_column_that_costs_the_fewest_lines_is_folded() -> None:
    lines = [["Name", "Words"], ["one two three four", "a"], ["b", "c d"], ["e", "f g"], ["h", "i j"]]
    assert widths_of(lines, 30) == [18, 5]
    assert widths_of(lines, 20) == [10, 5]


def test_a_number_and_its_percent_sign_stay_together() -> None:
    lines = printed(14, ["Share"], [["up to 95 % of all"]])
    assert any("95 %" in line for line in lines)
    assert wrapped("up to 95 % of", 8) == ["up to", "95 % of"]


def test_folding_keeps_what_is_longer_than_a_line() -> None:
    assert fold("a very_long_name b", 6) == "a\nvery_long_name\nb"
    assert fold("one two\nthree", 7) == "one two\nthree"
    assert fold("", 4) == ""
    assert wrapped("a very_long_name b", 6, first="- ", rest="  ") == ["- a", "  very_long_name", "  b"]


def test_wide_characters_count_twice() -> None:
    lines = printed(20, ["名前", "n"], [["学習率 学習率 学習率", "1"]])
    assert all(word in " ".join(lines) for word in ("学習率", "名前"))
    assert sum("学習率" in line for line in lines) == 2
