"""The float64 steps against the reference engine's, and the plane that they are seen on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trainlab.engine.reference import ReferenceEngine
from trainlab.explain.questions.chain_rule.descent import (
    Line,
    along_gradient,
    descend,
    plane_of,
    training_gradient,
    training_loss,
)
from trainlab.explain.questions.chain_rule.downhill import Downhill, downhill_section
from trainlab.spec import Experiment

CASES: dict[str, dict[str, Any]] = {
    "sgd": {"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}},
    "adam, single": {"optimizer": {"name": "adam", "lr": 0.02}, "sampling": "single"},
    "lion, batches": {
        "optimizer": {"name": "lion", "lr": 0.01},
        "sampling": {"name": "batch", "batch_size": 3},
    },
    "nadam, clip": {"optimizer": {"name": "nadam", "lr": 0.02}, "clip": {"norm": 0.05}},
    "adagrad, penalty": {
        "optimizer": {"name": "adagrad", "lr": 0.1, "initial_accumulator_value": 0.1},
        "penalty": {"l1": 0.01, "l2": 0.02},
    },
    "step schedule, warm-up": {
        "optimizer": {"name": "rmsprop", "lr": 0.01},
        "schedule": {"name": "step", "step_size": 2},
        "warmup": {"total_iters": 3},
    },
    "plateau": {
        "optimizer": {"name": "sgd", "lr": 2.0},
        "schedule": {"name": "reduce_on_plateau", "patience": 0, "threshold": 0.5},
    },
    "one cycle": {
        "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9},
        "schedule": {"name": "one_cycle", "max_lr": 0.5},
    },
    "dropout, noise, value": {
        "network": {"widths": [2, 6, 4, 1], "dropout": 0.3},
        "noise": {"std": 0.1},
        "clip": {"value": 0.02},
        "sampling": "single",
    },
}


def experiment(case: str) -> Experiment:
    return Experiment.from_dict({"network": {"widths": [2, 3, 2, 1]}, "epochs": 8, **CASES[case]})


@pytest.mark.parametrize("case", CASES)
def test_steps_are_those_of_the_reference_engine(case: str) -> None:
    made = experiment(case)
    (runs,) = ReferenceEngine(dtype="float64").train(made, range(3, 4))
    found = descend(made, 3, 10_000)
    assert found.steps == made.epochs * made.steps_per_epoch
    np.testing.assert_allclose(found.parameters[-1], runs.parameters[0], rtol=1e-9, atol=1e-12)
    assert found.losses[-1] == pytest.approx(runs.loss[0], rel=1e-9)


def test_steps_end_where_numbers_do() -> None:
    made = Experiment.from_dict(
        {
            "network": {"widths": [2, 3, 1], "activation": "linear"},
            "optimizer": {"name": "sgd", "lr": 1e200},
            "epochs": 50,
        }
    )
    found = descend(made, 0, 100)
    assert found.steps < 50
    assert np.isfinite(found.parameters).all()
    assert np.isfinite(found.losses).all()


def test_the_gradient_is_the_slope_of_the_line() -> None:
    made = experiment("sgd")
    start = descend(made, 0, 0).parameters[0]
    line = along_gradient(made, start, points=81)
    assert line is not None
    h = 1e-5
    gradient = training_gradient(made, start)
    slope = (training_loss(made, start - h * gradient) - training_loss(made, start + h * gradient)) / (2 * h)
    assert slope == pytest.approx(-(line.norm**2), rel=1e-7)
    assert line.predicted[1] - line.predicted[0] == pytest.approx(-line.rates[1] * line.norm**2)
    assert line.losses.min() == line.losses[list(line.rates).index(line.best)]
    assert line.back is not None
    assert training_loss(made, start - line.back * gradient) >= line.losses[0]


@pytest.mark.parametrize("lr", [1e-6, 0.3, 1e3, 1e9, 1e200])
@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_the_line_shows_the_fall_whatever_the_rate(lr: float, activation: str) -> None:
    made = Experiment.from_dict(
        {"network": {"widths": [2, 3, 1], "activation": activation}, "optimizer": {"name": "sgd", "lr": lr}}
    )
    start = descend(made, 0, 0).parameters[0]
    line = along_gradient(made, start, points=81)
    assert line is not None
    assert line.best > 0
    assert line.losses[list(line.rates).index(line.best)] == np.nanmin(line.losses) < line.losses[0]
    assert line.back is not None
    gradient = training_gradient(made, start)
    assert not training_loss(made, start - line.back * gradient) < line.losses[0]
    # Between the first lower place looked at and that one it is nowhere as high.
    before = line.losses[line.rates < line.back] < line.losses[0]
    assert before.any()
    assert (np.diff(before.astype(int)) >= 0).all()


def test_where_nothing_on_the_line_is_lower_no_fall_is_claimed() -> None:
    line = Line(norm=1.0, rates=np.arange(3.0), losses=np.array([0.5, 0.6, 0.7]), best=0.0, back=None)
    made = experiment("sgd")
    found = Downhill(experiment=made, seed=0, descent=descend(made, 0, 1), line=line, plane=None)
    words = " ".join(downhill_section(found).text)
    assert "At none of the 2 points looked at is the loss below 0.5." in words
    assert "which holds for small α" not in words


def test_the_plane_holds_start_and_end() -> None:
    made = experiment("sgd")
    descent = descend(made, 0, 100)
    plane = plane_of(made, descent, 0, points=9)
    assert plane is not None
    assert plane.second == "displacement"
    moved = descent.parameters - descent.parameters[0]
    lengths = np.linalg.norm(moved, axis=1)
    np.testing.assert_allclose(np.linalg.norm(plane.track[[0, -1]], axis=1), lengths[[0, -1]], rtol=1e-9)
    assert (np.linalg.norm(plane.track, axis=1) <= lengths * (1 + 1e-9)).all()
    np.testing.assert_allclose(
        plane.inside, (np.linalg.norm(plane.track[1:], axis=1) / lengths[1:]) ** 2, rtol=1e-9
    )
    assert plane.inside[-1] == pytest.approx(1)
    np.testing.assert_allclose(plane.below[[0, -1]], descent.losses[[0, -1]], rtol=1e-9)
    gradient = training_gradient(made, descent.parameters[0])
    along = -moved @ gradient / np.linalg.norm(gradient)
    np.testing.assert_allclose(plane.track[:, 0], along, atol=1e-12)
    assert plane.across[0] < plane.track[:, 0].min() <= plane.track[:, 0].max() < plane.across[-1]


def test_one_step_of_plain_descent_gets_a_random_second_direction() -> None:
    made = Experiment.from_dict({"network": {"widths": [2, 3, 1]}, "optimizer": {"name": "sgd", "lr": 0.1}})
    descent = descend(made, 0, 1)
    plane, again, other = (plane_of(made, descent, seed, points=5) for seed in (0, 0, 1))
    assert plane is not None
    assert again is not None
    assert other is not None
    assert plane.second == "random"
    np.testing.assert_array_equal(plane.losses, again.losses)
    assert (plane.losses != other.losses).any()
    assert plane.track[1, 1] == pytest.approx(0, abs=1e-12)


def test_there_is_no_plane_without_a_gradient() -> None:
    made = Experiment.from_dict(
        {
            "network": {"widths": [2, 3, 1], "activation": "relu"},
            "init": {"weight": {"name": "constant", "val": 0.0}, "bias": {"name": "constant", "val": 0.0}},
        }
    )
    descent = descend(made, 0, 5)
    assert along_gradient(made, descent.parameters[0], points=5) is None
    assert plane_of(made, descent, 0, points=5) is None
