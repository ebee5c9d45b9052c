"""Contrasts of a factorial, and means over splits."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as oracle

from trainlab.errors import StatsError
from trainlab.stats import (
    SMALL,
    Estimate,
    alone_effect,
    alone_scores,
    contrast,
    interaction_effect,
    interaction_scores,
    main_effect,
    main_scores,
    paired_difference,
    resampled_contrast,
)

# Contrasts, and paired differences against Bonett and Price's formula.


SCORES = st.lists(st.integers(-16, 16).map(lambda step: step / 16), min_size=1, max_size=60).map(np.array)


@given(SCORES, st.sampled_from([1.0, 2.0]))
def test_is_the_wald_interval_of_the_scores_and_two_pseudo_seeds(scores, bound):
    result = contrast(scores, bound=bound)
    padded = np.append(scores, [bound, -bound])
    centre, half = padded.mean(), 1.959963984540054 * padded.std() / np.sqrt(len(padded))
    expected = max(-bound, centre - half), min(bound, centre + half)
    assert (result.low, result.high) == pytest.approx(expected, abs=1e-12)
    assert result.estimate == pytest.approx(scores.mean(), abs=1e-15)
    assert result.n == len(scores)


@given(SCORES, st.sampled_from([0.05, 0.5, 0.8, 0.95, 0.999]))
def test_interval_holds_the_estimate_and_fits_the_p_value(scores, confidence):
    result = contrast(scores, bound=1.0, confidence=confidence)
    assert -1.0 <= result.low <= result.estimate <= result.high <= 1.0
    assert 0.0 <= result.p <= 1.0
    if abs(result.p - (1 - confidence)) > 1e-9:
        assert (result.p < 1 - confidence) == (not result.low <= 0.0 <= result.high)


@given(SCORES)
def test_more_confidence_is_wider(scores):
    narrow, wide = (contrast(scores, bound=1.0, confidence=level) for level in (0.8, 0.99))
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


def test_no_spread_still_leaves_doubt():
    result = contrast(np.zeros(1000), bound=1.0)
    assert (result.estimate, result.p) == (0.0, 1.0)
    assert result.high == pytest.approx(1.96 * np.sqrt(2) / 1002, rel=1e-3)
    assert result.low == -result.high
    assert contrast(np.ones(20), bound=1.0).low < 0.9


def test_p_value_of_a_clear_effect_is_tiny_but_not_zero():
    # Half of 1,000 seeds gain: z is about 31, far below where 1 − Φ(z) would round to 0.
    assert 0 < contrast(np.repeat([0.0, 1.0], 500), bound=1.0).p < 1e-100


def test_prints_in_points():
    made_up = Estimate(estimate=0.123, low=0.0004, high=0.2, p=0.04, p_small=0.9, n=50)
    assert str(made_up) == "+12.3 points (0.0 to +20.0)"
    assert (
        str(Estimate(estimate=-0.5, low=-0.6, high=-0.0001, p=0.0, p_small=1.0, n=9))
        == "−50.0 points (−60.0 to 0.0)"
    )


@pytest.mark.parametrize(
    ("scores", "bound", "message"),
    [
        ([], 1.0, r"shape \[0\], but must be \[n\] with n >= 1"),
        ([[0.1]], 1.0, r"shape \[1, 1\]"),
        ([0.0, np.nan], 1.0, "not finite"),
        ([0.0, np.inf], 1.0, "not finite"),
        ([0.0, -1.5], 1.0, "reach 1.5, beyond bound = 1"),
        ([0.0], 0.0, "bound is 0.0, but must be a positive number"),
        ([0.0], np.nan, "bound is nan"),
    ],
)
def test_refuses_scores_that_have_no_interval(scores, bound, message):
    with pytest.raises(StatsError, match=message):
        contrast(np.array(scores), bound=bound)


def test_allows_the_rounding_of_a_mean():
    assert contrast(np.array([1.0 + 1e-15]), bound=1.0).high == 1.0


def test_the_guard_may_be_less_than_the_bound_which_alone_clips():
    scores = np.array([0.0, 0.3, 0.3, 0.3])
    padded = np.append(scores, [0.3, -0.3])
    high = padded.mean() + 1.959963984540054 * padded.std() / np.sqrt(6)
    assert high > 0.3
    assert contrast(scores, bound=1.0, guard=0.3).high == pytest.approx(high)
    assert contrast(5 * scores, bound=np.inf, guard=1.5).high == pytest.approx(5 * high)
    with pytest.raises(StatsError, match="guard is inf, but must be a positive number"):
        contrast(scores, bound=np.inf)


def cells(f00, f01, f10, f11):
    """Return outcomes a and b with the counts f(a)(b)."""
    pairs = [(False, False)] * f00 + [(False, True)] * f01 + [(True, False)] * f10 + [(True, True)] * f11
    return np.array(pairs).T


def bonett_price(gained, lost, n, z=1.959963984540054):
    """The interval as the paper writes it, from the counts."""
    p, q = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    error = math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    return max(-1.0, p - q - z * error), min(1.0, p - q + z * error)


def test_published_example():
    # The example of `ci.prop.ps` in the R package statpsych, by Bonett: counts 12, 4, 26, 6.
    result = paired_difference(*cells(12, 26, 4, 6))
    assert (result.low, result.high) == pytest.approx((0.2548067, 0.6251933), abs=5e-8)
    assert result.estimate == pytest.approx(22 / 48)
    assert result.n == 48


@given(st.tuples(*[st.integers(0, 40)] * 4).filter(any))
def test_is_the_paper_s_formula_around_a_shrunk_centre(counts):
    _, f01, f10, _ = counts
    n = sum(counts)
    result = paired_difference(*cells(*counts))
    low, high = bonett_price(f01, f10, n)
    assert (result.low, result.high) == pytest.approx((low, high), abs=1e-12)
    assert result.estimate == pytest.approx((f01 - f10) / n)
    if low > -1 and high < 1:
        assert (low + high) / 2 == pytest.approx(result.estimate * n / (n + 2))


@given(st.tuples(*[st.integers(0, 40)] * 4).filter(any))
def test_swapping_the_cells_mirrors_the_result(counts):
    a, b = cells(*counts)
    forth, back = paired_difference(a, b), paired_difference(b, a)
    assert (back.estimate, back.low, back.high) == (-forth.estimate, -forth.high, -forth.low)
    assert back.p == forth.p


def test_pairing_narrows_the_interval():
    a = np.arange(200) < 100
    together, apart = paired_difference(a, np.arange(200) < 120), paired_difference(a, np.arange(200) >= 80)
    assert together.estimate == pytest.approx(apart.estimate)
    assert together.high - together.low < (apart.high - apart.low) / 2


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.ones(3, bool), np.ones(4, bool), "a has 3 seeds and b has 4"),
        (np.ones(3), np.ones(3, bool), r"a is float64 \[3\], but must be bool"),
        (np.ones(3, bool), np.ones((3, 1), bool), r"b is bool \[3, 1\]"),
        (np.ones(0, bool), np.ones(0, bool), "n >= 1"),
    ],
)
def test_refuses_what_is_not_paired(a, b, message):
    with pytest.raises(StatsError, match=message):
        paired_difference(a, b)


# Scores of a factorial against least squares, and the effects that they make.


CHANGES = (1, 2, 3, 5)


def made_up(changes, n=7):
    rng = np.random.default_rng(changes)
    return rng.random((n, *[2] * changes)) < rng.random([2] * changes)


def combinations(changes, fixed):
    """Yield the index of every cell in which the changes of `fixed` have the values given there."""
    for cell in itertools.product([0, 1], repeat=changes):
        if all(cell[change] == value for change, value in fixed.items()):
            yield cell


@pytest.mark.parametrize("changes", CHANGES)
def test_alone_by_brute_force(changes):
    solved = made_up(changes)
    for change in range(changes):
        only = tuple(1 if other == change else 0 for other in range(changes))
        expected = [float(seed[only]) - float(seed[(0,) * changes]) for seed in solved]
        np.testing.assert_array_equal(alone_scores(solved, change), expected)


@pytest.mark.parametrize("changes", CHANGES)
def test_main_by_brute_force(changes):
    solved = made_up(changes)
    for change in range(changes):
        expected = []
        for seed in solved:
            applied = [float(seed[cell]) for cell in combinations(changes, {change: 1})]
            without = [float(seed[cell]) for cell in combinations(changes, {change: 0})]
            expected.append((sum(applied) - sum(without)) / 2 ** (changes - 1))
        np.testing.assert_allclose(main_scores(solved, change), expected, atol=1e-15)


@pytest.mark.parametrize("changes", CHANGES[1:])
def test_interaction_by_brute_force(changes):
    solved = made_up(changes)
    for a, b in itertools.permutations(range(changes), 2):
        expected = []
        for seed in solved:
            total = 0.0
            for x, y in itertools.product([0, 1], repeat=2):
                sign = 1 if x == y else -1
                total += sign * sum(float(seed[cell]) for cell in combinations(changes, {a: x, b: y}))
            expected.append(total / 2 ** (changes - 2))
        np.testing.assert_allclose(interaction_scores(solved, a, b), expected, atol=1e-15)


@pytest.mark.parametrize("changes", CHANGES[1:])
def test_means_are_least_squares_coefficients(changes):
    solved = made_up(changes, n=30)
    coded = np.array(list(itertools.product([-0.5, 0.5], repeat=changes)))
    pairs = list(itertools.combinations(range(changes), 2))
    columns = [np.ones(len(coded)), *coded.T, *(coded[:, a] * coded[:, b] for a, b in pairs)]
    design = np.tile(np.stack(columns, axis=1), (len(solved), 1))
    fitted, *_ = np.linalg.lstsq(design, solved.reshape(-1).astype(float))
    ours = [main_scores(solved, change).mean() for change in range(changes)]
    ours += [interaction_scores(solved, a, b).mean() for a, b in pairs]
    np.testing.assert_allclose(ours, fitted[1:], atol=1e-12)


@given(st.integers(2, 4).flatmap(lambda k: st.tuples(st.just(k), st.permutations(range(k)))))
def test_order_of_the_changes_does_not_matter(drawn):
    changes, order = drawn
    solved = made_up(changes)
    moved = solved.transpose(0, *(1 + change for change in order))
    for new, old in enumerate(order):
        np.testing.assert_array_equal(alone_scores(moved, new), alone_scores(solved, old))
        np.testing.assert_allclose(main_scores(moved, new), main_scores(solved, old), atol=1e-15)


def test_takes_numbers_as_well():
    losses = np.array([[[0.7, 0.5], [0.4, 0.1]]])
    assert main_scores(losses, 0)[0] == pytest.approx((-0.3 - 0.4) / 2)
    assert interaction_scores(losses, 0, 1)[0] == pytest.approx(0.1 - 0.4 - 0.5 + 0.7)


@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 2, 1), (0, 2), ()])
def test_refuses_what_is_no_factorial(shape):
    with pytest.raises(StatsError, match=r"solved has the shape \[.*\], but must be \[n, 2, ..., 2\]"):
        main_scores(np.zeros(shape), 0)


@pytest.mark.parametrize("change", [-1, 2])
def test_refuses_a_change_that_is_not_there(change):
    solved = made_up(2)
    for scores in (alone_scores, main_scores):
        with pytest.raises(StatsError, match=f"change is {change}, but must be from 0 to 1"):
            scores(solved, change)
    with pytest.raises(StatsError, match=f"change_b is {change}"):
        interaction_scores(solved, 0, change)


def test_refuses_a_change_with_itself():
    with pytest.raises(StatsError, match="both 1, but an interaction needs two changes"):
        interaction_scores(made_up(2), 1, 1)


@pytest.fixture(scope="module")
def solved():
    """2,000 seeds: change 0 lifts 20 % to 50 %, change 1 does nothing, and 2 helps only beside 0."""
    rng = np.random.default_rng(11)
    chance = np.array([[[0.2, 0.2], [0.2, 0.2]], [[0.5, 0.9], [0.5, 0.9]]])
    return rng.random((2000, 1, 1, 1)) < 0.5 * chance + 0.5 * rng.random((2000, 2, 2, 2)) * chance


def test_alone_is_the_paired_difference(solved):
    for change, cell in enumerate([(1, 0, 0), (0, 1, 0), (0, 0, 1)]):
        assert alone_effect(solved, change) == paired_difference(solved[:, 0, 0, 0], solved[:, *cell])


def test_finds_the_effects_that_were_put_in(solved):
    rates = solved.mean(axis=0)
    main = rates[1].mean() - rates[0].mean()
    assert main_effect(solved, 0).estimate == pytest.approx(main)
    assert main_effect(solved, 0).low > 0.2
    assert main_effect(solved, 1).low < 0 < main_effect(solved, 1).high
    together = interaction_effect(solved, 0, 2)
    assert together.low > 0.1
    assert together == interaction_effect(solved, 2, 0)
    assert interaction_effect(solved, 0, 1).p > 0.05


def test_confidence_reaches_the_interval(solved):
    for effect in (alone_effect, main_effect):
        assert effect(solved, 0, confidence=0.99).low < effect(solved, 0).low
    assert interaction_effect(solved, 0, 2, confidence=0.99).low < interaction_effect(solved, 0, 2).low


def test_an_interaction_may_reach_two():
    exclusive = np.tile([[1, 0], [0, 1]], (50, 1, 1)).astype(bool)
    assert interaction_effect(exclusive, 0, 1).estimate == 2.0
    assert interaction_effect(exclusive, 0, 1).high == 2.0
    assert main_effect(exclusive, 0).estimate == 0.0


def test_refuses_numbers_that_are_not_shares():
    with pytest.raises(StatsError, match="beyond bound"):
        main_effect(np.array([[0.0, 7.0]]), 0)


# The corrected resampled t holds where rows and training sets really are drawn anew; one split doesn't.


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
