"""Subnormal numbers are 0 while a tile is trained: no weight feels it, nor what the thread does later."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from trainlab.engine.fast.engine import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.run_steps import _Played, read_steps, steps_of, train_alone
from trainlab.engine.runs import Runs
from trainlab.spec import Experiment

Unit = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 4)
SMALLEST = np.finfo(np.float32).smallest_normal

LEARNT = Experiment.from_dict(
    {
        "network": {"widths": [2, 5, 4, 1], "output_activation": "linear"},
        "init": "normal",
        "optimizer": {"name": "adam", "lr": 0.02},
        "sampling": {"name": "single", "steps_per_epoch": 4},
        "epochs": 2001,
    }
)
"""The assignment's best cell: its losses reach 1e-15 and less, and Adam's averages 1e-38."""


class WithSubnormals(_Played):
    """A run whose units are called as they are, in a thread that keeps subnormal numbers."""

    def __init__(self, run: Runs) -> None:
        super().__init__(run, examples=(), gradients="data")
        address = self._record.ctypes.data
        steps = Unit(int(self._record["unit_steps"]))
        self._steps = lambda a, b, c: steps(address, a, b, c)


def subnormal(values: np.ndarray) -> np.ndarray:
    return (values != 0) & (np.abs(values) < SMALLEST)


@pytest.mark.parametrize("seed", [0, 1])
def test_of_a_network_that_has_learnt_no_bit_of_a_weight_is_another(seed: int):
    run = train_alone(LEARNT, seed)
    played = WithSubnormals(run)
    played.advance(0, steps_of(LEARNT))
    state = played._memory[played._job.rows.first_state : played._job.rows.gradient]
    assert subnormal(state).any(), "there was nothing to flush"
    assert played.parameters.tobytes() == run.parameters[0].tobytes()
    flushed = read_steps(run, [steps_of(LEARNT)])
    assert not subnormal(flushed.state).any()
    assert flushed.parameters[0].tobytes() == run.parameters[0].tobytes()


def test_what_comes_after_has_them_again():
    FastEngine().train(LEARNT.at_epochs(1), range(8), threads=1)
    tiny = np.full(4, SMALLEST, dtype=np.float32) * np.float32(0.25)
    assert subnormal(tiny).all()
    assert float(tiny[0]) != 0.0


def test_where_signs_are_all_that_counts_the_smallest_still_moves_a_weight():
    # The second layer passes back 1e-41 of the gradient, whose sign Lion takes.
    weights = [{"name": "constant", "val": val} for val in (0.5, 1e-41, 1.0)]
    still = Experiment.from_dict(
        {
            "network": {"widths": "2-1-1-1", "activation": "linear", "bias": False},
            "init": {"weight": weights},
            "optimizer": {"name": "lion", "lr": 0.01, "weight_decay": 0.0},
            "epochs": 1,
        }
    )
    fast, plain = (engine.train(still, range(1))[0] for engine in (FastEngine(), ReferenceEngine()))
    assert fast.parameters[0, 0] != 0.5
    np.testing.assert_allclose(fast.parameters, plain.parameters, rtol=1e-6)
