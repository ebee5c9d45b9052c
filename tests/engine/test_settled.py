"""Solved at some time, at the end, and since when: by every engine, as readings of NumPy's weights say."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from engine.numpy_trainer import NumpyTrainer

from trainlab.engine import Runs, concatenate, select
from trainlab.engine.fast import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.runs import Engine
from trainlab.engine.torch import TorchEngine
from trainlab.maths import LINKS, is_right
from trainlab.spec import Experiment

SEEDS = range(44, 54)
# A learning rate at which what was learnt is lost again, and an end that falls between two readings.
RESTLESS: dict[str, Any] = {
    "network": {"widths": "2-6-1", "output_activation": "linear"},
    "task": {"name": "moons", "points": 40, "noise": 0.2},
    "split": {"held_out": 0.25},
    "loss": "bce_with_logits",
    "optimizer": {"name": "adam", "lr": 1.0},
    "epochs": 41,
    "solved": {"accuracy": 0.9},
    "record": {"loss_every": 0, "gradient_every": 0, "solved_every": 4},
}
HELD_OUT = {"solved": {"accuracy": 0.9, "on": "held_out"}}
ENGINES: dict[str, Engine] = {
    "reference": ReferenceEngine(dtype="float64"),
    "fast": FastEngine(dtype="float64", networks=8),
    "torch": TorchEngine(dtype="float64"),
}
each_engine = pytest.mark.parametrize("engine", ENGINES)


def trained(engine: str, *, seeds: range = SEEDS, marks: tuple[int, ...] = (), **fields: Any) -> list[Runs]:
    """Return the runs at each mark, or at the end."""
    return list(ENGINES[engine].train(Experiment.from_dict({**RESTLESS, **fields}), seeds, marks=marks))


@cache
def plain(engine: str) -> Runs:
    return trained(engine)[0]


@cache
def held_out_settled() -> tuple[int, ...]:
    """Return since when runs are solved on the rows held out, by the readings of the trainer in NumPy."""
    experiment = Experiment.from_dict({**RESTLESS, **HELD_OUT})
    return tuple(first_and_settled(readings(experiment, seed))[1] for seed in SEEDS)


def readings(experiment: Experiment, seed: int) -> list[tuple[int, bool]]:
    """Return the epochs that are read and whether the network is solved there, by the trainer in NumPy."""
    trainer, data = NumpyTrainer(experiment, seed), experiment.data()
    held = experiment.solved.on == "held_out"
    inputs, targets = (data.held_out_inputs, data.held_out_targets) if held else (data.inputs, data.targets)
    weights = [trainer.w.copy(), *trainer.train()]
    found: list[tuple[int, bool]] = []
    for epoch in sorted(
        {*range(0, experiment.epochs + 1, experiment.record.solved_every), experiment.epochs}
    ):
        trainer.w = weights[epoch]
        told = LINKS["sigmoid"].value(trainer.forward(inputs)[0])
        found.append((epoch, bool(is_right(told, targets).mean() >= 0.9)))
    return found


def first_and_settled(read: list[tuple[int, bool]]) -> tuple[int, int]:
    """Return the first epoch solved, and the first of those at the end that are all solved; −1 for none."""
    first = next((epoch for epoch, solved in read if solved), -1)
    settled = -1
    for epoch, solved in reversed(read):
        if not solved:
            break
        settled = epoch
    return first, settled


@pytest.mark.trains
@each_engine
def test_first_and_since_when_are_what_readings_of_the_same_weights_say(engine: str) -> None:
    runs = plain(engine)
    expected = [first_and_settled(readings(runs.experiment, seed)) for seed in SEEDS]
    assert list(zip(runs.solved_epoch.tolist(), runs.settled_epoch.tolist(), strict=True)) == expected
    assert runs.settled_epoch.dtype == np.int64


@each_engine
def test_runs_that_lose_it_find_it_again_or_keep_it_are_told_apart(engine: str) -> None:
    runs = plain(engine)
    first, since = runs.solved_epoch, runs.settled_epoch
    assert (first == -1).any()
    assert ((first >= 0) & ~runs.solved).any()
    assert (runs.solved & (since == first)).any()
    assert (runs.solved & (since > first)).any()
    np.testing.assert_array_equal(since >= 0, runs.solved)
    # Read at the last epoch alone, as 41 is no multiple of 4.
    assert (since == 41).any()
    assert ((since % 4 == 0) | (since == 41) | (since == -1)).all()


@pytest.mark.trains
@each_engine
def test_at_a_mark_it_is_what_the_shorter_training_says(engine: str) -> None:
    marks, seeds = (3, 22, 36, 41), range(45, 49)
    found = trained(engine, seeds=seeds, marks=marks)
    for there, mark in zip(found[:-1], marks[:-1], strict=True):
        (alone,) = trained(engine, seeds=seeds, epochs=mark)
        np.testing.assert_array_equal(there.settled_epoch, alone.settled_epoch)
        np.testing.assert_array_equal(there.solved_epoch, alone.solved_epoch)
    np.testing.assert_array_equal(found[-1].settled_epoch, select(plain(engine), seeds).settled_epoch)
    # What was solved at a mark counts as solved there, though it is lost later.
    assert any(((there.settled_epoch >= 0) & (found[-1].settled_epoch == -1)).any() for there in found)


@each_engine
def test_where_only_the_end_is_read_since_when_is_not_told(engine: str) -> None:
    (runs,) = trained(engine, record={"solved_every": 0})
    np.testing.assert_array_equal(runs.solved, plain(engine).solved)
    assert (runs.settled_epoch == -1).all()
    assert (runs.solved_epoch == -1).all()


@each_engine
def test_a_run_that_is_frozen_when_solved_stays_so(engine: str) -> None:
    (runs,) = trained(engine, stopping="solved")
    stopped = runs.stopped_epoch >= 0
    assert (plain(engine).settled_epoch[stopped] == -1).any()
    np.testing.assert_array_equal(runs.settled_epoch, runs.solved_epoch)
    np.testing.assert_array_equal(runs.settled_epoch[stopped], runs.stopped_epoch[stopped])


@each_engine
def test_a_run_frozen_by_patience_is_read_on(engine: str) -> None:
    (runs,) = trained(
        engine,
        optimizer={"name": "adam", "lr": 0.6},
        stopping={"patience": 1, "every": 3, "min_delta": 0.05},
        solved={"accuracy": 0.85},
    )
    frozen = runs.solved & (runs.stopped_epoch >= 0)
    # Frozen at an epoch between two readings it is solved from the next one on at the latest.
    later = -(-runs.stopped_epoch // 4) * 4
    assert (frozen & (later > runs.stopped_epoch)).any()
    assert (runs.settled_epoch[frozen] <= np.minimum(later, 41)[frozen]).all()
    np.testing.assert_array_equal(runs.settled_epoch >= 0, runs.solved)


@each_engine
def test_a_run_that_diverges_is_never_settled(engine: str) -> None:
    wild = {
        "network": {"widths": "2-6-1", "activation": "relu", "output_activation": "linear"},
        "loss": "mse",
        "optimizer": {"name": "sgd", "lr": 1e200},
        "solved": {"within": 100.0},
    }
    (runs,) = trained(engine, **wild)
    assert (runs.diverged & (runs.solved_epoch == 0)).any()
    assert (runs.settled_epoch[runs.diverged] == -1).all()


@each_engine
def test_of_held_out_examples_too(engine: str) -> None:
    seeds = SEEDS[:6]
    (runs,) = trained(engine, seeds=seeds, **HELD_OUT)
    expected = held_out_settled()
    assert len(set(expected)) > 2
    assert tuple(runs.settled_epoch.tolist()) == expected[:6]
    assert expected != tuple(plain(engine).settled_epoch.tolist())


@each_engine
def test_it_goes_with_its_run(engine: str) -> None:
    runs = plain(engine)
    parts = [select(runs, range(47, 54)), select(runs, range(44, 47))]
    np.testing.assert_array_equal(concatenate(parts).settled_epoch, runs.settled_epoch)
    (alone,) = trained(engine, seeds=range(47, 49))
    np.testing.assert_array_equal(alone.settled_epoch, parts[0].settled_epoch[:2])
