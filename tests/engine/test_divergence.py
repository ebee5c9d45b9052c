"""A network that diverges is a result: the step is right, its neighbours stay the same, nothing is raised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import trainlab.engine.fast.tiles as tiles
from trainlab.engine.fast import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.runs import ARRAYS, NEVER, select
from trainlab.spec import SGD, Experiment, Full, Init, Network, Normal, Sampling, Single

SEEDS = range(100, 108)
# At this rate some of the seeds diverge and others don't.
RATE = 0.2


def experiment_of(lr: float, sampling: Sampling, epochs: int = 60) -> Experiment:
    return Experiment(
        network=Network(widths=(2, 3, 1), activation="linear"),
        init=Init(weight=Normal(), bias=Normal()),
        optimizer=SGD(lr=lr),
        sampling=sampling,
        epochs=epochs,
    )


@pytest.mark.parametrize("sampling", [Full(), Single(steps_per_epoch=2)])
@pytest.mark.parametrize("lr", [RATE, 10.0, 1e30])
def test_the_step_is_that_of_the_reference(lr: float, sampling: Sampling) -> None:
    experiment = experiment_of(lr, sampling)
    fast = FastEngine(dtype="float64", networks=8).train(experiment, SEEDS)[0]
    reference = ReferenceEngine(dtype="float64").train(experiment, SEEDS)[0]
    np.testing.assert_array_equal(fast.diverged_step, reference.diverged_step)
    assert fast.diverged.any()
    if lr == RATE:
        assert not fast.diverged.all()
    assert not fast.solved[fast.diverged].any()
    assert (fast.diverged_step[fast.diverged] > 0).all()


def test_a_run_that_breaks_after_its_last_step_has_diverged() -> None:
    long = FastEngine(dtype="float64", networks=8).train(experiment_of(10.0, Full()), SEEDS)[0]
    step = int(long.diverged_step[0])
    for epochs, expected in ((step - 1, NEVER), (step, step), (step + 1, step)):
        runs = FastEngine(dtype="float64", networks=8).train(experiment_of(10.0, Full(), epochs), SEEDS)[0]
        assert runs.diverged_step[0] == expected
    at_mark = FastEngine(dtype="float64", networks=8).train(
        experiment_of(10.0, Full()), SEEDS, marks=(step - 1, step, 60)
    )
    assert [int(runs.diverged_step[0]) for runs in at_mark] == [NEVER, step, step]


@pytest.mark.parametrize("sampling", [Full(), Single()])
def test_neighbours_of_a_broken_network_keep_every_bit(
    sampling: Sampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = experiment_of(0.05, sampling, 50)
    engine = FastEngine(networks=8)
    clean = engine.train(experiment, SEEDS)[0]
    original = tiles.initial_parameters

    def spoilt(wanted: Experiment, seeds: range, **draws: Any) -> Any:
        parameters = original(wanted, seeds, **draws)
        parameters[2, 0], parameters[5, 1] = np.nan, np.inf
        return parameters

    monkeypatch.setattr(tiles, "initial_parameters", spoilt)
    broken = engine.train(experiment, SEEDS)[0]
    for row in (0, 1, 3, 4, 6, 7):
        ours, theirs = (select(runs, SEEDS[row : row + 1]) for runs in (broken, clean))
        for name in ARRAYS:
            assert getattr(ours, name).tobytes() == getattr(theirs, name).tobytes(), name
    assert not clean.diverged.any()
    np.testing.assert_array_equal(np.flatnonzero(broken.diverged), [2, 5])
    assert not broken.solved[[2, 5]].any()


def test_diverging_neighbours_change_no_bit() -> None:
    experiment = experiment_of(RATE, Full())
    together = FastEngine(networks=8).train(experiment, SEEDS)[0]
    assert together.diverged.any()
    for row in np.flatnonzero(~together.diverged):
        alone = FastEngine(networks=8).train(experiment, range(SEEDS[row], SEEDS[row] + 1))[0]
        assert alone.parameters.tobytes() == together.parameters[row].tobytes()
