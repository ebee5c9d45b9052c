"""Pairs of numbers: circle and diamond, joined; what isn't finite in words."""

from __future__ import annotations

import math

from trainlab.draw import BeforeAfter, before_after


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
