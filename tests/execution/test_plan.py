"""What there is to do, as chunks, and how far that is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from execution.fake_engine import made_up
from hypothesis import given, settings
from hypothesis import strategies as st

from trainlab.execution import Chunk, plan
from trainlab.execution.plan import Workload, progress, spared_steps
from trainlab.spec import Experiment
from trainlab.store import Store

BASE = Experiment.from_dict({"network": "2-2-1", "epochs": 1})
SETTINGS = [
    BASE,
    Experiment.from_dict({"network": "2-11-1", "epochs": 1}),
    Experiment.from_dict({"network": "2-2-1", "epochs": 1, "sampling": "single"}),
]

experiments = st.builds(
    lambda setting, epochs: SETTINGS[setting].at_epochs(epochs), st.integers(0, 2), st.integers(1, 4)
)
seed_ranges = st.builds(
    lambda start, size: range(start, start + size), st.integers(0, 25), st.integers(1, 25)
)


@pytest.mark.computes
@settings(deadline=None)
@given(
    held=st.lists(st.tuples(experiments, seed_ranges), max_size=6),
    wanted=st.lists(experiments, max_size=8),
    seeds=seed_ranges,
    chunk_seeds=st.integers(1, 12),
)
def test_chunks_are_exactly_what_is_missing(
    held: list[tuple[Experiment, range]], wanted: list[Experiment], seeds: range, chunk_seeds: int
) -> None:
    with Store.in_memory() as store:
        for experiment, some in held:
            store.save([made_up(experiment, some)], engine="fake")
        chunks = plan(
            wanted,
            missing=lambda experiment: store.missing(experiment, seeds, engine="fake"),
            chunk_seeds=chunk_seeds,
        )
    there = {(experiment, seed) for experiment, some in held for seed in some}
    due = Counter(
        {(experiment, seed): 1 for experiment in wanted for seed in seeds} | dict.fromkeys(there, 0)
    )
    planned = Counter(
        (chunk.experiment.at_epochs(mark), seed)
        for chunk in chunks
        for mark in chunk.marks
        for seed in chunk.seeds
    )
    assert planned == due
    for chunk in chunks:
        assert 1 <= len(chunk.seeds) <= chunk_seeds
        assert list(chunk.marks) == sorted(set(chunk.marks))
        assert chunk.marks[-1] == chunk.experiment.epochs
    costs = [chunk.cost for chunk in chunks]
    assert costs == sorted(costs, reverse=True)
    # No training is begun twice for one seed.
    trained = Counter((chunk.experiment.at_epochs(1), seed) for chunk in chunks for seed in chunk.seeds)
    assert set(trained.values()) <= {1}


def chunks_of(
    *experiments: Experiment, held: dict[int, list[range]], chunk_seeds: int = 100
) -> tuple[Chunk, ...]:
    return plan(experiments, missing=lambda each: held.get(each.epochs, []), chunk_seeds=chunk_seeds)


def test_experiments_that_differ_in_epochs_are_trained_once() -> None:
    both = chunks_of(BASE.at_epochs(30), BASE.at_epochs(200), held={30: [range(50)], 200: [range(50)]})
    assert both == (Chunk(experiment=BASE.at_epochs(200), seeds=range(50), marks=(30, 200)),)


def test_a_mark_that_is_there_is_not_asked_for_but_a_longer_one_is() -> None:
    assert chunks_of(BASE.at_epochs(30), BASE.at_epochs(200), held={200: [range(9)]}) == (
        Chunk(experiment=BASE.at_epochs(200), seeds=range(9), marks=(200,)),
    )


def test_a_training_goes_only_as_far_as_is_missing() -> None:
    assert chunks_of(BASE.at_epochs(30), BASE.at_epochs(200), held={30: [range(9)]}) == (
        Chunk(experiment=BASE.at_epochs(30), seeds=range(9), marks=(30,)),
    )


def test_whole_chunks_first_then_the_rest() -> None:
    chunks = chunks_of(BASE, held={1: [range(3, 28)]}, chunk_seeds=10)
    assert [chunk.seeds for chunk in chunks] == [range(3, 13), range(13, 23), range(23, 28)]


def test_costliest_first() -> None:
    cheap, dear = SETTINGS[0].at_epochs(100), SETTINGS[1].at_epochs(50)
    chunks = plan([cheap, dear], missing=lambda _: [range(10)], chunk_seeds=10)
    assert [chunk.experiment for chunk in chunks] == [dear, cheap]
    assert [chunk.cost for chunk in chunks] == [45 * 10 * 50, 9 * 10 * 100]


def test_amounts_of_a_chunk() -> None:
    chunk = Chunk(experiment=SETTINGS[2].at_epochs(30), seeds=range(7), marks=(10, 30))
    assert (chunk.runs, chunk.steps, chunk.cost) == (14, 7 * 30 * 4, 7 * 30 * 4 * 9)


def test_trainings_whose_schedule_looks_ahead_are_not_one_read_at_marks() -> None:
    ahead = Experiment.from_dict({"network": "2-2-1", "schedule": "cosine_annealing"})
    fixed = Experiment.from_dict({"network": "2-2-1", "schedule": {"name": "cosine_annealing", "T_max": 9}})

    def marks(experiment: Experiment) -> list[tuple[int, ...]]:
        wanted = [experiment.at_epochs(3), experiment.at_epochs(5)]
        chunks = plan(wanted, missing=lambda _: [range(4)], chunk_seeds=10)
        assert [chunk.experiment.epochs for chunk in chunks] == [chunk.marks[-1] for chunk in chunks]
        return [chunk.marks for chunk in chunks]

    assert ahead.looks_ahead
    assert marks(ahead) == [(5,), (3,)]
    assert marks(fixed) == [(3, 5)]


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
