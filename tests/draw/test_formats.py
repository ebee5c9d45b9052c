"""Numbers and words as text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.draw import format_fixed, format_number, format_percent, without_noise, without_noise_by_column
from trainlab.draw.formats import decimals_for, format_power
from trainlab.spec import Experiment


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (float("nan"), "NaN"),
        (float("-inf"), "−∞"),
        (0.0, "0"),
        (-0.0, "0"),
        (44, "44"),
        (1000, "1,000"),
        (96000, "96,000"),
        (1234.6, "1,235"),
        (0.69401, "0.694"),
        (0.1, "0.1"),
        (-2.5, "−2.5"),
        (0.001, "0.001"),
        (1e-5, "10⁻⁵"),
        (-1e-5, "−10⁻⁵"),
        (2.34e-12, "2.34×10⁻¹²"),
        (1e7, "10⁷"),
        (1.7e308, "1.7×10³⁰⁸"),
        (9.999, "10"),
    ],
)
def test_numbers(value: float | None, words: str) -> None:
    assert format_number(value) == words


def test_powers_for_log_axes() -> None:
    assert [format_power(v) for v in (1, 10, 0.01, 5e-3, 0)] == ["10⁰", "10¹", "10⁻²", "5×10⁻³", "0"]


def test_fixed_decimals() -> None:
    assert [format_fixed(v, 1, sign=True) for v in (12.34, -3.0, 0.0, -0.01)] == [
        "+12.3",
        "−3.0",
        "0.0",
        "0.0",
    ]
    assert format_fixed(1234.5, 2) == "1,234.50"
    assert format_fixed(float("nan"), 2) == "NaN"


def test_decimals_follow_the_span() -> None:
    assert [decimals_for(span) for span in (80, 8, 0.5, 800, 0, float("nan"))] == [1, 2, 3, 0, 1, 1]


def test_percent_never_rounds_to_none_or_all() -> None:
    shown = [format_percent(k, 1000) for k in (0, 1, 4, 6, 500, 994, 996, 999, 1000)]
    assert shown == ["0", "<1", "<1", "1", "50", "99", ">99", ">99", "100"]
    assert format_percent(0, 0) == "–"


# What is shown as 0: rounding, and nothing that is only small.


def test_sin_of_pi_is_zero_and_what_is_small_stays():
    assert without_noise([math.sin(math.pi), 1.0, -1e-12]).tolist() == [0.0, 1.0, -1e-12]


def test_alone_or_beside_its_like_a_small_number_stays():
    assert without_noise([1e-30, -2e-30]).tolist() == [1e-30, -2e-30]
    assert without_noise([]).tolist() == []
    assert without_noise(1e-30, size=1.0) == 0.0


def test_infinities_are_no_size():
    assert without_noise([1.0, 1e-20, math.inf, math.nan])[:3].tolist() == [1.0, 0.0, math.inf]


def test_each_column_has_its_own_size():
    assert without_noise_by_column(np.array([[1.0, 1e-20], [1e-20, 2e-20]])).tolist() == [
        [1.0, 1e-20],
        [0.0, 2e-20],
    ]


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=60))
def test_what_cancels_in_a_sum_is_zero(numbers: list[float]):
    size = max(abs(number) for number in numbers)
    left = sum(numbers) - math.fsum(numbers)
    assert without_noise(left, size=size * len(numbers)) == 0.0


def test_targets_are_shown_without_noise():
    task = Experiment.from_dict({"network": {"widths": "1-2-1"}, "task": {"name": "curve"}}).data()
    assert np.abs(task.targets[[0, -1], 0]).max() > 0
    assert without_noise_by_column(task.targets)[[0, -1], 0].tolist() == [0.0, 0.0]
