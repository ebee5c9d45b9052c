"""No chunking, thread, neighbour, lane count, block size, recording or check changes a bit of a run."""

from __future__ import annotations

import numpy as np
import pytest
from engine.bits import EXPERIMENTS, FEW, PLAIN, SEEDS, Way, all_ways, differing, train

from trainlab.engine.fast import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.runs import Engine, Runs, select
from trainlab.maths import LINKS, LOSSES, OPTIMIZERS
from trainlab.spec import Experiment, name_of

FAST = FastEngine(dtype="float64", networks=8)
each_experiment = pytest.mark.parametrize("name", EXPERIMENTS)


def assert_same_bits(a: Runs, b: Runs, *, curves: bool = True) -> None:
    assert a.seeds == b.seeds
    assert differing(a, b, curves=curves) == []


@each_experiment
def test_however_the_work_is_split(name: str) -> None:
    plain = train(EXPERIMENTS[name], PLAIN)
    for way in FEW:
        runs = train(EXPERIMENTS[name], way)
        assert differing(runs, plain, curves=way.record == PLAIN.record) == [], way


def test_the_experiments_have_every_kind_of_step() -> None:
    met = EXPERIMENTS.values()
    assert {name_of(each.optimizer) for each in met} == set(OPTIMIZERS)
    assert {name_of(each.loss) for each in met} == set(LOSSES)
    assert {LOSSES[name_of(each.loss)].link for each in met} == set(LINKS)
    assert {name_of(each.sampling) for each in met} == {"full", "single", "batch"}
    assert {name_of(each.stopping) for each in met} == {"none", "solved", "patience"}
    # 14 shapes and 2 that check, × 2 numbers of threads × 2 chunkings × 3 recordings: by hand, with bits.py.
    assert len(set(all_ways())) == 16 * 2 * 2 * 3


@pytest.mark.parametrize(
    ("name", "shape"),
    [("single", (64, 2)), ("single", (32, 4)), ("full", (32, 4)), ("classes", (16, 8)), ("classes", (8, 16))],
)
def test_the_shapes_that_the_engine_chooses_at_float32(name: str, shape: tuple[int, int]) -> None:
    networks, samples = shape
    runs = train(EXPERIMENTS[name], Way(networks=networks, samples=samples), "float32")
    assert_same_bits(runs, train(EXPERIMENTS[name], PLAIN, "float32"))


@pytest.mark.parametrize("name", ["single", "full"])
def test_what_the_population_size_chooses(name: str) -> None:
    # 41 runs stand 32 or 64 side by side, 5 runs 8.
    few, engine = range(970, 975), FastEngine()
    experiment = EXPERIMENTS[name]
    assert_same_bits(engine.train(experiment, few)[0], select(engine.train(experiment, SEEDS)[0], few))


@each_experiment
def test_the_same_twice_and_one_run_by_itself(name: str) -> None:
    runs = FAST.train(EXPERIMENTS[name], SEEDS)[0]
    assert_same_bits(FAST.train(EXPERIMENTS[name], SEEDS)[0], runs)
    seeds = range(973, 974)
    assert_same_bits(FAST.train(EXPERIMENTS[name], seeds)[0], select(runs, seeds))


@each_experiment
@pytest.mark.parametrize("engine", [FAST, ReferenceEngine()], ids=["fast", "reference"])
def test_a_mark_is_the_shorter_run(engine: Engine, name: str) -> None:
    experiment = EXPERIMENTS[name].at_epochs(12)
    if experiment.looks_ahead:
        return
    seeds = SEEDS if engine is FAST else SEEDS[:2]
    marks = (4, 7, 12)
    for mark, runs in zip(marks, engine.train(experiment, seeds, marks=marks), strict=True):
        assert runs.experiment == experiment.at_epochs(mark)
        assert_same_bits(runs, engine.train(experiment.at_epochs(mark), seeds)[0])


def test_different_seeds_differ() -> None:
    runs = FAST.train(EXPERIMENTS["single"], SEEDS)[0]
    assert len(np.unique(runs.parameters, axis=0)) == len(SEEDS)


def test_a_difference_is_seen() -> None:
    experiment: Experiment = EXPERIMENTS["single"]
    a, b = FAST.train(experiment, SEEDS)[0], FAST.train(experiment.at_epochs(59), SEEDS)[0]
    assert "parameters" in differing(a, b, curves=True)
    b.parameters[:] = a.parameters
    assert "parameters" not in differing(a, b, curves=True)
    b.parameters[3, 1] = np.nextafter(b.parameters[3, 1], 1.0)
    assert "parameters" in differing(a, b, curves=True)
