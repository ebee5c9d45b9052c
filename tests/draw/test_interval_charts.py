"""Estimates with intervals in rows, before and after."""

from __future__ import annotations

import math
import re

import pytest

from trainlab.draw import BeforeAfter, Interval, Picture, before_after, intervals
from trainlab.errors import TrainlabError

HELPS = Interval(label="A", estimate=12.34, low=8.1, high=16, group="Model 1", emphasis="helps")
HURTS = Interval(label="B", estimate=-5, low=-9, high=-1, group="Model 2", emphasis="hurts")
NONE = Interval(label="C", estimate=0.4, low=-1, high=2, group="Model 1")


def _draw(*rows: Interval, reference: float = 0) -> Picture:
    return intervals(rows, x_label="Difference (points)", title="Title", reference=reference)


def test_rows_of_a_group_stand_together() -> None:
    svg = _draw(HELPS, HURTS, NONE).svg
    order = [svg.index(f">{words}</text>") for words in ("Model 1", "A", "C", "Model 2", "B")]
    assert order == sorted(order)


def test_numbers_stand_beside_the_picture_and_in_the_text() -> None:
    picture = _draw(HELPS, HURTS, NONE)
    assert ">+12.3 (+8.1 to +16.0)</text>" in picture.svg
    assert "Model 1, A: +12.3 (+8.1 to +16.0), helps." in picture.text
    assert "Model 1, C: +0.4 (−1.0 to +2.0), no difference seen." in picture.text
    assert picture.data["rows"][1] == ["Model 2", "B", -5, -9, -1, "hurts"]


def test_verdicts_differ_in_shape_and_have_a_legend() -> None:
    svg = _draw(HELPS, HURTS, NONE).svg
    assert [svg.count(f">{words}</text>") for words in ("helps", "hurts", "no difference seen")] == [1, 1, 1]
    outlines = set(re.findall(r'<path d="M[\d. -]+L[\d. -]+L[\d. -]+Z"', svg))
    assert len(outlines) == 4
    assert svg.count("<circle") == 2


def test_small_is_another_verdict_than_none() -> None:
    small = Interval(label="D", estimate=0.4, low=-1, high=1, group="Model 2", emphasis="small")
    picture = _draw(HELPS, small)
    assert ">shown to be small</text>" in picture.svg
    assert "no difference seen" not in picture.svg
    assert "<circle" not in picture.svg
    assert "Model 2, D: +0.4 (−1.0 to +1.0), shown to be small." in picture.text
    assert "shown to be small" in _draw(small).text


def test_no_legend_where_there_is_no_verdict() -> None:
    picture = _draw(NONE)
    assert "no difference seen" not in picture.svg
    assert "no difference seen" not in picture.text


def test_the_reference_is_on_the_axis_and_signs_are_for_zero_only() -> None:
    picture = _draw(Interval(label="ratio", estimate=0.5, low=0.25, high=0.75), reference=1)
    assert "0.500 (0.250 to 0.750)" in picture.text
    assert "1 estimate and the reference 1." in picture.text
    assert ">1.0</text>" in picture.svg


def test_what_is_not_finite_is_said() -> None:
    nan = math.nan
    picture = _draw(
        Interval(label="lost", estimate=nan, low=nan, high=nan),
        Interval(label="open", estimate=3, low=-math.inf, high=math.inf),
    )
    assert "lost: no estimate." in picture.text
    assert "open: +3.00 (no interval)." in picture.text
    assert "nan" not in picture.svg
    assert "inf" not in picture.svg.replace("infor", "")


def test_errors_name_the_row() -> None:
    with pytest.raises(TrainlabError, match=r"low: 2 of row 'A' is above high \(1\)"):
        _draw(Interval(label="A", estimate=1, low=2, high=1))
    with pytest.raises(
        TrainlabError, match="emphasis: 'help' of row 'A' isn't 'helps', 'hurts', 'small' or 'none'"
    ):
        _draw(Interval(label="A", estimate=1, low=0, high=1, emphasis="help"))  # type: ignore[arg-type]


def test_charts_side_by_side_share_the_scale_and_its_place() -> None:
    wide = Interval(label="a longer name", estimate=80, low=70, high=90, group="Model 1", emphasis="helps")
    pair = [
        intervals([HELPS], x_label="points", title="T", beside=[wide]),
        intervals([wide], x_label="points", title="T", beside=[HELPS]),
    ]
    grids = [re.findall(r'd="M([\d.]+) 28V62', drawn.svg) for drawn in pair]
    assert grids[0] == grids[1] != []
    assert [">80</text>" in drawn.svg for drawn in pair] == [True, True]
    assert ">80</text>" not in _draw(HELPS).svg


def test_shares_have_no_reference_line_and_no_sign() -> None:
    drawn = intervals([HELPS], x_label="%", title="T", reference=None, hold=(0, 100), notes=["Picked."])
    assert ">12.3 (8.1 to 16.0)</text>" in drawn.svg
    assert ">100</text>" in drawn.svg
    assert "reference" not in drawn.text
    assert "Picked." in drawn.text
    assert drawn.svg.count('stroke-width="1.2"') == 0


# Pairs of numbers: circle and diamond, joined; what isn't finite in words.


def test_each_pair_is_drawn_and_told():
    rows = [
        BeforeAfter(label="seed 1", before=0.7, after=0.02),
        BeforeAfter(label="seed 2", before=math.nan, after=0.5),
    ]
    made = before_after(rows, x_label="Last loss", title="With a remedy", log=True)
    assert made.data["rows"][0] == ["seed 1", 0.7, 0.02]
    assert "seed 1: 0.7 unchanged, 0.02 with the remedy." in made.text
    assert "seed 2: no finite number unchanged, 0.5 with the remedy." in made.text
    assert "log scale" in made.text
    assert "unchanged: none" in made.svg
    # One circle and two diamonds for numbers, one of each for the key.
    assert made.svg.count("<circle") == 2


def test_no_log_axis_for_numbers_below_zero_and_none_for_no_numbers():
    below = before_after([BeforeAfter(label="a", before=-1, after=2)], x_label="R²", title="t", log=True)
    assert "log scale" not in below.text
    empty = before_after([BeforeAfter(label="a", before=math.nan, after=math.inf)], x_label="R²", title="t")
    assert "a: no finite number unchanged, no finite number with the remedy." in empty.text
