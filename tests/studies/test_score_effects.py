"""Effects on accuracies and losses: the guard scales, intervals cover, what diverged is the worst."""

import numpy as np
import pytest
from studies.scored import lossy, near, scored

from trainlab.stats import contrast, paired_difference
from trainlab.studies.measure import Measure
from trainlab.studies.score_effects import _effect


def effect(result, change: str = "A"):
    return next(item for item in result.score_effects if item.change == change)


def test_of_values_that_are_0_or_1_it_is_the_paired_difference_of_rates():
    before, after = np.arange(40) % 3 == 0, np.arange(40) % 2 == 0
    found = effect(scored({(): before * 1.0, ("A",): after * 1.0}, "A"))
    assert found.alone is not None
    wanted = paired_difference(before, after)
    assert (found.alone.value.low, found.alone.value.high) == pytest.approx((wanted.low, wanted.high))


def test_a_few_points_are_seen_on_few_seeds():
    # As differences of shares guarded at 1 they would need hundreds.
    found = effect(scored({(): near(0.8), ("A",): near(0.85)}, "A"))
    assert found.alone is not None
    assert found.alone.reading == "helps"
    assert found.alone.value.estimate == pytest.approx(0.05)
    assert contrast(near(0.85) - near(0.8), bound=1.0).low < 0


def test_nothing_is_open_and_worse_hurts():
    same = effect(scored({(): near(0.8), ("A",): np.roll(near(0.8), 1)}, "A"))
    worse = effect(scored({(): near(0.8), ("A",): near(0.7)}, "A"))
    assert same.alone is not None
    assert worse.alone is not None
    assert same.alone.reading in ("no difference seen", "shown to be small")
    assert worse.alone.reading == "hurts"


def test_the_average_over_a_factorial_is_of_all_pairs():
    values = {(): near(0.6), ("A",): near(0.7), ("B",): near(0.6), ("A", "B"): near(0.9)}
    found = effect(scored(values, "A", "B"))
    assert found.main is not None
    assert found.alone is not None
    assert found.main.value.estimate == pytest.approx(0.2)
    assert found.alone.value.estimate == pytest.approx(0.1)


def test_losses_are_compared_by_their_ratio():
    result = lossy({(): near(0.2, spread=0.02), ("A",): near(0.1, spread=0.01)}, "A")
    found, measure = effect(result), result.measure
    assert found.alone is not None
    assert measure is not None
    assert found.alone.reading == "helps"
    assert measure.difference(found.alone.value).startswith("−50.0 % (")


def test_a_run_that_diverged_is_better_than_none():
    losses = near(0.1, spread=0.01)
    losses[:20] = np.nan
    found = effect(lossy({(): near(0.2, spread=0.02), ("A",): losses}, "A"))
    assert found.alone is not None
    assert found.alone.reading in ("hurts", "no difference seen")
    assert found.alone.value.estimate < 0


MEASURE = Measure(kind="accuracy", held_out=True, rows=75, guess=0.6, training_guess=0.6)


@pytest.mark.parametrize("kind", ["few points", "stuck or not", "skewed", "rare"])
def test_the_interval_covers(kind: str):
    # The guard stands at the range of what is seen, which is less than what there is.
    rng, n, rows = np.random.default_rng(0), 20, MEASURE.rows

    def draw() -> tuple[np.ndarray, np.ndarray, float]:
        if kind == "few points":
            return rng.binomial(rows, 0.8, n) / rows, rng.binomial(rows, 0.85, n) / rows, 0.05
        if kind == "skewed":
            return rng.beta(4, 1, n), rng.beta(8, 1, n), 8 / 9 - 4 / 5
        often, seldom = (0.4, 0.1) if kind == "stuck or not" else (0.15, 0.15)
        stuck = rng.random((2, n)) < np.array([[often], [seldom]])
        before, after = np.where(stuck, 0.6, 0.9) + 0.01 * rng.normal(size=(2, n))
        return before, after, 0.3 * (often - seldom)

    held = 0
    for _ in range(200):
        before, after, truth = draw()
        found = _effect(np.stack([before, after], axis=1), 0, MEASURE)
        held += found.low <= truth <= found.high
    assert held >= 0.93 * 200
