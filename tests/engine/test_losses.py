"""Losses at the output of the kernel, and what it counts there, against the maths tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.lanes import NETWORKS, tag
from engine.tile import Tile, tile_of
from numba import njit

from trainlab.engine.kernel.losses import add_loss, output_deltas, outputs_row
from trainlab.engine.kernel.memory import tile_at
from trainlab.engine.kernel.tile import count_misses
from trainlab.maths import LINKS, LOSSES, is_right
from trainlab.spec import Experiment

SAMPLES = 4
DTYPES = ("float32", "float64")
ENTROPIES = ("cross_entropy", "nll")
SETTINGS: dict[str, dict[str, float]] = {
    "huber": {"delta": 0.7},
    "smooth_l1": {"beta": 0.4},
    "cross_entropy": {"label_smoothing": 0.1},
}


@njit(error_model="numpy")
def _losses(lane: Any, block: Any, address: int) -> None:
    tile = tile_at(lane, address)
    output_deltas(block, tile, tile.unit_block_deltas, tile.row_targets, tile.row_weights)
    add_loss(lane, block, tile, tile.row_targets, tile.row_weights)


@njit(error_model="numpy")
def _count(lane: Any, block: Any, address: int) -> None:
    tile = tile_at(lane, address)
    count_misses(lane, block, tile, outputs_row(block, tile), tile.row_targets, tile.row_weights)


def experiment_of(loss: str, outputs: int, *, settings: Any = None, **fields: Any) -> Experiment:
    output = {"bce": "sigmoid", "nll": "log_softmax"}.get(loss, "linear")
    return Experiment.from_dict(
        {
            "network": {"widths": [2, 2, outputs], "output_activation": output},
            "task": {"name": "blobs", "classes": max(outputs, 2), "points": 12},
            "loss": {"name": loss, **(SETTINGS.get(loss, {}) if settings is None else settings)},
            **fields,
        }
    )


def at_outputs(experiment: Experiment, outputs: Any, targets: Any, dtype: str) -> Tile:
    """Return a tile with these outputs and targets ``[outputs, samples, networks]`` in its block."""
    count, samples, _ = outputs.shape
    tile = tile_of(experiment, dtype=dtype, samples=samples)
    hidden = 2
    tile.rows("values", (hidden + count) * samples)[hidden * samples :] = outputs.reshape(-1, NETWORKS)
    tile.rows("targets", count * samples)[:] = targets.reshape(-1, NETWORKS)
    over = (
        samples if LOSSES[experiment.loss.__struct_config__.tag].mean_over == "examples" else samples * count
    )
    tile.rows("weights", samples)[:] = 1 / over
    return tile


def case(loss: str, dtype: str) -> tuple[Any, Any]:
    """Return outputs and targets that the loss can have, ``[outputs, samples, networks]``."""
    drawn, samples = np.random.default_rng(4), SAMPLES
    count = 3 if loss in ENTROPIES else 1 if loss in ("bce", "bce_with_logits", "hinge") else 3
    outputs = 2 * drawn.normal(size=(count, samples, NETWORKS))
    if loss == "bce":
        outputs = 1 / (1 + np.exp(-8 * outputs))
    targets = drawn.normal(size=outputs.shape)
    if loss in ("bce", "bce_with_logits", "hinge"):
        targets = (targets > 0).astype(float)
    if loss in ENTROPIES:
        targets = np.moveaxis(np.eye(3)[drawn.integers(0, 3, (samples, NETWORKS))], -1, 0)
    return outputs.astype(dtype), targets.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_loss_and_gradient(loss: str, dtype: str) -> None:
    outputs, targets = case(loss, dtype)
    count, samples = len(outputs), SAMPLES
    tile = at_outputs(experiment_of(loss, count), outputs, targets, dtype)
    _losses(tag(dtype), tag(dtype, samples=samples), tile.address)
    deltas = tile.rows("deltas", (2 + count) * samples)[2 * samples :].reshape(outputs.shape)
    settings = SETTINGS.get(loss, {})
    tolerance = 16 * np.finfo(dtype).eps
    for network in range(NETWORKS):
        p, y = (array[..., network].T.astype(float) for array in (outputs, targets))
        value, gradient = LOSSES[loss].value(p, y, **settings), LOSSES[loss].gradient(p, y, **settings)
        np.testing.assert_allclose(tile.rows("loss")[0, network], value, rtol=tolerance)
        # A slope of BCE may be large, and its rounding with it.
        size = max(1.0, np.abs(gradient).max())
        np.testing.assert_allclose(deltas[..., network].T, gradient, rtol=0, atol=tolerance * size)


@pytest.mark.parametrize("loss", ["l1", "smooth_l1", "hinge"])
def test_slopes_at_the_kink_are_zero(loss: str) -> None:
    targets = np.zeros((1, SAMPLES, NETWORKS))
    outputs = targets.copy()
    outputs[0, 0, :3] = [1e-300, -1e-300, -0.0]
    expected = [1.0, -1.0, 0.0, 0.0]
    if loss == "hinge":
        # t = −1: the kink is at −1.
        outputs[0, 0, :4] = [-1.0, np.nextafter(-1, 0), np.nextafter(-1, -2), 0.0]
        expected = [0.0, 1.0, 0.0, 1.0]
    experiment = experiment_of(loss, 1, settings={"beta": 0.0} if loss == "smooth_l1" else {})
    tile = at_outputs(experiment, outputs, targets, "float64")
    _losses(tag(), tag(samples=SAMPLES), tile.address)
    np.testing.assert_array_equal(
        tile.rows("deltas", 3 * SAMPLES)[2 * SAMPLES, :4], np.array(expected) / SAMPLES
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_small_probabilities_keep_their_digits(dtype: str) -> None:
    p = np.array([1e-9, 1e-12, 0.2499, 0.25, 0.2501, 0.5, 0.0, 1.0], dtype=dtype)
    outputs = np.tile(p, (1, SAMPLES, 1))
    for value in (0.0, 1.0):
        tile = at_outputs(experiment_of("bce", 1), outputs, np.full_like(outputs, value), dtype)
        _losses(tag(dtype), tag(dtype, samples=SAMPLES), tile.address)
        expected = [LOSSES["bce"].value(each, np.array([value])) for each in p.reshape(-1, 1).astype(float)]
        np.testing.assert_allclose(tile.rows("loss")[0], expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_prediction_misses_unless_it_is_strictly_within(dtype: str) -> None:
    within = 0.25
    below = np.nextafter(np.asarray(within, dtype), np.asarray(0, dtype))
    errors = np.array([0.0, below, -below, within, -within, np.nan, np.inf, -1.0], dtype=dtype)
    predictions = np.zeros((3, SAMPLES, NETWORKS), dtype=dtype)
    predictions[1, 2] = errors
    experiment = experiment_of("mse", 3, solved={"within": within})
    tile = at_outputs(experiment, predictions, np.zeros_like(predictions), dtype)
    _count(tag(dtype), tag(dtype, samples=SAMPLES), tile.address)
    np.testing.assert_array_equal(tile.rows("missed")[0], [0, 0, 0, 1, 1, 1, 1, 1])


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("dtype", DTYPES)
def test_classes_are_told_as_the_table_has_it(dtype: str, outputs: int) -> None:
    drawn = np.random.default_rng(outputs)
    # Few values: many ties, some of them with ½; and what isn't a number.
    values = np.array([0.0, 0.5, 1.0, -1.0, np.inf, np.nan])
    chances = [0.25, 0.25, 0.2, 0.15, 0.1, 0.05]
    for _ in range(40):
        predictions = drawn.choice(values, size=(outputs, SAMPLES, NETWORKS), p=chances).astype(dtype)
        targets = drawn.choice([0.0, 1.0], size=predictions.shape).astype(dtype)
        tile = at_outputs(experiment_of("mse", outputs), predictions, targets, dtype)
        tile.rows("weights", 4)[3, ::2] = 0.0
        _count(tag(dtype), tag(dtype, samples=SAMPLES), tile.address)
        right = is_right(predictions.T, targets.T)
        counted = np.ones((NETWORKS, 4), dtype=np.bool_)
        counted[::2, 3] = False
        np.testing.assert_array_equal(tile.rows("wrong")[0], (~right & counted).sum(axis=1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", ["bce_with_logits", "cross_entropy", "nll", "hinge"])
def test_links(loss: str, dtype: str) -> None:
    outputs, targets = case(loss, dtype)
    tile = at_outputs(experiment_of(loss, len(outputs)), 10 * outputs, targets, dtype)
    tile.run("link")
    found = tile.rows("predictions", len(outputs) * 4).reshape(outputs.shape)
    expected = LINKS[LOSSES[loss].link].value(10 * outputs.T.astype(float)).T
    np.testing.assert_allclose(found, expected, rtol=64 * np.finfo(dtype).eps, atol=1e-37)
