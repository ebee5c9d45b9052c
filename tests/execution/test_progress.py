from dataclasses import replace

import numpy as np
import pytest
from execution.fake_engine import made_up

from trainlab.execution import Chunk
from trainlab.execution.progress import Workload, progress, spared_steps
from trainlab.spec import Experiment

SMALL = Chunk(
    experiment=Experiment.from_dict({"network": "2-2-1", "epochs": 10}), seeds=range(6), marks=(5, 10)
)
LARGE = Chunk(
    experiment=Experiment.from_dict({"network": "2-11-1", "epochs": 10}), seeds=range(6), marks=(10,)
)


def test_figures_of_half_the_work() -> None:
    total = Workload().plus([SMALL, LARGE])
    now = progress(Workload().plus([LARGE]), total, elapsed=3.0)
    assert (now.chunks_done, now.chunks_total) == (1, 2)
    assert (now.runs_done, now.runs_total) == (6, 18)
    assert (now.steps_done, now.steps_total) == (60, 120)
    assert now.rate == 20.0
    assert now.seconds_left == pytest.approx(3.0 * 9 / 45)


def test_nothing_done_yet() -> None:
    now = progress(Workload(), Workload().plus([SMALL]), elapsed=0.0)
    assert (now.rate, now.seconds_left) == (0.0, None)


def test_all_done() -> None:
    total = Workload().plus([SMALL, LARGE])
    assert progress(total, total, elapsed=2.0).seconds_left == 0.0


def test_steps_of_frozen_networks_are_not_counted_as_trained() -> None:
    runs = made_up(SMALL.experiment, SMALL.seeds)
    stops = np.array([-1, 4, 0, 10, 9, -1])
    spared = spared_steps(replace(runs, stopped_epoch=stops))
    assert spared == 6 + 10 + 1
    total = Workload().plus([SMALL, LARGE])
    now = progress(Workload().plus([SMALL], spared=spared), total, elapsed=2.0)
    assert (now.steps_done, now.steps_trained, now.rate) == (60, 43, 21.5)
    assert Workload(spared=5).plus([SMALL], spared=2).spared == 7
