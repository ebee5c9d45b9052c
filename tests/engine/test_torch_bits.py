"""No chunking, thread, neighbour or recording changes a bit of what the torch engine gives."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest
import torch

from trainlab.engine.runs import ARRAYS, Runs, concatenate, encode, select
from trainlab.engine.torch import TorchEngine
from trainlab.engine.torch.engine import BUDGET, MOST, available_devices, block_size
from trainlab.spec import Experiment, Record

SEEDS = range(990, 1031)
RECORD = {"loss_every": 2, "gradient_every": 3, "solved_every": 1, "curves": 1010}
# Widths at which products of torch are rounded otherwise in another place, and functions whose vectors take
# another path where one of their numbers is large.
BASE: dict[str, Any] = {
    "network": {"widths": "2-13-33-3", "activation": ["tanh", "sin", "linear"]},
    "task": {"name": "blobs", "points": 30, "classes": 3, "std": 2.0},
    "split": {"held_out": 0.2},
    "loss": "cross_entropy",
    "optimizer": {"name": "adam", "lr": 0.03},
    "epochs": 7,
    "solved": {"accuracy": 0.8},
    "record": RECORD,
}
EXPERIMENTS: dict[str, dict[str, Any]] = {
    "batch": {"sampling": {"name": "batch", "batch_size": 7}, "clip": {"norm": 0.5}},
    "single": {"sampling": "single", "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}},
    "full": {"network": {"widths": "2-13-33-3", "activation": "gelu", "dropout": 0.2}, "noise": {"std": 0.1}},
    "plateau": {"schedule": {"name": "reduce_on_plateau", "patience": 0}, "stopping": {"patience": 2}},
    "wide": {"network": {"widths": "2-1500-3", "activation": "relu"}, "epochs": 2},
    "diverging": {"optimizer": {"name": "sgd", "lr": 3.0}, "stopping": "solved", "loss": "mse", "epochs": 40},
}
each_experiment = pytest.mark.parametrize("name", EXPERIMENTS)
ENGINE = TorchEngine()


def experiment_of(name: str) -> Experiment:
    return Experiment.from_dict({**BASE, **EXPERIMENTS[name]})


def assert_same_bits(a: Runs, b: Runs, names: tuple[str, ...] = ARRAYS) -> None:
    assert a.seeds == b.seeds
    for name in names:
        left, right = getattr(a, name), getattr(b, name)
        assert left.dtype == right.dtype, name
        assert left.shape == right.shape, name
        assert left.tobytes() == right.tobytes(), name


@each_experiment
@pytest.mark.parametrize("device", available_devices())
def test_chunks_split_at_odd_places_in_any_order_and_threads(name: str, device: str) -> None:
    experiment, engine = experiment_of(name), TorchEngine(device=device)
    whole = engine.train(experiment, SEEDS)[0]
    borders = [990, 991, 1004, 1023, 1024, 1031]
    ranges = [range(a, b) for a, b in pairwise(borders)]
    parts = [engine.train(experiment, chunk, threads=2)[0] for chunk in reversed(ranges)]
    assert_same_bits(concatenate(parts), whole)
    one = range(1013, 1014)
    assert_same_bits(engine.train(experiment, one)[0], select(whole, one))


@each_experiment
def test_a_mark_is_the_shorter_run_and_recording_changes_nothing(name: str) -> None:
    experiment, few = experiment_of(name), SEEDS[:5]
    last = experiment.epochs
    long = ENGINE.train(experiment, few, marks=(1, last))
    assert_same_bits(long[0], ENGINE.train(experiment.at_epochs(1), few)[0])
    if name != "diverging":
        # With stopping = "solved" records decide what stops.
        quiet = Record(loss_every=0, gradient_every=0, solved_every=0)
        silent = ENGINE.train(msgspec.structs.replace(experiment, record=quiet), few)[0]
        assert_same_bits(silent, long[1], ("parameters", "predictions", "loss", "gradient", "diverged_step"))


def test_seeds_that_keep_no_curve_keep_its_losses_rounded() -> None:
    experiment = experiment_of("batch")
    runs = ENGINE.train(experiment, SEEDS)[0]
    record = msgspec.structs.replace(experiment.record, curves=5000)
    full = ENGINE.train(msgspec.structs.replace(experiment, record=record), SEEDS)[0]
    assert (len(full.coarse_loss), len(runs.coarse_loss)) == (0, 21)
    assert runs.loss_curve.tobytes() == full.loss_curve[:20].tobytes()
    assert runs.gradient_curve.tobytes() == full.gradient_curve[:20].tobytes()
    assert runs.coarse_loss.tobytes() == encode(full.loss_curve[20:]).tobytes()


def test_what_happens_to_the_caller_of_torch() -> None:
    before, state = torch.get_num_threads(), torch.random.get_rng_state()
    ENGINE.train(experiment_of("full"), range(2), threads=2)
    assert torch.get_num_threads() == before
    assert torch.equal(torch.random.get_rng_state(), state)


def test_diverging_has_both_kinds() -> None:
    diverged = ENGINE.train(experiment_of("diverging"), SEEDS)[0].diverged
    assert diverged.any()
    assert not diverged.all()


@pytest.mark.parametrize("widths", ["2-2-1", "2-5-4-1", "2-64-64-1", "2-300-300-1", "2-4000-4000-1"])
def test_blocks_are_powers_of_two_that_divide_a_chunk(widths: str) -> None:
    experiment = Experiment.from_dict({"network": widths})
    sizes = {device: block_size(experiment, device=device) for device in BUDGET}
    for size in sizes.values():
        assert MOST % size == 0
    assert sizes["cuda"] >= sizes["cpu"] >= 4
    assert sizes["cpu"] == {"2-2-1": 512, "2-5-4-1": 512, "2-64-64-1": 128}.get(widths, 4)
