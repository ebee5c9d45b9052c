"""Runs read before any of their steps: the engine's own numbers, to the bit, wherever they are read."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from trainlab.engine.fast import FastEngine
from trainlab.engine.reference.replay import replay
from trainlab.engine.run_steps import engine_alone, read_steps, steps_made, train_alone
from trainlab.errors import EngineError
from trainlab.spec import Experiment, Single

SHARED: dict[str, Any] = {
    "network": "2-3-1",
    "task": "xor",
    "loss": "mse",
    "epochs": 12,
    "optimizer": {"name": "adam", "lr": 0.02},
    "sampling": "single",
}
VARIANTS: dict[str, dict[str, Any]] = {
    "single": {},
    "full": {"sampling": "full"},
    "shuffled": {"sampling": {"name": "batch", "batch_size": 3}},
    "drawn": {"sampling": {"name": "batch", "batch_size": 3, "replacement": True}},
    "momentum": {"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}},
    "adagrad": {"optimizer": {"name": "adagrad", "lr": 0.1, "initial_accumulator_value": 0.5}},
    "by epoch": {"schedule": {"name": "step", "step_size": 2, "gamma": 0.5}},
    "plateau": {
        "schedule": {"name": "reduce_on_plateau", "patience": 0, "threshold": 0.5},
        "sampling": {"name": "batch", "batch_size": 3},
    },
    "noise": {"noise": {"std": 0.1}, "sampling": {"name": "batch", "batch_size": 2, "replacement": True}},
    "dropout": {"network": {"widths": [2, 3, 1], "dropout": 0.3}},
    "equalised": {"gradient": "equalised", "clip": {"norm": 0.1}},
    "step's gradients": {"record": {"gradients": "step"}, "sampling": {"name": "batch", "batch_size": 3}},
}


def experiment_of(name: str) -> Experiment:
    return Experiment.from_dict({**SHARED, **VARIANTS[name]})


@pytest.mark.parametrize("name", VARIANTS)
def test_every_epoch_ends_as_in_the_population(name: str) -> None:
    experiment = experiment_of(name)
    marks = tuple(range(1, experiment.epochs + 1))
    population = FastEngine().train(experiment, range(5), marks=marks)
    run = train_alone(experiment, 3)
    per_epoch = experiment.steps_per_epoch

    found = read_steps(run, range(steps_made(run) + 1), examples=range(4))

    for mark, runs in zip(marks, population, strict=True):
        place = mark * per_epoch
        assert np.array_equal(found.parameters[place], runs.parameters[3])
        assert found.loss[place] == runs.loss[3]
        assert np.array_equal(found.predictions[place], runs.predictions[3])
    assert np.array_equal(found.after[:-1], found.parameters[1:])
    assert np.array_equal(found.after[-1], run.parameters[0])


@pytest.mark.parametrize("name", VARIANTS)
def test_where_it_is_read_changes_nothing(name: str) -> None:
    run = train_alone(experiment_of(name), 1)
    every = read_steps(run, range(steps_made(run) + 1))
    some = [0, 1, 5, 6, 11, steps_made(run)]
    found = read_steps(run, some)
    for one, other in (
        (found.parameters, every.parameters),
        (found.after, every.after),
        (found.gradient, every.gradient),
        (found.rate, every.rate),
    ):
        assert np.array_equal(one, other[some])


@pytest.mark.parametrize("name", ["single", "plateau"])
def test_every_step_is_the_plain_loop_s_in_float64(name: str) -> None:
    pytest.importorskip("torch")
    experiment = experiment_of(name)
    plain = replay(experiment, 3, epochs=experiment.epochs, ends={}, dtype="float64")
    run = train_alone(experiment, 3, dtype="float64")
    found = read_steps(run, range(steps_made(run) + 1), gradients="step")
    assert np.allclose(found.parameters, plain.weights, rtol=1e-9, atol=1e-12)
    assert np.allclose(found.loss, plain.loss, rtol=1e-8)
    assert np.allclose(found.gradient[:-1], plain.gradient, rtol=1e-6, atol=1e-10)
    assert np.allclose(found.rate[:-1], plain.rate, rtol=1e-6)


def test_gradients_are_those_of_runs() -> None:
    for gradients in ("step", "data"):
        experiment = experiment_of("shuffled")
        record = msgspec.structs.replace(experiment.record, gradients=gradients)
        run = train_alone(msgspec.structs.replace(experiment, record=record), 2)
        last = read_steps(run, [steps_made(run)]).gradient[-1]
        means = np.abs(last[[0, 1, 2, 3, 4, 5]]).mean(), np.abs(last[[9, 10, 11]]).mean()
        kept = run.step_gradient if gradients == "step" else run.gradient
        assert np.allclose(kept[0], means, rtol=1e-6)


def test_a_long_run_is_trained_in_a_small_tile() -> None:
    assert engine_alone(experiment_of("single")).networks == 64
    long = msgspec.structs.replace(experiment_of("single"), epochs=1_000_000)
    assert engine_alone(long).networks == 8
    batched = msgspec.structs.replace(long, sampling=Single(steps_per_epoch=1))
    assert engine_alone(batched).networks == 8


@pytest.mark.parametrize("steps", [[], [-1], [3, 3], [5, 4], [49]])
def test_steps_that_aren_t_there_are_refused(steps: list[int]) -> None:
    run = train_alone(experiment_of("single"), 0)
    with pytest.raises(EngineError, match="from 0 to 48, the end of the run"):
        read_steps(run, steps)
