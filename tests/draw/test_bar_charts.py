"""Bars: in bins, what each adds, and the doctor's."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from trainlab.draw import (
    Link,
    Part,
    Picture,
    Shape,
    bars,
    binned,
    chain,
    contributions,
    histogram,
    shapes,
    strips,
)
from trainlab.errors import TrainlabError


def test_bars_have_area_one_and_every_value() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    picture = histogram(values, title="T", x_label="weight")
    rows = picture.data["rows"]
    assert len(rows) == 32
    assert sum(row[2] for row in rows) == 1000  # type: ignore[misc]
    assert sum((row[1] - row[0]) * row[3] for row in rows) == pytest.approx(1.0)  # type: ignore[operator]
    assert f"from {rows[0][0]:.2f}".replace("-", "−")[:7] in picture.text
    assert picture.svg.count("<rect") == 1 + 1 + sum(1 for row in rows if row[2])


def test_one_value_is_one_bar() -> None:
    assert len(histogram([0.5], title="T", x_label="w").data["rows"]) == 1


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_what_can_not_be_drawn(values: list[float]) -> None:
    with pytest.raises(TrainlabError, match=f"values: {len(values)} numbers, not all finite"):
        histogram(values, title="T", x_label="w")


def draw(*values: float) -> Picture:
    parts = [Part(label=f"x{place}", value=value, how=f"w × {place}") for place, value in enumerate(values)]
    return contributions(parts, total=sum(values), total_label="sum", x_label="sum so far", title="Title")


def test_each_bar_begins_where_the_one_before_ended() -> None:
    svg = draw(2.0, 3.0).svg
    bars = [
        (float(x), float(x) + float(width))
        for x, width in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="12"', svg)
    ][:3]
    (first, second), (third, fourth), (fifth, sixth) = bars
    assert third == pytest.approx(second, abs=0.2)
    assert (fifth, sixth) == (pytest.approx(first, abs=0.2), pytest.approx(fourth, abs=0.2))


def test_what_takes_away_differs_in_more_than_colour() -> None:
    svg = draw(2.0, -1.0).svg
    assert 'stroke-dasharray="4 2"' in svg
    assert ">adds</text>" in svg
    assert ">takes away</text>" in svg


def test_words_and_data_hold_every_part() -> None:
    picture = draw(2.0, -1.0)
    assert "x1: w × 1 = −1." in picture.text
    assert picture.data["rows"] == [["x0", "w × 0", 2], ["x1", "w × 1", -1], ["sum", "", 1]]


def test_of_many_the_largest_are_drawn_and_the_rest_together() -> None:
    picture = draw(*(float(value) for value in range(20)))
    assert "9 others: 36." in picture.text
    assert "x19: w × 19 = 19." in picture.text
    assert len(picture.data["rows"]) == 21


def test_numbers_must_be_finite() -> None:
    with pytest.raises(TrainlabError, match=r"x0: nan isn't finite"):
        draw(float("nan"))


# What is special to bars, bins, chains, strips and shapes; what holds for every picture stands elsewhere.


def widths(svg: str, role: str) -> list[float]:
    return [float(width) for width in re.findall(rf'width="([\d.]+)" height="11"[^>]*--tl-{role},', svg)]


def test_bars_are_as_long_as_their_values():
    drawn = bars([("a", 1.0), ("b", 2.0), ("none", 0.0)], x_label="units", title="T")
    first, second, none = widths(drawn.svg, "s1")
    assert second == pytest.approx(2 * first, abs=0.2)
    assert none < 1
    assert drawn.data["rows"] == [["a", 1.0], ["b", 2.0], ["none", 0.0]]


def test_on_a_log_axis_equal_factors_are_equal_lengths():
    drawn = bars(
        [("a", 1e-3), ("b", 1e-2), ("c", 1e-1)], x_label="units", title="T", log=True, usual=(1e-2, 1e-1)
    )
    first, second, third = widths(drawn.svg, "s1")
    assert third - second == pytest.approx(second - first, abs=0.3)
    assert "Usual: 0.01 to 0.1." in drawn.text
    assert "units (log scale): 3 bars." in drawn.text


def test_a_bar_of_nothing_finite_is_refused():
    with pytest.raises(TrainlabError, match=r"fc: nan isn't finite; a bar needs a finite number\."):
        bars([("fc", float("nan"))], x_label="units", title="T")


def test_bins_need_one_more_edge_than_counts():
    with pytest.raises(TrainlabError, match="edges: 2 values where there must be 3"):
        binned([0.0, 1.0], [1, 2], x_label="x", title="T")
    drawn = binned(
        [0.0, 1.0, 2.0], [1, 3], x_label="x", title="T", reach=(-np.inf, 1.0), reach_label="sigmoid"
    )
    assert "sigmoid: −∞ to 1." in drawn.text
    assert drawn.data["rows"] == [[0.0, 1.0, 1.0], [1.0, 2.0, 3.0]]


def test_a_chain_says_in_words_where_it_goes_wrong():
    drawn = chain([Link(label="linear", note="fc"), Link(label="softmax", wrong=True)], title="T")
    assert "2 boxes" in drawn.text
    assert "softmax: wrong." in drawn.text
    assert "✗ marks where it goes wrong: softmax." in drawn.text
    assert "1 box" in chain([Link(label="a")], title="T").text
    arrows = [
        len(
            re.findall(
                "stroke-linejoin|L", chain([Link(label="a"), Link(label="b")], title="T", arrows=on).svg
            )
        )
        for on in (True, False)
    ]
    assert arrows[0] > arrows[1]


def test_a_strip_needs_a_count_for_each_part():
    with pytest.raises(TrainlabError, match="batch 1: 1 counts for 2 parts; give one for each"):
        strips([("batch 1", [3])], ["a", "b"], title="T")
    drawn = strips([("batch 1", [3, 0])], ["a", "b"], title="T")
    assert "batch 1: 3 a." in drawn.text
    assert drawn.data["rows"] == [["batch 1", 3, 0]]


def test_shapes_count_their_values():
    drawn = shapes(
        [Shape(label="output", shape=(50, 1)), Shape(label="all", shape=(50, 50), wrong=True)], title="T"
    )
    assert drawn.data["rows"] == [["output", "50 × 1", 50, False], ["all", "50 × 50", 2500, True]]
    assert "output 50 × 1; all 50 × 50" in drawn.text
    assert Shape(label="loss", shape=()).words == "a number"
