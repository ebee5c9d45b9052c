"""Reading a grid of rates, what populations come to, and the regimes that this makes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from trainlab.engine import Runs, get_engine
from trainlab.errors import ExplainError
from trainlab.explain.questions.learning_rate.grid import (
    RatePoint,
    Regimes,
    at_rate,
    follows_rate,
    point_of,
    population,
    rates_sentence,
    read_rates,
    regimes_of,
)
from trainlab.spec import Experiment, NoSchedule
from trainlab.stats import rate


def test_decades_of_a_grid_are_exact() -> None:
    rates = read_rates("1e-5..10")
    assert len(rates) == 25
    assert [each for each in rates if each in (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)] == list(rates[::4])
    np.testing.assert_allclose(np.diff(np.log10(rates)), 0.25, rtol=1e-10)
    assert read_rates(" 0.1 .. 1 : 2 ") == (0.1, 1.0)
    assert read_rates([1, 0.5, 0.5, np.float64(2)]) == (0.5, 1.0, 2.0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("0.1", "must be LOW..HIGH"),
        ("", "must be LOW..HIGH"),
        ("0..1", "'0' is no learning rate; each must be a finite number above 0"),
        ("-1..1", "'-1' is no learning rate"),
        ("nan..1", "'nan' is no learning rate"),
        ("1..inf", "'inf' is no learning rate"),
        ("1e-3..x", "'x' is no learning rate"),
        ("1..0.1", "LOW must be less than HIGH"),
        ("0.1..0.1", "a grid of one rate shows nothing"),
        ("0.1..1:1", "1 rates; a grid has 2 to 200"),
        ("0.1..1:9999", "9,999 rates; a grid has 2 to 200"),
        ([0.1], "1 different rates; a grid has 2 to 200"),
        ([], "0 different rates"),
        ([0.1, 0.1], "1 different rates"),
        ([0.1, -0.2], "-0.2 is no learning rate"),
        ([0.1, math.nan], "nan is no learning rate"),
        ([0.1, None], "None is no learning rate"),
        ([0.1, "a"], "'a' is no learning rate"),
    ],
    ids=str,
)
def test_a_grid_that_cant_be_is_refused(given: Any, words: str) -> None:
    with pytest.raises(ExplainError) as caught:
        read_rates(given)
    assert words in str(caught.value)
    assert str(caught.value).startswith("rates = ")
    assert "\n" not in str(caught.value)


def point(value: float, k: int, *, n: int = 100, diverged: int = 0) -> RatePoint:
    return RatePoint(
        rate=value,
        solved=rate(k, n),
        diverged=rate(diverged, n),
        epochs=math.nan,
        loss=1.0,
        loss_low=0.5,
        loss_high=2.0,
    )


def regimes(*solved: int, diverged: tuple[int, ...] = ()) -> tuple[list[RatePoint], Regimes]:
    lost = diverged or (0,) * len(solved)
    points = [point(10.0**i, k, diverged=d) for i, (k, d) in enumerate(zip(solved, lost, strict=True))]
    return points, regimes_of(points)


def test_three_regimes_bounded_by_intervals() -> None:
    points, found = regimes(0, 30, 96, 100, 98, 50, 0, diverged=(0, 0, 0, 0, 0, 10, 100))
    assert [found.of(place) for place in range(7)] == ["too small"] * 2 + ["works"] * 3 + ["too large"] * 2
    assert (found.best, found.exceptions, found.diverging) == ((1000.0,), (), 1e6)
    words = rates_sentence(points, found)
    assert words.startswith("Rates from 100 to 10,000 work best: at 1,000, 100 of 100 seeds")
    assert "steps are too small below (30 % at 10) and too large above (50 % at 100,000)" in words
    assert "from 1,000,000 on, half of the runs or more diverge" in words


def test_a_tie_an_edge_and_a_hole_are_told() -> None:
    points, found = regimes(100, 60, 100, 0)
    assert (found.best, found.low, found.high, found.exceptions) == ((1.0, 100.0), 0, 2, (10.0,))
    words = rates_sentence(points, found)
    assert "at 1, one of 2 that tie, 100 of 100 seeds" in words
    assert "too small" not in words
    assert "diverge" not in words


def test_flat_and_nothing_solved() -> None:
    points, found = regimes(90, 91, 92)
    assert (found.low, found.high) == (0, 2)
    assert "too large" not in rates_sentence(points, found)
    points, found = regimes(0, 0)
    assert found.of(0) == found.of(1) == "nothing solved"
    assert rates_sentence(points, found) == "No rate from 1 to 10 solved any of 100 seeds."


def test_a_difference_within_two_points_is_none() -> None:
    points = [point(1.0, 9_930, n=10_000), point(2.0, 10_000, n=10_000), point(3.0, 9_700, n=10_000)]
    found = regimes_of(points)
    assert points[0].solved.high < points[1].solved.low  # told apart, and small
    assert (found.low, found.high) == (0, 1)


def test_divergence_that_comes_and_goes_has_no_from_on() -> None:
    _, found = regimes(0, 50, 0, diverged=(80, 0, 20))
    assert found.diverging is None


EXPERIMENT = Experiment.from_dict(
    {
        "network": {"widths": "2-4-1", "output_activation": "linear"},
        "loss": "mse",
        "optimizer": {"name": "sgd", "lr": 0.1},
        "epochs": 40,
        "record": {"solved_every": 5},
    }
)


def trained(experiment: Experiment, seeds: int = 40) -> Runs:
    return get_engine("fast").train(experiment, range(seeds))[0]


def test_a_point_counts_what_the_runs_did() -> None:
    runs = trained(population(at_rate(EXPERIMENT, 0.3)))
    found = point_of(0.3, runs)
    assert (found.solved.k, found.solved.n) == (int(runs.solved.sum()), 40)
    assert found.loss_low <= found.loss <= found.loss_high
    assert sorted(runs.loss.tolist())[20] == found.loss
    burst = point_of(1e6, trained(population(at_rate(EXPERIMENT, 1e6))))
    assert burst.diverged.k == 40
    assert burst.loss == math.inf
    assert math.isnan(burst.epochs)


def test_epochs_are_those_of_the_solved() -> None:
    runs = trained(population(at_rate(EXPERIMENT.at_epochs(400), 0.3)))
    solved = runs.solved_epoch[runs.solved]
    assert len(solved) > 5
    assert point_of(0.3, runs).epochs == np.median(solved)


def test_a_schedule_with_rates_of_its_own_is_left_out() -> None:
    cyclic = Experiment.from_dict(
        {**EXPERIMENT.to_dict(), "schedule": {"name": "cyclic", "base_lr": 0.1, "max_lr": 1.0}}
    )
    assert not follows_rate(cyclic)
    assert population(cyclic).schedule == NoSchedule()
    step = Experiment.from_dict({**EXPERIMENT.to_dict(), "schedule": {"name": "step", "step_size": 3}})
    assert population(step).schedule == step.schedule


def test_where_hardly_any_is_solved_no_rate_is_said_to_work() -> None:
    points, found = regimes(0, 3, 2, 0, diverged=(0, 0, 0, 100))
    assert found.best == (10.0,)
    assert (found.low, found.high) == (-1, -1)
    assert {found.of(place) for place in range(4)} == {"too few solved"}
    assert rates_sentence(points, found).startswith(
        "Too few learn to tell which rates work: from 1 to 1,000, at most 3 of 100 seeds"
    )


@pytest.mark.parametrize("n", [1, 2, 4, 10, 100, 1000])
def test_a_rate_that_solved_nothing_never_works(n: int) -> None:
    for most in range(1, n + 1, max(1, n // 10)):
        points = [point(1.0, 0, n=n, diverged=n), point(2.0, most, n=n), point(3.0, 0, n=n)]
        found = regimes_of(points)
        assert found.of(0) != "works"
        assert found.of(2) != "works"
        lower = rate(most, n).low
        assert found.of(1) == ("works" if lower > 0.02 else "too few solved")


def test_a_rate_within_the_regime_that_solved_nothing_is_an_exception() -> None:
    points = [point(1.0, 2, n=4), point(2.0, 0, n=4), point(3.0, 2, n=4)]
    found = regimes_of(points)
    assert (found.low, found.high, found.exceptions) == (0, 2, (2.0,))
