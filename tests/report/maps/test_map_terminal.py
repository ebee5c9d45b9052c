"""A map in the terminal: the verdict, two planes and how it was made, with colours and without."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from report.printing import printed_by
from rich.console import Console
from rich.text import Text
from studies.maps.made_map import made_map

from trainlab.report import print_map
from trainlab.report.common import LINES
from trainlab.studies.maps.counts import Shares

printed = partial(printed_by, print_map)


@pytest.mark.trains
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("system", [None, "truecolor"])
def test_no_line_is_wider_than_the_terminal(width: int, system: str | None):
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=system, force_terminal=True, record=True)  # type: ignore[arg-type]
    print_map(made_map(), console=console, details=True)
    assert max(map(len, console.export_text().splitlines())) <= width


def test_everything_is_said_in_order():
    text = " ".join(printed(made_map(), 100).split())
    places = [
        text.index(words)
        for words in (
            "2-3-1: where training works",
            "2-3-1 learns at 1 of 48 trained points: at least 90 %",
            "The best point is",
            "Share of seeds solved",
            "within",
            "learning rate (optimizer.lr, log scale)",
            "90 % and more",
            "The commonest outcome",
            ["vanishing", "gradient", "stuck"][0],
            "Points: all 48 trained; seeds 0 to 9 at every point; the best point again on 10 to 109; fast "
            "engine",
        )
    ]
    assert places[:4] == sorted(places[:4])
    assert places[-1] == max(places)


def test_glyphs_without_colours_and_half_blocks_with():
    plain = printed(made_map(), 100)
    assert "█" in plain
    assert "x" * 8 in plain
    assert "\x1b" not in plain
    coloured = printed(made_map(), 100, force_terminal=True, color_system="truecolor")
    assert "▀" in coloured
    assert "border of 90 %" in coloured


def test_the_best_point_s_row_is_solved_in_glyphs():
    rows = [line for line in printed(made_map(), 100).splitlines() if "│" in line or "┤" in line]
    # 8 columns at 8 characters each; the hill stands in the fourth.
    best = [row for row in rows[: len(rows) // 2] if "█" in row]
    assert best
    assert all(row.split("│")[-1].split("┤")[-1][24:32] == "█" * 8 for row in best)


@pytest.mark.parametrize("settings", [{}, {"force_terminal": True, "color_system": "truecolor"}])
@pytest.mark.parametrize("height", [0, 10])
def test_the_answer_has_thirty_lines_with_one_plane(settings: dict[str, object], height: int):
    found = made_map(height=height)
    text = printed(found, 80, details=False, **settings)
    assert len(text.splitlines()) <= LINES
    assert "Share of seeds solved" in text
    assert "The commonest outcome" not in text
    assert "--details" in text.splitlines()[-1]
    assert " ".join(found.verdict[0].split()) in " ".join(Text.from_ansi(text).plain.split())


@pytest.mark.parametrize("settings", [{}, {"force_terminal": True, "color_system": "truecolor"}])
def test_of_a_small_plane_all_rows_are_shown_whatever_stands_beside_it(settings: dict[str, object]):
    """A map of 8 rows beside many words showed 7."""
    low = made_map()
    runs, epochs = (np.repeat(each, 2, axis=-2)[..., :11, :] for each in (low.counts.runs, low.counts.epochs))
    asked = replace(made_map(size=(8, 11)).question, made=tuple((name, "a label") for name in "ABCDE"))
    counts = replace(low.counts, runs=runs, epochs=epochs)
    found = replace(low, question=asked, counts=counts, shares=Shares(runs=runs / 10, epochs=epochs))
    text = Text.from_ansi(printed(found, 80, details=False, **settings)).plain
    assert "rows" not in text
    assert len(text.splitlines()) <= LINES
    if not settings:
        assert len([line for line in text.splitlines() if "│" in line or "┤" in line]) == 11


def test_a_low_plane_shows_every_row_as_often():
    rows = [
        line for line in printed(made_map(), 80, details=False).splitlines() if "│" in line or "┤" in line
    ]
    assert len(rows) in (6, 12)
