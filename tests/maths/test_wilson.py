"""The interval's ends are where the score test stops rejecting."""

from __future__ import annotations

import math

import pytest

from trainlab.maths import wilson
from trainlab.maths.proportion import Z95


@pytest.mark.parametrize(("k", "n"), [(1, 7), (5, 10), (99, 100), (4999, 10_000)])
def test_the_ends_are_as_far_from_the_share_as_z_allows(k: int, n: int) -> None:
    for end in wilson(k, n):
        assert abs(k / n - end) == pytest.approx(Z95 * math.sqrt(end * (1 - end) / n), rel=1e-9)


def test_none_and_all_reach_the_ends() -> None:
    assert wilson(0, 9)[0] == 0.0
    assert wilson(9, 9)[1] == 1.0
    assert 1 - wilson(9, 9)[0] == pytest.approx(wilson(0, 9)[1])
