"""Shares in percent, never rounded to all or to none."""

import doctest

from trainlab.maths import format_percent, percent


def test_the_examples_run():
    assert doctest.testmod(percent).failed == 0


def test_all_and_none_are_kept_for_all_and_none():
    assert [format_percent(k, 1000) for k in (0, 1, 4, 6, 994, 996, 999, 1000)] == (
        ["0", "<1", "<1", "1", "99", ">99", ">99", "100"]
    )
    assert [format_percent(k, 10_000, decimals=1) for k in (0, 1, 6, 9994, 9999, 10_000)] == (
        ["0.0", "<0.1", "0.1", "99.9", ">99.9", "100.0"]
    )
