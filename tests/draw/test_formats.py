from __future__ import annotations

import pytest

from trainlab.draw import format_fixed, format_number, format_percent
from trainlab.draw.formats import decimals_for, format_power


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
