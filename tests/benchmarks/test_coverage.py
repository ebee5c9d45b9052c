"""The sums behind docs/coverage.md: against brute force, and against the intervals that studies make."""

from itertools import product

import numpy as np
import pytest

from benchmarks.coverage_sums import (
    contrast_coverage,
    drawn_totals,
    ends_of_rates,
    lowest_rate_coverage,
    rate_coverage,
    score_law,
    totals_law,
)
from trainlab.stats import contrast, rate

SCORES, CHANCE = np.array([-2, -1, 0, 1, 2]), np.array([0.05, 0.15, 0.5, 0.2, 0.1])
TRUTH = float(SCORES @ CHANCE)


def brute(n):
    """Yield every sequence of n scores, with its probability."""
    for places in product(range(5), repeat=n):
        yield SCORES[list(places)], CHANCE[list(places)].prod()


def test_the_law_of_both_sums_is_that_of_all_sequences():
    expected: dict[tuple[int, int], float] = {}
    for scores, chance in brute(4):
        key = int(scores.sum()), int((scores**2).sum())
        expected[key] = expected.get(key, 0.0) + chance
    total, squares, chance = totals_law(SCORES, CHANCE, 4)
    found = {(int(a), int(b)): c for a, b, c in zip(total, squares, chance, strict=True)}
    assert found.keys() == expected.keys()
    assert all(found[key] == pytest.approx(expected[key], abs=1e-14) for key in expected)


def test_the_intervals_are_those_of_contrast():
    held, wide = 0.0, 0.0
    for scores, chance in brute(4):
        made = contrast(scores.astype(float), bound=2.0)
        held += chance * (made.low - 1e-12 <= TRUTH <= made.high + 1e-12)
        wide += chance * (made.high - made.low)
    found = contrast_coverage(totals_law(SCORES, CHANCE, 4), n=4, bound=2.0, truth=TRUTH)
    assert found == pytest.approx((held, wide), abs=1e-12)


def test_drawn_samples_agree_with_the_sum():
    exact = contrast_coverage(totals_law(SCORES, CHANCE, 20), n=20, bound=2.0, truth=TRUTH)
    drawn = drawn_totals(SCORES, CHANCE, 20, draws=20_000, seed=1)
    assert contrast_coverage(drawn, n=20, bound=2.0, truth=TRUTH) == pytest.approx(exact, abs=0.006)


def test_the_coverage_of_a_rate_and_where_it_is_lowest():
    ends = ends_of_rates(10)
    random = np.random.default_rng(3)
    for share in (0.02, 0.3, 0.9):
        drawn = [rate(int(k), 10) for k in random.binomial(10, share, size=4000)]
        held = np.mean([one.low <= share <= one.high for one in drawn])
        coverage, width = rate_coverage(ends, share)
        assert coverage[0] == pytest.approx(held, abs=0.02)
        assert width[0] == pytest.approx(np.mean([one.high - one.low for one in drawn]), abs=0.01)
    lowest, where = lowest_rate_coverage(ends)
    fine, _ = rate_coverage(ends, np.linspace(0.0005, 0.9995, 2000))
    assert lowest <= fine.min() + 1e-9
    assert rate_coverage(ends, where)[0][0] == lowest
    assert lowest > 0.92


def test_opposed_cells_spread_further_than_independent_ones_and_alike_ones_less():
    cells, signs = np.array([0.5, 0.5]), np.array([-1, 1])

    def spread(likeness, *, opposed=False):
        scores, chance = score_law(cells, signs, likeness, opposed=opposed)
        return float(chance @ scores**2)

    assert spread(1.0) == 0.0
    assert spread(0.0) == pytest.approx(0.5)
    assert spread(0.9) < 0.5 < spread(0.9, opposed=True)
