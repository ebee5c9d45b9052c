"""Effects on accuracies and losses: the guard scales, intervals cover, what can't be told isn't."""

import numpy as np
import pytest
from studies.scored import lossy, near, scored

from trainlab.stats import Estimate, ReadEstimate, contrast, paired_difference
from trainlab.studies.effects import Effect
from trainlab.studies.performance_measure import PerformanceMeasure
from trainlab.studies.score_effects import LEAST_SEEDS, _effect
from trainlab.studies.verdicts.score_verdicts import judge_score_change


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


def test_where_a_loss_diverged_no_size_is_told_only_how_many():
    losses = near(0.1, spread=0.01)
    losses[:20] = np.nan
    result = lossy({(): near(0.2, spread=0.02), ("A",): losses}, "A")
    assert result.score_effects == ()
    (told,) = [item for item in result.verdicts if item.topic == "change"]
    assert told.outcome == "mixed"
    assert told.sentence == (
        "What A does to Net 1 isn't told: 20 of 40 runs diverged with A, 0 of 40 without."
    )
    assert result.answer.startswith(
        "What A does to the held-out loss of Net 1 (1-3-1) isn't told: 20 of 40 runs diverged with A, 0 of 40"
    )
    nowhere = np.full(40, np.nan)
    assert lossy({(): nowhere, ("A",): nowhere}, "A").score_effects == ()


def test_a_diverged_cell_leaves_the_effects_that_it_isn_t_part_of():
    lost = near(0.1)
    lost[0] = np.inf
    values = {(): near(0.2), ("A",): near(0.1), ("B",): near(0.2), ("A", "B"): lost}
    result = lossy(values, "A", "B")
    found = effect(result)
    assert found.main is None
    assert found.alone is not None
    sentences = [item.sentence for item in result.verdicts if item.outcome == "mixed"]
    assert "What A does to Net 1 isn't told: 1 of 80 runs diverged with A, 0 of 80 without." in sentences
    assert (
        "What A and B together do to Net 1 isn't told: 1 of 40 runs diverged with A and B, 0 of 40 without."
        in (sentences)
    )


@pytest.mark.parametrize("seeds", [1, LEAST_SEEDS - 1, LEAST_SEEDS])
def test_too_few_seeds_tell_nothing(seeds: int):
    result = scored({(): near(0.9, n=seeds, spread=0), ("A",): near(0.9, n=seeds, spread=0)}, "A")
    (told,) = [item for item in result.verdicts if item.topic == "change"]
    assert told.outcome == "mixed"
    assert ("too few to tell; 5 are needed" in result.answer) == (seeds < LEAST_SEEDS)
    assert bool(result.score_effects) == (seeds == LEAST_SEEDS)


def test_of_losses_none_is_shown_to_be_small_for_they_have_no_end():
    same = near(0.2, n=2000, spread=0.0)
    found = effect(lossy({(): same, ("A",): same}, "A"))
    assert found.alone is not None
    assert found.alone.reading == "no difference seen"
    alike = near(0.9, n=2000, spread=0.0)
    small = effect(scored({(): alike, ("A",): alike}, "A"))
    assert small.alone is not None
    assert small.alone.reading == "shown to be small"


def test_ends_of_an_interval_may_lie_beyond_what_was_seen_but_not_beyond_1():
    before, after = np.full(6, 0.5), np.full(6, 0.9)
    before[0] = 0.9
    value = _effect(np.stack([before, after], axis=1), 0, MEASURE)
    assert 0.4 < value.high < 1.0
    top = _effect(np.stack([np.zeros(6), np.ones(6)], axis=1), 0, MEASURE)
    assert top.high == 1.0


@pytest.mark.parametrize(
    ("low", "high", "note"),
    [(0.03, 0.4, "Its interval leaves out 0, but the test has p = 0.09"), (-0.01, 0.015, "")],
)
def test_what_holm_holds_back_is_told_of_a_loss_in_per_cent(low: float, high: float, note: str):
    value = Estimate(estimate=0.01, low=low, high=high, p=0.03, p_small=1.0, n=40)
    read = ReadEstimate(
        value=value, p_adjusted=0.09, p_small_adjusted=1.0, reading="no difference seen", together=3
    )
    loss = lossy({(): near(0.2)}).measure
    assert loss is not None
    told = judge_score_change(
        Effect(network="Net", change="A", alone=read, main=read), "", loss, np.zeros(40), others=False
    )
    assert "leaves out 1" not in told.sentence
    assert note in told.sentence
    assert ("Its interval" in told.sentence) == bool(note)


MEASURE = PerformanceMeasure(kind="accuracy", held_out=True, rows=75, guess=0.5, training_guess=0.5)


@pytest.mark.parametrize("seeds", [LEAST_SEEDS, 10, 20])
@pytest.mark.parametrize("kind", ["few points", "stuck or not", "skewed", "rare", "collapse", "rise"])
def test_the_interval_covers(kind: str, seeds: int):
    rng, n, rows, draws = np.random.default_rng(0), seeds, MEASURE.rows, 300
    often, seldom, low, high = {
        "stuck or not": (0.4, 0.1, 0.6, 0.9),
        "rare": (0.15, 0.15, 0.6, 0.9),
        # Seeds that none may have shown: they fall to the guess, or rise from it.
        "collapse": (0.0, 0.1, 0.5, 0.9),
        "rise": (1.0, 0.9, 0.5, 0.95),
    }.get(kind, (0.0, 0.0, 0.0, 0.0))

    def draw() -> tuple[np.ndarray, np.ndarray, float]:
        if kind == "few points":
            return rng.binomial(rows, 0.8, n) / rows, rng.binomial(rows, 0.85, n) / rows, 0.05
        if kind == "skewed":
            return rng.beta(4, 1, n), rng.beta(8, 1, n), 8 / 9 - 4 / 5
        stuck = rng.random((2, n)) < np.array([[often], [seldom]])
        before, after = np.where(stuck, low, high) + 0.01 * rng.normal(size=(2, n))
        return before, after, (high - low) * (often - seldom)

    held = 0
    for _ in range(draws):
        before, after, truth = draw()
        found = _effect(np.stack([before, after], axis=1), 0, MEASURE)
        held += found.low <= truth <= found.high
    assert held >= 0.92 * draws
