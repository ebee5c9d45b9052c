"""An engine that makes numbers up: a pure function of experiment, seed and epoch."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainlab.engine import Runs
from trainlab.engine.runs import ARRAYS, curve_rows, encode, recorded_epochs
from trainlab.spec import Experiment, Full


def made_up(experiment: Experiment, seeds: range, *, dtype: Any = np.float32) -> Runs:
    """Return runs of which every seventh diverges; a longer one's curves begin like a shorter one's."""
    salt = int(experiment.at_epochs(1).fingerprint[:6], 16)
    rows = np.array(seeds, dtype=np.int64)

    def wave(*shape: int, epochs: Any) -> Any:
        size = int(np.prod(shape))
        phase = rows.reshape(-1, 1, 1) * 0.7 + salt + np.arange(size) * 1.3
        return np.sin(phase + np.asarray(epochs).reshape(1, -1, 1) * 0.01).astype(dtype)

    end = experiment.epochs
    layers, data = experiment.network.layers, experiment.data()
    lost, full = rows % 7 == 3, isinstance(experiment.sampling, Full)
    predictions = wave(data.points, data.outputs, epochs=end).reshape(-1, data.points, data.outputs)
    predictions[lost] = np.inf
    loss = wave(1, epochs=end).reshape(-1)
    loss[lost] = np.nan
    loss_epochs = recorded_epochs(experiment.record.loss_every, end)
    gradient_epochs = recorded_epochs(experiment.record.gradient_every, end)
    loss_curve = wave(1, epochs=loss_epochs).reshape(len(rows), len(loss_epochs))
    loss_curve[lost, 1:] = -np.inf
    record, kept = experiment.record, curve_rows(experiment, seeds)
    held_out = wave(2, epochs=end).reshape(-1, 2)
    return Runs(
        experiment=experiment,
        first_seed=seeds.start,
        solved=(rows % 3 == 0) & ~lost,
        solved_epoch=np.where(rows % 3 == 0, rows % 50, -1),
        settled_epoch=np.where((rows % 3 == 0) & ~lost, rows % 50 + rows % 2, -1),
        stopped_epoch=np.where(rows % 5 == 0, rows % 40, -1),
        diverged_step=np.where(lost, rows + 1, -1),
        loss=loss,
        accuracy=np.where(lost, 0, rows % 5 / 4).astype(dtype),
        held_out_loss=held_out[:, 0],
        held_out_accuracy=held_out[:, 1],
        predictions=predictions[:, : record.predictions],
        parameters=wave(experiment.network.parameters if record.parameters else 0, epochs=end).reshape(
            len(rows), -1
        ),
        gradient=wave(layers, epochs=end).reshape(-1, layers),
        step_gradient=wave(layers, epochs=end if full else end + 20).reshape(-1, layers),
        loss_curve=loss_curve[:kept],
        gradient_curve=wave(layers, epochs=gradient_epochs).reshape(len(rows), len(gradient_epochs), layers)[
            :kept
        ],
        coarse_loss=encode(loss_curve[kept:]),
    )


def assert_same(ours: Runs, theirs: Runs) -> None:
    """Check that two results are equal to the bit (or both NaN)."""
    assert ours.experiment.fingerprint == theirs.experiment.fingerprint
    assert ours.seeds == theirs.seeds
    for name in ARRAYS:
        one, other = getattr(ours, name), getattr(theirs, name)
        assert one.dtype == other.dtype, name
        assert one.shape == other.shape, name
        np.testing.assert_array_equal(one, other, err_msg=name)


@dataclass(kw_only=True)
class FakeEngine:
    """Takes `seconds` a chunk, fails at the seed `fails_at`, and remembers what it was asked for."""

    name: str = "fake"
    in_processes: bool = False
    chunk_seeds: int = 10
    seconds: float = 0.0
    fails_at: int = -1
    asked: list[tuple[range, tuple[int, ...], int]] = field(default_factory=list)

    def train(
        self, experiment: Experiment, seeds: range, *, marks: tuple[int, ...] = (), threads: int = 1
    ) -> tuple[Runs, ...]:
        self.asked.append((seeds, marks, threads))
        time.sleep(self.seconds)
        if self.fails_at in seeds:
            raise ZeroDivisionError(f"seed {self.fails_at}")
        return tuple(made_up(experiment.at_epochs(mark), seeds) for mark in marks or (experiment.epochs,))
