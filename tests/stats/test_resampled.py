"""The corrected resampled t holds where rows and training sets really are drawn anew; one split doesn't."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as oracle

from trainlab.errors import StatsError
from trainlab.stats import SMALL, Estimate, contrast, resampled_contrast

ROWS, HELD_OUT, SPLITS, SEEDS, WORLDS = 60, 15, 10, 20, 300
RATIO = HELD_OUT / (ROWS - HELD_OUT)


def simulated(*signal: float) -> np.ndarray:
    """Return how much better a second classifier is than a first, ``[WORLDS, SPLITS, SEEDS]``.

    In each world `ROWS` rows of two classes are drawn, each with two groups of four features that hold
    `signal`. The first classifier has the first group, the second the second: each goes by the means of the
    two classes among the rows trained on, plus noise of its seed, and is asked on the rows held out.
    """
    draw = np.random.default_rng(7)
    labels = np.where(draw.random((WORLDS, ROWS)) < 0.5, 1.0, -1.0)
    order = draw.permuted(np.tile(np.arange(ROWS), (WORLDS, SPLITS, 1)), axis=2)
    right = []
    for strength in signal:
        features = draw.normal(size=(WORLDS, ROWS, 4)) + labels[:, :, None] * strength / 2
        rows = np.take_along_axis(features[:, None], order[..., None], axis=2)
        sides = np.take_along_axis(np.broadcast_to(labels[:, None], order.shape), order, axis=2)
        kept, told = rows[:, :, HELD_OUT:], sides[:, :, HELD_OUT:]
        weights = (kept * told[..., None]).mean(axis=2)
        weights = weights[:, :, None] + draw.normal(scale=0.08, size=(WORLDS, SPLITS, SEEDS, 4))
        found = np.einsum("wksf,wkrf->wksr", weights, rows[:, :, :HELD_OUT])
        right.append((np.sign(found) == sides[:, :, None, :HELD_OUT]).mean(axis=3))
    return right[1] - right[0]


def held(estimates: list[Estimate], truth: float) -> float:
    return float(np.mean([one.low <= truth <= one.high for one in estimates]))


def corrected(differences: np.ndarray) -> list[Estimate]:
    return [resampled_contrast(world.mean(axis=1), ratio=RATIO, rows=HELD_OUT) for world in differences]


def test_intervals_over_splits_hold_the_truth_where_those_of_one_splits_seeds_do_not() -> None:
    # Both groups of features are alike, so neither classifier is better: the truth is 0.
    differences = simulated(0.6, 0.6)
    over_splits = corrected(differences)
    one_split = [contrast(world[0], bound=1.0, guard=1 / HELD_OUT) for world in differences]
    assert held(over_splits, 0.0) >= 0.92
    assert held(one_split, 0.0) < 0.35
    # The usual t, as if the splits had drawn other rows each, holds it too seldom as well.
    means = differences.mean(axis=2)
    half = oracle.t.ppf(0.975, SPLITS - 1) * means.std(axis=1, ddof=1) / SPLITS**0.5
    assert (np.abs(means.mean(axis=1)) <= half).mean() < 0.8
    # More seeds of one split narrow its interval, and it holds the truth no more often for that.
    few = [contrast(world[0, :5], bound=1.0, guard=1 / HELD_OUT) for world in differences]
    assert held(few, 0.0) > held(one_split, 0.0)


def test_a_difference_is_held_and_found() -> None:
    differences = simulated(0.3, 1.2)
    truth = float(differences.mean())  # over 300 worlds: to within half a point
    estimates = corrected(differences)
    assert truth > 0.15
    assert held(estimates, truth) >= 0.9
    assert np.mean([one.p < 0.05 and one.estimate > 0 for one in estimates]) > 0.5


def test_it_is_what_was_computed_by_hand() -> None:
    # Mean 0.03, s² = (0.0004 + 0 + 0.0004) / 2 = 0.0004, error = √((1/3 + 1/3)·0.0004) = 0.016330.
    found = resampled_contrast(np.array([0.01, 0.03, 0.05]), ratio=1 / 3, rows=100)
    assert found.estimate == pytest.approx(0.03)
    assert found.high - found.estimate == pytest.approx(4.302653 * 0.01632993, abs=1e-7)
    assert found.low == pytest.approx(0.03 - 0.0702620, abs=1e-6)
    assert found.p == pytest.approx(2 * oracle.t.sf(0.03 / 0.01632993, 2), abs=1e-6)
    assert found.n == 3
    assert found.p_small == 1.0


def test_splits_that_agree_leave_the_least_spread() -> None:
    scores = np.zeros(10)
    sure = resampled_contrast(scores, ratio=1 / 3, rows=100)
    assert (sure.low, sure.high, sure.p) == (0.0, 0.0, 1.0)
    # A difference of 2 points makes itself known on few of 100 rows, so s² is SMALL / 100 at least.
    error = ((0.1 + 1 / 3) * SMALL / 100) ** 0.5
    assert sure.p_small == pytest.approx(2 * oracle.t.sf(SMALL / error, 9))
    guarded = resampled_contrast(scores, ratio=1 / 3, rows=100, least_spread=0.01)
    assert guarded.high == pytest.approx(oracle.t.ppf(0.975, 9) * (0.1 + 1 / 3) ** 0.5 * 0.01)
    assert resampled_contrast(np.full(10, 0.4), ratio=1 / 3, rows=100).p == 0.0


def test_the_ends_stay_within_the_bound() -> None:
    found = resampled_contrast(np.array([0.5, 1.0, 0.9]), ratio=1.0, rows=4, bound=1.0)
    assert found.high == 1.0
    assert found.low > -1.0


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        ([0.1], {}, r"shape \[1\], but must be \[K\] with K >= 2"),
        ([[0.1, 0.2]], {}, "one score a split"),
        ([0.1, np.nan], {}, "not finite"),
        ([0.1, 0.2], {"ratio": 0.0}, "ratio is 0.0"),
        ([0.1, 0.2], {"rows": 0}, "rows is 0"),
        ([0.1, 0.2], {"bound": -1.0}, "bound is -1.0"),
        ([0.1, 0.2], {"confidence": 1.0}, "confidence is 1.0"),
    ],
)
def test_what_it_refuses(scores: list[float], options: dict[str, float], message: str) -> None:
    settings = {"ratio": 0.5, "rows": 10, **options}
    with pytest.raises(StatsError, match=message):
        resampled_contrast(np.array(scores), **settings)  # type: ignore[arg-type]
