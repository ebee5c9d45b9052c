"""Losses at the output of the kernel, against the maths table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.lanes import NETWORKS, memory_of, tag
from numba import njit

from trainlab.engine.kernel.lanes import load, samples_of
from trainlab.engine.kernel.losses import add_loss, mark_unsolved, output_deltas
from trainlab.maths import LOSSES

OUTPUTS = 2


@njit
def _losses(lane: Any, block: Any, loss: int, memory: Any, within: float) -> None:
    """Rows: predictions, targets, shares, deltas, each by sample; then the loss and the misses."""
    rows = OUTPUTS * samples_of(block)
    shares = load(block, memory, 2 * rows)
    deltas = 2 * rows + samples_of(block)
    output_deltas(block, loss, memory, 0, rows, shares, deltas, OUTPUTS)
    add_loss(lane, block, loss, memory, 0, rows, shares, deltas + rows, OUTPUTS)
    mark_unsolved(lane, block, memory, 0, rows, within, deltas + rows + 1, OUTPUTS)


def run(loss: str, predictions: Any, targets: Any, dtype: str, within: float = 0.1) -> tuple[Any, Any, Any]:
    """Return ∂L/∂prediction, the loss, and how many miss, of arrays ``[outputs, samples, networks]``."""
    samples = predictions.shape[1]
    flat = (OUTPUTS * samples, NETWORKS)
    shares = np.full((samples, NETWORKS), 1 / (samples * OUTPUTS))
    blank = np.zeros((OUTPUTS * samples + 2, NETWORKS))
    memory = memory_of(
        np.concatenate([predictions.reshape(flat), targets.reshape(flat), shares, blank]), dtype
    )
    _losses(tag(dtype), tag(dtype, samples=samples), LOSSES[loss].code, memory, within)
    table = memory.reshape(-1, NETWORKS)
    return table[-2 - flat[0] : -2].reshape(predictions.shape), table[-2], table[-1]


@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["l1", "mse"])
def test_loss_and_gradient(loss: str, dtype: str, samples: int) -> None:
    drawn = np.random.default_rng(4)
    predictions, targets = drawn.normal(size=(2, OUTPUTS, samples, NETWORKS)).astype(dtype)
    deltas, losses, _ = run(loss, predictions, targets, dtype)
    for network in range(NETWORKS):
        p, y = (array[..., network].T.astype(float) for array in (predictions, targets))
        tolerance = 8 * np.finfo(dtype).eps
        np.testing.assert_allclose(losses[network], LOSSES[loss].value(p, y), rtol=tolerance)
        np.testing.assert_allclose(
            deltas[..., network].T, LOSSES[loss].gradient(p, y), rtol=0, atol=tolerance
        )


def test_the_slope_of_l1_is_zero_where_the_prediction_is_right() -> None:
    targets = np.zeros((OUTPUTS, 1, NETWORKS))
    predictions = targets.copy()
    predictions[0, 0, :3] = [1e-300, -1e-300, -0.0]
    deltas, _, _ = run("l1", predictions, targets, "float64")
    np.testing.assert_array_equal(deltas[0, 0, :4], [0.5, -0.5, 0.0, 0.0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_prediction_misses_unless_it_is_strictly_within(dtype: str) -> None:
    within = 0.25
    below = np.nextafter(np.asarray(within, dtype), np.asarray(0, dtype))
    errors = np.array([0.0, below, -below, within, -within, np.nan, np.inf, -1.0], dtype=dtype)
    predictions = np.zeros((OUTPUTS, 4, NETWORKS), dtype=dtype)
    predictions[1, 2] = errors
    _, _, missed = run("mse", predictions, np.zeros_like(predictions), dtype, within)
    np.testing.assert_array_equal(missed, [0, 0, 0, 1, 1, 1, 1, 1])
