"""Gradients as a training step reads them: of the examples it would see, by every engine, stopped or not."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from trainlab.engine import Runs, rng
from trainlab.engine.fast import FastEngine
from trainlab.engine.layout import drawing_seeds, layers_of
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.runs import Engine
from trainlab.engine.torch import TorchEngine
from trainlab.spec import Experiment, Record

SEEDS = range(44, 52)
# Noise, dropout, penalty and clipping are in every step, and in no reading.
DISTURBED: dict[str, Any] = {
    "network": {"widths": "2-4-3-1", "dropout": 0.4},
    "task": {"name": "moons", "points": 14, "noise": 0.2},
    "split": {"held_out": 0.2},
    "optimizer": {"name": "adam", "lr": 0.03},
    "penalty": {"l2": 0.01},
    "clip": {"norm": 0.1},
    "noise": {"std": 0.3},
    "epochs": 7,
    "record": {"gradients": "step", "gradient_every": 2, "loss_every": 3},
}
# Eleven are trained on: batches of 4 leave one of 3, and three draws an epoch are not four.
SAMPLINGS: dict[str, Any] = {
    "single": {"name": "single", "steps_per_epoch": 3},
    "batches": {"name": "batch", "batch_size": 4},
    "batches drawn": {"name": "batch", "batch_size": 5, "replacement": True},
    "full": "full",
}
REFERENCE = ReferenceEngine(dtype="float64")
OTHERS: dict[str, Engine] = {
    "fast": FastEngine(dtype="float64", networks=8),
    "torch": TorchEngine(dtype="float64"),
}
each_sampling = pytest.mark.parametrize("sampling", SAMPLINGS)
each_engine = pytest.mark.parametrize("engine", OTHERS)


def experiment_of(sampling: str, **fields: Any) -> Experiment:
    return Experiment.from_dict({**DISTURBED, "sampling": SAMPLINGS[sampling], **fields})


def drawn(experiment: Experiment, seed: int, epoch: int) -> Any:
    """Return which examples the first step of an epoch sees, from the words of Philox."""
    points, sampling = experiment.data().points, msgspec.to_builtins(experiment.sampling)
    key = int(drawing_seeds(experiment, np.array([seed], dtype=np.uint64))[0])
    if sampling["name"] == "full":
        return np.arange(points)
    size = sampling.get("batch_size", 1)
    if sampling["name"] == "batch" and not sampling["replacement"]:
        return rng.shuffled(key, epoch=epoch, points=points)[:size]
    first = epoch * experiment.steps_per_epoch * size
    return rng.batch_indices(key, first=first, count=size, points=points)


def by_hand(experiment: Experiment, row: Any, chosen: Any) -> list[float]:
    """Return each layer's mean |∂L/∂w| over these examples, of parameters ``[P]``, by autograd."""
    data = experiment.data()
    weights: list[Any] = []
    values: Any = torch.tensor(data.inputs[chosen])
    for layer in layers_of(experiment.network):
        weight = torch.tensor(row[layer.weights].reshape(layer.fan_out, layer.fan_in), requires_grad=True)
        values = torch.tanh(values @ weight.T + torch.tensor(row[layer.biases]))
        weights.append(weight)
    ((values - torch.tensor(data.targets[chosen])) ** 2).mean().backward()
    return [float(weight.grad.abs().mean()) for weight in weights]


def test_steps_of_eleven_examples() -> None:
    assert experiment_of("single").data().points == 11
    assert len(drawn(experiment_of("batches"), 44, 0)) == 4


@each_sampling
def test_the_reference_reads_the_examples_of_the_step_that_comes_next(sampling: str) -> None:
    experiment = experiment_of(sampling)
    short, there = REFERENCE.train(experiment, SEEDS[:3], marks=(4, 7))
    for runs in (short, there):
        epoch = runs.experiment.epochs
        for seed, row, found in zip(runs.seeds, runs.parameters, runs.step_gradient, strict=True):
            expected = by_hand(experiment, row, drawn(experiment, seed, epoch))
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        everything = [by_hand(experiment, row, slice(None)) for row in runs.parameters]
        np.testing.assert_allclose(runs.gradient, everything, rtol=1e-12)
    # At the mark the curve was read, too; the last epoch falls between two readings of it.
    np.testing.assert_array_equal(short.gradient_curve[:, 2], short.step_gradient)
    assert there.gradient_curve.shape[1] == 4
    assert np.array_equal(there.gradient, there.step_gradient) == (sampling == "full")


def assert_alike(found: Runs, expected: Runs) -> None:
    for name in ("gradient", "step_gradient", "gradient_curve"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-14, err_msg=name
        )


@each_engine
@each_sampling
def test_the_others_read_what_the_reference_does(sampling: str, engine: str) -> None:
    experiment = experiment_of(sampling)
    expected = REFERENCE.train(experiment, SEEDS, marks=(2, 7))
    for found, there in zip(OTHERS[engine].train(experiment, SEEDS, marks=(2, 7)), expected, strict=True):
        assert_alike(found, there)


@each_engine
@pytest.mark.parametrize("sampling", ["single", "batches"])
def test_a_run_that_has_stopped_is_read_on_at_the_steps_it_would_have_made(
    sampling: str, engine: str
) -> None:
    stopping = {"name": "patience", "patience": 1, "every": 1, "min_delta": 1.0}
    experiment = experiment_of(sampling, stopping=stopping)
    (expected,), (found,) = (each.train(experiment, SEEDS) for each in (REFERENCE, OTHERS[engine]))
    assert (expected.stopped_epoch == 2).all()
    assert_alike(found, expected)
    # The same weights, by the draws of other steps.
    later = expected.gradient_curve[:, 1:]
    assert (np.ptp(later, axis=1).max(axis=1) > 0).all()


@each_engine
def test_a_training_that_goes_on_draws_for_itself(engine: str) -> None:
    before = experiment_of("single")
    experiment = msgspec.structs.replace(before, epochs=3, after=before)
    (expected,), (found,) = (each.train(experiment, SEEDS[:4]) for each in (REFERENCE, OTHERS[engine]))
    assert_alike(found, expected)
    row = by_hand(experiment, expected.parameters[0], drawn(experiment, SEEDS[0], 3))
    np.testing.assert_allclose(expected.step_gradient[0], row, rtol=1e-12)


@each_engine
@each_sampling
def test_to_read_them_changes_no_bit_of_the_training(sampling: str, engine: str) -> None:
    plain = experiment_of(sampling, record={"gradient_every": 0, "loss_every": 0})
    often = msgspec.structs.replace(plain, record=Record(gradient_every=1, loss_every=0, gradients="step"))
    first, second = (OTHERS[engine].train(each, SEEDS)[0] for each in (plain, often))
    assert first.parameters.tobytes() == second.parameters.tobytes()
    assert first.step_gradient.tobytes() == second.step_gradient.tobytes()
    # In full batches a step's are those of all examples, so both are one experiment.
    with_data = msgspec.structs.replace(often, record=Record(gradient_every=1, loss_every=0))
    assert (with_data.fingerprint == often.fingerprint) == (sampling == "full")
