"""What is special to bars, bins, chains, strips and shapes; what holds for every picture stands elsewhere."""

from __future__ import annotations

import re

import numpy as np
import pytest

from trainlab.draw import Link, Shape, bars, binned, chain, shapes, strips
from trainlab.errors import TrainlabError


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
