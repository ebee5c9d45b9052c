"""The range test: the rates that it runs through, and what it reads of curves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from trainlab.engine import get_engine
from trainlab.explain.questions.learning_rate.range_test import range_experiment, read_range, smoothed
from trainlab.explain.questions.learning_rate.schedules import rates_of
from trainlab.spec import Experiment, NoStopping, Warmup

EXPERIMENT = Experiment.from_dict(
    {
        "network": {"widths": "2-4-1", "output_activation": "linear"},
        "loss": "mse",
        "optimizer": {"name": "sgd", "lr": 0.1},
        "sampling": "single",
        "epochs": 150,
        "stopping": "solved",
        "warmup": {"total_iters": 5},
        "schedule": {"name": "step", "step_size": 3},
    }
)


def test_the_rate_climbs_by_the_same_factor_from_first_to_last_step() -> None:
    made = range_experiment(EXPERIMENT, 1e-4, 10.0)
    assert (made.epochs, made.warmup, made.stopping) == (150, Warmup(), NoStopping())
    rates = rates_of(made)
    assert len(rates) == 600
    assert rates[0] == pytest.approx(1e-4, rel=1e-12)
    assert rates[-1] == pytest.approx(10.0, rel=1e-12)
    np.testing.assert_allclose(np.diff(np.log(rates)), np.log(1e5) / 599, rtol=1e-9)


def test_short_and_long_trainings_are_kept_within_bounds() -> None:
    assert range_experiment(EXPERIMENT.at_epochs(3), 1e-4, 10.0).epochs == 100
    assert range_experiment(EXPERIMENT.at_epochs(30_000), 1e-4, 10.0).epochs == 1000


def test_each_loss_stands_at_the_rate_of_the_step_before_it() -> None:
    made = range_experiment(EXPERIMENT, 1e-4, 10.0)
    runs = get_engine("fast").train(made, range(30))[0]
    found = read_range(runs, 1e-4, 10.0)
    np.testing.assert_allclose(found.rate, rates_of(made)[3::4], rtol=1e-9)
    assert found.median.shape == found.rate.shape == (150,)
    assert (found.low <= found.median).all()
    assert (found.median <= found.high).all()
    assert found.median[0] == np.sort(runs.loss_curve[:, 1])[15]
    assert found.lowest is not None
    assert found.begins is not None
    assert found.suggested == found.lowest / 10
    assert 1e-4 < found.begins < found.lowest < 10


def test_a_valley_is_found_where_it_is() -> None:
    made = range_experiment(EXPERIMENT, 1e-4, 10.0)
    runs = get_engine("fast").train(made, range(5))[0]
    rates = rates_of(made)[3::4]
    valley = np.abs(np.log10(rates / 0.05))
    curve = np.tile(np.concatenate([[4.0], valley]), (5, 1)).astype(np.float32)
    curve[:, 130:] = np.nan  # all diverged
    found = read_range(dataclasses.replace(runs, loss_curve=curve), 1e-4, 10.0)
    assert found.lowest == pytest.approx(0.05, rel=0.1)
    assert np.isinf(found.median[129:]).all()
    flat = dataclasses.replace(runs, loss_curve=np.ones_like(curve))
    assert read_range(flat, 1e-4, 10.0).suggested is None


def test_smoothing_averages_over_a_tenth_of_a_decade() -> None:
    rates = 10.0 ** np.arange(0, 1, 0.01)
    values = np.arange(100.0)
    found = smoothed(rates, values)
    assert found[50] == pytest.approx(50)
    values[50] = 200.0
    assert smoothed(rates, values)[50] == pytest.approx(50 + 150 / 11, rel=0.1)
    values[50] = np.inf
    assert np.isinf(smoothed(rates, values)[50])
