"""Equalised gradients and frozen layers: the reference against PyTorch by hand, the engines against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from engine.bits import PLAIN, Way, differing, train
from torch import nn

from trainlab.engine.fast import FastEngine
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.torch import TorchEngine
from trainlab.spec import Experiment

SEEDS = range(3, 5)
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.01},
    "adam": {"lr": 0.02},
    "adamw": {"lr": 0.02, "weight_decay": 0.1},
}
CLASSES = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
TREATMENTS: dict[str, dict[str, Any]] = {
    "equalised": {"gradient": "equalised"},
    "frozen": {"frozen": [1, 3]},
    "both, clipped and penalised": {
        "gradient": "equalised",
        "frozen": [2],
        "clip": {"norm": 0.4},
        "penalty": {"l1": 0.01, "l2": 0.02},
    },
}
each_treatment = pytest.mark.parametrize("treatment", TREATMENTS)


def experiment_of(optimizer: str, treatment: dict[str, Any], **fields: Any) -> Experiment:
    return Experiment.from_dict(
        {
            "network": {"widths": "2-3-2-1", "activation": "tanh", "bias": [True, False, True]},
            "loss": "mse",
            "optimizer": {"name": optimizer, **OPTIMIZERS[optimizer]},
            "epochs": 25,
            **treatment,
            **fields,
        }
    )


def by_hand(experiment: Experiment, name: str, seed: int) -> np.ndarray:
    """Return the parameters that a plain PyTorch loop over all examples ends with."""
    row = initial_parameters(experiment, range(seed, seed + 1))[0]
    layers = []
    for layer in layers_of(experiment.network):
        linear = nn.Linear(
            layer.fan_in, layer.fan_out, bias=layer.first_bias is not None, dtype=torch.float64
        )
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(row[layer.weights]).reshape(layer.fan_out, layer.fan_in))
            if linear.bias is not None:
                linear.bias.copy_(torch.tensor(row[layer.biases]))
        layers.append(linear)
    for number in experiment.frozen:
        layers[number - 1].requires_grad_(False)
    network = nn.Sequential(*(part for linear in layers for part in (linear, nn.Tanh())))
    data = experiment.data()
    inputs, targets = torch.tensor(data.inputs), torch.tensor(data.targets)
    moving = [parameter for parameter in network.parameters() if parameter.requires_grad]
    running = dict.fromkeys(range(len(layers)), 0.0)
    optimizer = CLASSES[name](moving, **OPTIMIZERS[name])
    for _ in range(experiment.epochs):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(network(inputs), targets)
        for linear in layers:
            loss = loss + experiment.penalty.l1 * linear.weight.abs().sum()
            loss = loss + experiment.penalty.l2 * linear.weight.square().sum()
        loss.backward()
        if experiment.gradient == "equalised":
            for index, linear in enumerate(layers):
                if linear.weight.requires_grad:
                    running[index] = 0.9 * running[index] + linear.weight.grad.abs().mean().item()
            for index, linear in enumerate(layers[:-1]):
                if linear.weight.requires_grad:
                    factor = running[len(layers) - 1] / running[index]
                    for parameter in linear.parameters():
                        parameter.grad.mul_(factor)
        if experiment.clip.norm is not None:
            nn.utils.clip_grad_norm_(network.parameters(), experiment.clip.norm)
        optimizer.step()
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in network.parameters()])


@each_treatment
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_reference_trains_as_pytorch_by_hand(name: str, treatment: str) -> None:
    experiment = experiment_of(name, TREATMENTS[treatment])
    runs = ReferenceEngine(dtype="float64").train(experiment, SEEDS)[0]
    for seed, found in zip(SEEDS, runs.parameters, strict=True):
        np.testing.assert_allclose(found, by_hand(experiment, name, seed), rtol=0, atol=1e-11)


@each_treatment
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("sampling", ["full", "single"])
@pytest.mark.parametrize(
    "engine", [FastEngine(dtype="float64", networks=8), TorchEngine(dtype="float64")], ids=["fast", "torch"]
)
def test_the_other_engines_train_as_the_reference(
    engine: FastEngine | TorchEngine, sampling: str, name: str, treatment: str
) -> None:
    experiment = experiment_of(name, TREATMENTS[treatment], sampling=sampling, record={"gradient_every": 5})
    expected = ReferenceEngine(dtype="float64").train(experiment, SEEDS)[0]
    found = engine.train(experiment, SEEDS)[0]
    for array in ("parameters", "gradient_curve", "gradient", "predictions"):
        a, b = getattr(found, array), getattr(expected, array)
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9, err_msg=array)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_frozen_layers_keep_every_bit_and_the_others_move(name: str) -> None:
    experiment = experiment_of(name, TREATMENTS["frozen"])
    start = initial_parameters(experiment, SEEDS).astype(np.float32)
    one, two, three = layers_of(experiment.network)
    for engine in (FastEngine(), TorchEngine(), ReferenceEngine()):
        end = engine.train(experiment, SEEDS)[0].parameters
        for layer in (one, three):
            np.testing.assert_array_equal(end[:, layer.weights], start[:, layer.weights])
            np.testing.assert_array_equal(end[:, layer.biases], start[:, layer.biases])
        assert (end[:, two.weights] != start[:, two.weights]).all()


def test_a_starved_layer_neither_overflows_nor_stands_still_in_float32() -> None:
    # The second layer passes back 1e-41 of the gradient: a factor of 1e40 is more than float32 holds.
    network = {"widths": "2-1-1-1", "activation": "linear", "bias": [False, True, False]}
    weights = [{"name": "constant", "val": val} for val in (0.5, 1e-41, 1.0)]
    init = {"weight": weights, "bias": {"name": "constant", "val": 0.2}}
    plain, equalised = (
        experiment_of("sgd", {"gradient": gradient}, network=network, init=init, epochs=1)
        for gradient in ("plain", "equalised")
    )
    last = 4
    for engine in (FastEngine(), TorchEngine(), ReferenceEngine()):
        stands, moves = (engine.train(each, range(1))[0].parameters[0] for each in (plain, equalised))
        np.testing.assert_array_equal(stands[:2], np.float32([0.5 - 0.05 * 0.01 * 0.5] * 2))
        step = np.abs(moves[:2] - stands[:2])
        # Except for the weight decay, of 0.01 at a rate of 0.05.
        assert step.mean() == pytest.approx(abs(moves[last] - (1.0 - 0.05 * 0.01)), rel=0.01)
        assert step.mean() > 1e-3


def test_a_layer_without_a_gradient_stays_where_it_is() -> None:
    # A second layer of zeros passes nothing back to the first, and is itself moved.
    weights = [{"name": "constant", "val": val} for val in (0.5, 0.0, 1.0)]
    fields = {
        "network": {"widths": "2-3-2-1", "activation": "tanh"},
        "init": {"weight": weights, "bias": {"name": "constant", "val": 0.3}},
        "epochs": 1,
    }
    experiment = experiment_of("sgd", {"gradient": "equalised"}, **fields)
    plain = experiment_of("sgd", {}, **fields)
    first, second, _ = layers_of(experiment.network)
    for engine in (FastEngine(), TorchEngine(), ReferenceEngine()):
        end = engine.train(experiment, range(1))[0].parameters[0]
        expected = engine.train(plain, range(1))[0].parameters[0]
        for places in (first.weights, first.biases):
            np.testing.assert_array_equal(end[places], expected[places])
        assert np.isfinite(end).all()
        assert (end[second.weights] != 0).all()


@pytest.mark.parametrize("treatment", ["equalised", "both, clipped and penalised"])
def test_however_the_work_is_split(treatment: str) -> None:
    experiment = experiment_of("sgd", TREATMENTS[treatment], sampling="single")
    plain = train(experiment, PLAIN)
    for way in (Way(threads=2), Way(chunks=True), Way(checked=True)):
        assert differing(train(experiment, way), plain, curves=True) == [], way


def test_a_training_may_freeze_layers_and_let_them_go_again() -> None:
    first = experiment_of("adam", {"frozen": [1]})
    then = Experiment.from_dict(
        {**experiment_of("adam", {"frozen": [2]}).to_dict(), "after": first.to_dict()}
    )
    one, two, _ = layers_of(first.network)
    before = FastEngine(dtype="float64").train(first, SEEDS)[0].parameters
    for engine in (
        FastEngine(dtype="float64"),
        TorchEngine(dtype="float64"),
        ReferenceEngine(dtype="float64"),
    ):
        after = engine.train(then, SEEDS)[0].parameters
        assert (np.abs(after - before)[:, one.weights] > 1e-6).all()
        np.testing.assert_allclose(after[:, two.weights], before[:, two.weights], rtol=0, atol=1e-9)
