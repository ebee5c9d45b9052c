"""Solved at some time, at the end, and since when: by every engine, from readings of weights made elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.numpy_trainer import NumpyTrainer

from trainlab.engine import Runs, concatenate, select
from trainlab.engine.fast import FastEngine
from trainlab.engine.protocol import Engine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.torch import TorchEngine
from trainlab.spec import Experiment

SEEDS = range(40)
# A learning rate at which what is learnt is lost again, and an end that falls between two readings.
RESTLESS: dict[str, Any] = {
    "network": "2-3-1",
    "optimizer": {"name": "adam", "lr": 0.9},
    "sampling": "single",
    "epochs": 61,
    "solved": {"within": 0.45},
    "record": {"loss_every": 0, "gradient_every": 0, "solved_every": 4},
}
ENGINES: dict[str, Engine] = {
    "reference": ReferenceEngine(dtype="float64"),
    "fast": FastEngine(dtype="float64", networks=8),
    "torch": TorchEngine(dtype="float64"),
}
each_engine = pytest.mark.parametrize("engine", ENGINES)


def trained(engine: str, *, seeds: range = SEEDS, marks: tuple[int, ...] = (), **fields: Any) -> Runs:
    """Return the runs at the first mark."""
    return ENGINES[engine].train(Experiment.from_dict({**RESTLESS, **fields}), seeds, marks=marks)[0]


def readings(experiment: Experiment, seed: int) -> list[tuple[int, bool]]:
    """Return the epochs that are read and whether the network is solved there, by the trainer in NumPy."""
    trainer, data = NumpyTrainer(experiment, seed), experiment.data()
    weights = [trainer.w.copy(), *trainer.train()]
    found: list[tuple[int, bool]] = []
    for epoch in sorted({*range(0, experiment.epochs + 1, experiment.record.solved_every), experiment.epochs}):
        trainer.w = weights[epoch]
        found.append((epoch, bool((np.abs(trainer.forward(data.inputs)[0] - data.targets) < 0.45).all())))
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


@each_engine
def test_first_and_since_when_are_what_readings_of_the_same_weights_say(engine: str) -> None:
    seeds = range(8, 16)
    runs = trained(engine, seeds=seeds)
    expected = [first_and_settled(readings(runs.experiment, seed)) for seed in seeds]
    assert list(zip(runs.solved_epoch.tolist(), runs.settled_epoch.tolist(), strict=True)) == expected
    assert runs.settled_epoch.dtype == np.int64


@each_engine
def test_runs_that_lose_it_find_it_again_or_keep_it_are_told_apart(engine: str) -> None:
    runs = trained(engine)
    ever, first, since = runs.solved_epoch >= 0, runs.solved_epoch, runs.settled_epoch
    assert (~ever).any()
    assert (ever & ~runs.solved).any()
    assert (runs.solved & (since == first)).any()
    assert (runs.solved & (since > first)).any()
    np.testing.assert_array_equal(since >= 0, runs.solved)
    # Read at the last epoch alone, as 61 is no multiple of 4.
    assert (since == 61).any()
    assert ((since % 4 == 0) | (since == 61) | (since == -1)).all()


@each_engine
@pytest.mark.parametrize("mark", [3, 20, 42])
def test_at_a_mark_it_is_what_the_shorter_training_says(engine: str, mark: int) -> None:
    there, alone = trained(engine, marks=(mark, 50, 61)), trained(engine, epochs=mark)
    np.testing.assert_array_equal(there.settled_epoch, alone.settled_epoch)
    np.testing.assert_array_equal(there.solved_epoch, alone.solved_epoch)
    # What was solved at the mark is told to be, though it is lost later.
    assert mark < 20 or (there.solved & ~trained(engine).solved).any()


@each_engine
def test_where_only_the_end_is_read_since_when_is_not_told(engine: str) -> None:
    runs = trained(engine, record={"solved_every": 0})
    assert runs.solved.any()
    assert (runs.settled_epoch == -1).all()
    assert (runs.solved_epoch == -1).all()


@each_engine
def test_a_run_that_is_frozen_when_solved_stays_so(engine: str) -> None:
    runs = trained(engine, stopping="solved")
    assert (runs.stopped_epoch >= 0).any()
    np.testing.assert_array_equal(runs.settled_epoch, runs.solved_epoch)
    stopped = runs.stopped_epoch >= 0
    np.testing.assert_array_equal(runs.settled_epoch[stopped], runs.stopped_epoch[stopped])


@each_engine
def test_a_run_frozen_by_patience_is_read_on(engine: str) -> None:
    runs = trained(engine, stopping={"patience": 2, "every": 3})
    frozen = runs.solved & (runs.stopped_epoch >= 0)
    assert frozen.any()
    # Frozen at an epoch between two readings it is solved from the next one on at the latest.
    later = -(-runs.stopped_epoch // 4) * 4
    assert (runs.settled_epoch[frozen] <= later[frozen]).all()


@each_engine
def test_a_run_that_diverges_is_never_settled(engine: str) -> None:
    wild = {
        "network": {"widths": "2-3-1", "activation": "relu", "output_activation": "linear"},
        "optimizer": {"name": "sgd", "lr": 50.0},
        "solved": {"within": 3.0},
    }
    runs = trained(engine, **wild)
    lost = runs.diverged & (runs.solved_epoch >= 0)
    assert lost.any()
    assert (runs.settled_epoch[runs.diverged] == -1).all()


@each_engine
def test_of_held_out_examples_too(engine: str) -> None:
    moons = {
        "task": {"name": "moons", "points": 20, "noise": 0.2},
        "split": {"held_out": 0.25},
        "solved": {"accuracy": 0.8, "on": "held_out"},
        "epochs": 13,
    }
    runs, reference = trained(engine, **moons), trained("reference", **moons)
    assert len(set(reference.settled_epoch)) > 2
    np.testing.assert_array_equal(runs.settled_epoch, reference.settled_epoch)


@each_engine
def test_it_goes_with_its_run(engine: str) -> None:
    runs = trained(engine, seeds=range(12))
    parts = [select(runs, range(7, 12)), select(runs, range(7))]
    np.testing.assert_array_equal(concatenate(parts).settled_epoch, runs.settled_epoch)
    np.testing.assert_array_equal(trained(engine, seeds=range(7, 12)).settled_epoch, parts[0].settled_epoch)
