from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.draw import bar, sparkline
from trainlab.errors import TrainlabError


def test_a_rising_line_uses_every_level() -> None:
    assert sparkline(range(8)) == "▁▂▃▄▅▆▇█"
    assert sparkline([3, 2, 1]) == "█▅▁"


def test_gaps_constants_and_nothing() -> None:
    assert sparkline([1, math.nan, math.inf, 2]) == "▁··█"
    assert sparkline([0.69] * 3) == "▄▄▄"
    assert sparkline([math.nan] * 2) == "··"
    assert sparkline([]) == ""


def test_long_lines_are_averaged_to_the_width() -> None:
    assert sparkline(np.arange(2001.0), width=8) == "▁▂▃▄▅▆▇█"


@given(st.lists(st.floats(), max_size=100), st.integers(1, 40))
def test_any_values_make_a_line_of_the_right_length(values: list[float], width: int) -> None:
    assert len(sparkline(values, width=width)) == min(len(values), width)


@given(st.floats(0, 1), st.integers(1, 60))
def test_a_bar_is_exactly_as_wide_as_asked(share: float, width: int) -> None:
    drawn = bar(share, width)
    assert len(drawn) == width
    assert (drawn == "█" * width) == (share == 1)
    assert (drawn.strip() == "") == (share == 0)


def test_bars_in_eighths() -> None:
    assert [bar(share, 2) for share in (0, 0.25, 0.5, 9 / 16, 1)] == ["  ", "▌ ", "█ ", "█▏", "██"]
    assert bar(math.nan, 3) == "·  "


def test_a_percentage_is_no_share() -> None:
    with pytest.raises(TrainlabError, match="share: 97 isn't between 0 and 1"):
        bar(97)
