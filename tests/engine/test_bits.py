"""No chunking, thread, neighbour, lane count or recording changes a bit of a run."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from trainlab.engine.fast import FastEngine
from trainlab.engine.protocol import Engine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.runs import ARRAYS, Runs, concatenate, select
from trainlab.spec import SGD, Adam, Experiment, Full, Network, Record, Single

SEEDS = range(1000, 1041)
FAST = FastEngine(networks=8)
ADAM = Experiment(
    network=Network(widths=(2, 5, 4, 1)),
    optimizer=Adam(lr=0.01),
    sampling=Single(),
    epochs=300,
    record=Record(loss_every=10, gradient_every=20, solved_every=5),
)
SIGMOID = Experiment(
    network=Network(widths=(2, 3, 1), activation=("relu", "sigmoid"), output_bias=None),
    optimizer=SGD(lr=0.5, momentum=0.9),
    loss="l1",
    sampling=Full(),
    epochs=400,
    record=Record(loss_every=10, gradient_every=20, solved_every=5),
)
each_experiment = pytest.mark.parametrize("experiment", [ADAM, SIGMOID], ids=["single", "full"])


def assert_same_bits(a: Runs, b: Runs, names: tuple[str, ...] = ARRAYS) -> None:
    assert a.seeds == b.seeds
    for name in names:
        left, right = getattr(a, name), getattr(b, name)
        assert left.dtype == right.dtype, name
        assert left.shape == right.shape, name
        assert left.tobytes() == right.tobytes(), name


def whole(experiment: Experiment) -> Runs:
    return FAST.train(experiment, SEEDS)[0]


def with_record(experiment: Experiment, record: Record) -> Experiment:
    return msgspec.structs.replace(experiment, record=record)


@each_experiment
def test_the_same_twice(experiment: Experiment) -> None:
    assert_same_bits(whole(experiment), whole(experiment))


@each_experiment
def test_chunks_split_at_odd_places_in_any_order(experiment: Experiment) -> None:
    borders = [1000, 1001, 1004, 1017, 1024, 1038, 1041]
    ranges = [range(a, b) for a, b in pairwise(borders)]
    parts = [FAST.train(experiment, chunk)[0] for chunk in reversed(ranges)]
    assert_same_bits(concatenate(parts), whole(experiment))


@each_experiment
def test_threads(experiment: Experiment) -> None:
    assert_same_bits(FAST.train(experiment, SEEDS, threads=2)[0], whole(experiment))


@each_experiment
def test_one_run_by_itself(experiment: Experiment) -> None:
    seeds = range(1013, 1014)
    assert_same_bits(FAST.train(experiment, seeds)[0], select(whole(experiment), seeds))


@each_experiment
def test_eight_or_thirty_two_networks_side_by_side(experiment: Experiment) -> None:
    assert_same_bits(FastEngine(networks=32).train(experiment, SEEDS)[0], whole(experiment))


@each_experiment
def test_what_the_population_size_chooses(experiment: Experiment) -> None:
    # 41 runs stand 32 side by side, 5 runs 8.
    few = range(1020, 1025)
    engine = FastEngine()
    assert_same_bits(engine.train(experiment, few)[0], select(engine.train(experiment, SEEDS)[0], few))


@each_experiment
def test_recording_changes_no_parameter(experiment: Experiment) -> None:
    runs = whole(experiment)
    names = ("parameters", "predictions", "loss", "gradient", "solved", "diverged_step")
    never = Record(loss_every=0, gradient_every=0, solved_every=0)
    for record in (never, Record(loss_every=1, gradient_every=3, solved_every=1)):
        assert_same_bits(FAST.train(with_record(experiment, record), SEEDS)[0], runs, names)


@each_experiment
@pytest.mark.parametrize("engine", [FAST, ReferenceEngine()], ids=["fast", "reference"])
def test_a_mark_is_the_shorter_run(engine: Engine, experiment: Experiment) -> None:
    long, seeds = (experiment, SEEDS) if engine.name == "fast" else (experiment.at_epochs(30), SEEDS[:2])
    short = long.epochs // 3
    at_mark, at_end = engine.train(long, seeds, marks=(short, long.epochs))
    assert at_mark.experiment == long.at_epochs(short)
    assert_same_bits(at_mark, engine.train(long.at_epochs(short), seeds)[0])
    assert_same_bits(at_end, engine.train(long, seeds)[0])


@each_experiment
def test_a_mark_between_two_recordings(experiment: Experiment) -> None:
    at_mark = FAST.train(experiment, SEEDS, marks=(37, experiment.epochs))[0]
    assert_same_bits(at_mark, FAST.train(experiment.at_epochs(37), SEEDS)[0])


def test_samples_read_at_once_change_no_bit_of_single_sampling() -> None:
    runs = FastEngine(networks=8, samples=1).train(ADAM, SEEDS)[0]
    # Loss and gradient over the whole data are sums over samples, in blocks of one or of four: rounded apart.
    names = ("parameters", "predictions", "solved", "solved_epoch", "diverged_step")
    assert_same_bits(runs, whole(ADAM), names)
    np.testing.assert_allclose(runs.loss_curve, whole(ADAM).loss_curve, rtol=1e-6)


def test_samples_read_at_once_round_full_batches_apart() -> None:
    short = SIGMOID.at_epochs(10)
    runs = FastEngine(networks=8, samples=1).train(short, SEEDS)[0]
    np.testing.assert_allclose(runs.parameters, FAST.train(short, SEEDS)[0].parameters, rtol=1e-4, atol=1e-6)


def test_different_seeds_differ() -> None:
    parameters = whole(ADAM).parameters
    assert len(np.unique(parameters, axis=0)) == len(SEEDS)
