"""The sums behind docs/coverage.md, against brute force and studies' intervals, and what the page says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from measure import coverage
from measure.coverage_sums import (
    contrast_coverage,
    drawn_totals,
    ends_of_rates,
    lowest_rate_coverage,
    rate_coverage,
    score_law,
    totals_law,
)
from trainlab.stats import contrast, rate

# The sums behind docs/coverage.md: against brute force, and against the intervals that studies make.


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


# docs/coverage.md says what was computed of the intervals, and its statements hold.


def test_on_average_no_kind_holds_the_truth_in_less_than_95_percent():
    ours = [
        row for row in coverage.kept()["rows"] if not row["kind"].startswith(("rate, ", coverage.UNTIL[1]))
    ]
    kinds = {row["kind"].partition(":")[0] for row in ours}
    assert kinds == {"rate", *coverage.CONTRASTS, coverage.UNTIL[0]}
    assert min(row["mean"] for row in ours) > 0.95
    # Less only where every one of few seeds changes, which the page says.
    assert min(row["lowest"] for row in ours if row["kind"] != "difference" or row["n"] > 16) > 0.92


def test_wilsons_interval_alone_falls_to_83_percent_with_any_number_of_seeds():
    wilsons = [row for row in coverage.kept()["rows"] if row["kind"] == "rate, Wilson alone: all rates"]
    assert all(0.83 < row["lowest"] < 0.84 for row in wilsons)
    assert len(wilsons) == 6


def test_patience_is_what_keeps_the_coverage_of_the_rule():
    rows = coverage.kept()["rows"]
    patient, hasty = (
        min(row["lowest"] for row in rows if row["kind"].startswith(f"{kind}: ")) for kind in coverage.UNTIL
    )
    assert patient > 0.93 > 0.925 > hasty
    assert all(row["mean"] > 0.945 and row["lowest"] > 0.93 for row in coverage.kept()["together"])


def test_of_a_family_any_is_wrongly_told_in_5_percent_at_most():
    found = coverage.kept()["families"]
    assert all(row["any"] < 0.055 for row in found)
    assert max(row["apart"] for row in found) > 0.2
