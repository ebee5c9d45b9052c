"""How far a curve still falls at its end."""

from __future__ import annotations

import math

import pytest

from trainlab.diagnosis.signals.curve import late_fall, still_falling


@pytest.mark.parametrize(
    ("values", "fall", "falling"),
    [
        ([3.0] * 10 + [2.0] * 10 + [1.0] * 10, 0.5, True),
        ([3.0] * 10 + [2.0] * 10 + [1.9] * 10, 0.05, False),
        ([1.0] * 10 + [2.0] * 10 + [3.0] * 10, -0.5, False),
        ([3.0] * 10 + [2.0] * 10 + [math.nan] * 3 + [1.0] * 10, 0.5, True),
        ([0.0] * 10 + [-1.0] * 10 + [-2.0] * 10, math.nan, True),  # no share of a loss below 0
        ([3.0] * 14, math.nan, False),
        ([], math.nan, False),
    ],
)
def test_the_last_third_against_the_one_before(values: list[float], fall: float, falling: bool):
    assert late_fall(values) == pytest.approx(fall, nan_ok=True)
    assert still_falling(values) is falling
