"""Forward and backward through the kernel's layers, against NumPy, finite differences and torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.lanes import NETWORKS, elementwise
from engine.made_task import task_of
from engine.tile import Tile, tile_of
from numba import njit

from trainlab.engine.kernel.activations import silu_slope
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.reference import build_module
from trainlab.maths import ACTIVATIONS, LOSSES
from trainlab.spec import Experiment, Init, Network, Normal, name_of

SEEDS = range(40, 40 + NETWORKS)
ACTIVATION = tuple(name for name in ACTIVATIONS if "softmax" not in name)
EPS = {"float32": 1.2e-7, "float64": 2.3e-16}


def experiment_of(
    activation: str, loss: str, *, task: str = "made", bias: Any = (True, False, True)
) -> Experiment:
    widths = (2, 3, 2, 1) if task == "xor" else (3, 3, 2, 2)
    return Experiment(
        network=Network(widths=widths, bias=bias, activation=(activation, activation, "sigmoid")),
        task=task_of(task),
        loss=loss,
        init=Init(weight=Normal(std=0.5), bias=Normal(std=0.5)),
    )


def evaluated(experiment: Experiment, dtype: str, parameters: Any) -> Tile:
    """Return the tile after one evaluation, with gradients, of the parameters ``[networks, P]``."""
    tile = tile_of(experiment, parameters=parameters, dtype=dtype)
    tile.run("evaluate", False, True, -1)
    return tile


def predict(experiment: Experiment, row: Any) -> Any:
    """Return the predictions ``[points, outputs]`` in float64, by matrix products."""
    values = experiment.data().inputs
    for layer in layers_of(experiment.network):
        weights = row[layer.weights].reshape(layer.fan_out, layer.fan_in)
        sums = values @ weights.T + (0.0 if layer.first_bias is None else row[layer.biases])
        values = ACTIVATIONS[layer.activation].value(sums)
    return values


def loss_of(experiment: Experiment, row: Any) -> float:
    return float(LOSSES[name_of(experiment.loss)].value(predict(experiment, row), experiment.data().targets))


@njit(error_model="numpy")
def _silu(lane: Any, x: Any) -> Any:
    return silu_slope(lane, x)[0]


@njit(error_model="numpy")
def _silu_slope(lane: Any, x: Any) -> Any:
    return silu_slope(lane, x)[1]


@pytest.mark.parametrize("dtype", EPS)
def test_silu_of_a_very_negative_number_is_0(dtype: str) -> None:
    largest = float(np.finfo(dtype).max)
    x = np.array([-largest, -largest / 3, -1e30, -1e4, -800.0, -90.0, -20.0, 0.0, 90.0], dtype=dtype)
    table, tolerance = ACTIVATIONS["silu"], {"rtol": 8 * EPS[dtype], "atol": 1e-35}
    with np.errstate(over="ignore"):
        value, slope = table.value(x.astype(np.float64)), table.derivative(x.astype(np.float64))
    np.testing.assert_allclose(elementwise(_silu)(x), value, **tolerance)
    np.testing.assert_allclose(elementwise(_silu_slope)(x), slope, **tolerance)
    # NaN and what underflows to 0 come out as they do in torch.
    assert np.isnan(elementwise(_silu)(np.array([np.nan, -np.inf], dtype=dtype))).all()


@pytest.mark.parametrize("task", ["xor", "made"])
@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("loss", ["l1", "mse"])
@pytest.mark.parametrize("activation", ACTIVATION)
def test_loss_and_misses_are_those_of_matrix_products(
    activation: str, loss: str, dtype: str, task: str
) -> None:
    experiment = experiment_of(activation, loss, task=task)
    parameters = initial_parameters(experiment, SEEDS)
    tile = evaluated(experiment, dtype, parameters)
    targets = experiment.data().targets
    for network, row in enumerate(parameters):
        np.testing.assert_allclose(
            tile.rows("loss")[0, network], loss_of(experiment, row), rtol=30 * EPS[dtype]
        )
        within = np.abs(predict(experiment, row) - targets) < experiment.solved.within
        assert tile.rows("missed")[0, network] == np.count_nonzero(~within)


@pytest.mark.parametrize("bias", [True, False, (True, False, True)])
@pytest.mark.parametrize("task", ["xor", "made"])
@pytest.mark.parametrize("loss", ["l1", "mse"])
@pytest.mark.parametrize("activation", ACTIVATION)
def test_gradients_are_those_of_torch(activation: str, loss: str, task: str, bias: Any) -> None:
    import torch

    experiment = experiment_of(activation, loss, task=task, bias=bias)
    parameters = initial_parameters(experiment, SEEDS)
    found = {dtype: evaluated(experiment, dtype, parameters) for dtype in EPS}
    data = experiment.data()
    criterion = getattr(torch.nn, LOSSES[loss].torch_class)()
    for network, seed in enumerate(SEEDS):
        module = build_module(torch, experiment, seed, "float64")
        criterion(module(torch.tensor(data.inputs)), torch.tensor(data.targets)).backward()
        exact = np.concatenate([parameter.grad.numpy().ravel() for parameter in module.parameters()])
        for dtype, tile in found.items():
            ours = tile.rows("gradient", tile.job.plan.parameters)[:, network]
            # Absolute for L1, whose signs cancel; for MSE relative to the norm (2e-5 at float32), absolute
            # where a network of dead units leaves only a bias whose four terms cancel.
            if loss == "l1":
                assert np.abs(ours - exact).max() <= 2.5 * EPS[dtype]
            else:
                assert np.linalg.norm(ours - exact) <= EPS[dtype] * (170 * np.linalg.norm(exact) + 1)


@pytest.mark.parametrize("activation", ["linear", "tanh", "sigmoid", "gelu", "softplus", "sin"])
def test_gradients_are_slopes_of_the_loss(activation: str) -> None:
    experiment = experiment_of(activation, "mse")
    parameters = initial_parameters(experiment, SEEDS)
    gradient = evaluated(experiment, "float64", parameters).rows("gradient", parameters.shape[1])
    step = 1e-6
    for p in range(parameters.shape[1]):
        shift = np.zeros(parameters.shape[1])
        shift[p] = step
        for network, row in enumerate(parameters):
            slope = (loss_of(experiment, row + shift) - loss_of(experiment, row - shift)) / (2 * step)
            assert gradient[p, network] == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("dtype", EPS)
def test_a_nan_in_one_network_leaves_its_neighbours_alone(dtype: str) -> None:
    experiment = experiment_of("tanh", "mse")
    parameters = initial_parameters(experiment, SEEDS)
    clean = evaluated(experiment, dtype, parameters)
    count = parameters.shape[1]
    parameters[3, 2] = np.nan
    spoilt = evaluated(experiment, dtype, parameters)
    others = [network for network in range(NETWORKS) if network != 3]
    for name, rows in (("gradient", count), ("loss", 1), ("missed", 1), ("wrong", 1), ("broken", 1)):
        np.testing.assert_array_equal(spoilt.rows(name, rows)[:, others], clean.rows(name, rows)[:, others])
    assert np.isnan(spoilt.rows("loss")[0, 3])
    assert np.isnan(spoilt.rows("broken")[0, 3])
    assert spoilt.rows("missed")[0, 3] > 0
