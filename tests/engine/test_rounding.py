"""Where the fast engine rounds: a run may end at a loss of exactly 0, as PyTorch's do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine.lanes import NETWORKS
from engine.tile import tile_of

from trainlab.engine.fast import FastEngine
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.torch import TorchEngine
from trainlab.spec import Experiment, Init, Network, Normal, load_study, named_cell
from trainlab.tasks import arrays

F32 = np.float32
SEEDS = range(30)


def product_by_product(weights: Any, values: Any) -> Any:
    """Return Σ weight · value of float32 rows ``[out, in]`` and ``[in]``, each product and sum rounded."""
    total = np.zeros(len(weights), F32)
    for weight, value in zip(weights.T, values, strict=True):
        total = total + weight * value
    return total


def fused(weights: Any, values: Any) -> Any:
    """Return the same sum with a product rounded only once it is added, as in float64 it is not."""
    total = np.zeros(len(weights), F32)
    for weight, value in zip(weights.T.astype(np.float64), values.astype(np.float64), strict=True):
        total = (weight * value + total).astype(F32)
    return total


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("widths", [(3, 2), (2, 5, 1), (3, 4, 3, 2)])
def test_outputs_are_sums_of_rounded_products_and_the_bias_comes_last(
    widths: tuple[int, ...], bias: bool, tmp_path: Path
) -> None:
    inputs = np.random.default_rng(1).normal(size=(6, widths[0])).astype(F32)

    def asked(targets: Any) -> Experiment:
        return Experiment(
            network=Network(widths=widths, bias=bias, activation="linear", output_activation="linear"),
            task=arrays(inputs.astype(float), targets.astype(float), kind="regression", folder=tmp_path),
            loss="l1",
            init=Init(weight=Normal(std=0.5), bias=Normal(std=0.5)),
        )

    experiment = asked(np.ones((6, widths[-1])))
    for seed in range(4):
        row = initial_parameters(experiment, range(seed, seed + 1))[0].astype(F32)
        outputs = [_outputs(experiment, row, x) for x in inputs]
        # With its own float32 outputs as targets nothing of the loss is left.
        tile = tile_of(asked(np.array(outputs)), parameters=np.tile(row, (NETWORKS, 1)), dtype="float32")
        tile.run("evaluate", False, False, -1)
        assert not tile.rows("loss").any()


def _outputs(experiment: Experiment, row: Any, values: Any) -> Any:
    layers = layers_of(experiment.network)
    for layer in layers:
        weights = row[layer.weights].reshape(layer.fan_out, layer.fan_in)
        values = (product_by_product if layer is layers[-1] else fused)(weights, values)
        if layer.first_bias is not None:
            values = values + row[layer.biases]
    return values


@pytest.mark.trains
@pytest.mark.parametrize("model", ["Model 1", "Model 2"])
def test_as_many_runs_end_at_exactly_0_as_with_torch(model: str) -> None:
    # The long cells with Adam. When the sum began with the bias, and a product's rounding error stayed in the
    # output, none of 1,000 runs did, and 31 fewer of 1,000 runs of Model 1 were solved.
    cell = named_cell(load_study("xor44"), f"{model}:A+B+C+D+E").experiment
    ours = FastEngine().train(cell, SEEDS)[0].loss == 0
    torchs = TorchEngine().train(cell, SEEDS)[0].loss == 0
    assert torchs.sum() >= 3
    only_ours, only_torchs = np.count_nonzero(ours & ~torchs), np.count_nonzero(torchs & ~ours)
    # Some three deviations of a fair coin: it fails where one engine has none and the other two thirds.
    assert abs(only_ours - only_torchs) <= 3 * np.sqrt(only_ours + only_torchs)
    assert ours.sum() >= 3
