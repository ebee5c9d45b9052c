"""The kernel's generator and what its steps draw with it, bit for bit that of rng.py and of the reference."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from engine.lanes import NETWORKS, call, memory_of, tag
from engine.made_task import made_task
from engine.tile import Tile, tile_of
from numba import njit

from trainlab.engine import rng
from trainlab.engine.kernel.draws import (
    EXAMPLE_WORDS,
    ORDER,
    add_noise,
    choose_example,
    draw_words,
    drop_units,
)
from trainlab.engine.kernel.memory import tile_at
from trainlab.engine.reference.loop import Steps
from trainlab.spec import Experiment

SEEDS = np.array([0, 1, 2, 3, 2**32 - 1, 2**32, 0x123456789ABCDEF0, 2**63 - 1], dtype=np.uint64)
COUNTERS = (0, 1, 12345, 2**32 - 1, 2**32, 2**32 + 1, 2**40 + 3)


@njit(error_model="numpy")
def _draw(lane: Any, words: int, low: int, high: int, stream: int) -> None:
    draw_words(lane, words, EXAMPLE_WORDS, low, high, stream)


def words_of(seeds: Any) -> Any:
    rows = np.zeros((ORDER, NETWORKS), dtype=np.uint64)
    rows[:2] = rng.seed_keys(seeds).T
    return memory_of(rows, "uint32")


def drawn_words(words: Any) -> Any:
    return words.reshape(ORDER, NETWORKS)[EXAMPLE_WORDS : EXAMPLE_WORDS + 4].T


@pytest.mark.parametrize("stream", [rng.WEIGHTS, rng.SAMPLES, rng.NOISE, rng.DROPOUT, rng.SHUFFLE])
@pytest.mark.parametrize("low", COUNTERS)
def test_words_are_those_of_the_generator(low: int, stream: int) -> None:
    words = words_of(SEEDS)
    for high in (0, 3, 2**31 + 5):
        call(_draw, tag("float32"), words, low, high, stream)
        counter = np.array([low & 0xFFFFFFFF, high, stream, 0], dtype=np.uint64)
        np.testing.assert_array_equal(drawn_words(words), rng.philox4x32(counter, rng.seed_keys(SEEDS)))


def test_words_of_a_layer_are_those_that_init_draws() -> None:
    words = words_of(SEEDS)
    expected = rng.words(SEEDS, stream=rng.WEIGHTS, layer=2, count=12)
    for block in range(3):
        call(_draw, tag("float32"), words, block, 2, rng.WEIGHTS)
        np.testing.assert_array_equal(drawn_words(words), expected[:, 4 * block : 4 * block + 4])


def experiment_of(sampling: Any, **fields: Any) -> Experiment:
    """Return an experiment on seven points of three features and two targets."""
    network = {"widths": [3, 2, 3, 2], **fields.pop("network", {})}
    return Experiment.from_dict({"network": network, "sampling": sampling, "epochs": 50, **fields})


def made(sampling: Any, **fields: Any) -> tuple[Experiment, Tile]:
    experiment = experiment_of(sampling, task=msgspec.to_builtins(made_task()), **fields)
    return experiment, tile_of(experiment, keys=SEEDS)


@njit(error_model="numpy")
def _choose(lane: Any, block: Any, address: int, step: int) -> None:
    choose_example(lane, block, tile_at(lane, address), step)


def test_few_examples_are_chosen_as_batch_indices_says() -> None:
    experiment, tile = made("single")
    data, steps = experiment.data(), 203
    examples = np.concatenate([data.inputs, data.targets], axis=1)
    indices = [rng.batch_indices(int(seed), first=0, count=steps, points=data.points) for seed in SEEDS]
    assert len(np.unique(indices[0])) == data.points
    for step in range(steps):
        _choose(tag(), tag(samples=4), tile.address, step)
        found = np.concatenate([tile.rows("inputs", data.features), tile.rows("targets", data.outputs)])
        np.testing.assert_array_equal(found.T, examples[[each[step] for each in indices]])


@pytest.mark.parametrize(
    "sampling",
    [
        {"name": "single"},
        {"name": "batch", "batch_size": 5},
        {"name": "batch", "batch_size": 3, "drop_last": True},
        {"name": "batch", "batch_size": 6, "replacement": True},
    ],
)
def test_batches_are_gathered_as_the_reference_takes_them(sampling: dict[str, Any]) -> None:
    task = {"name": "blobs", "points": 13, "features": 3, "classes": 2, "one_hot": True}
    experiment = experiment_of(sampling, task=task)
    tile = tile_of(experiment, keys=SEEDS)
    samples = 1 if sampling["name"] == "single" else 4
    data, size = experiment.data(), sampling.get("batch_size", 1)
    steps = [Steps(experiment=experiment, seed=int(seed), dtype="float64") for seed in SEEDS]
    for epoch in range(4):
        if sampling["name"] == "batch" and not sampling.get("replacement"):
            tile.run("shuffle", epoch)
        batches = [each.examples(epoch) for each in steps]
        for place in range(experiment.steps_per_epoch):
            chosen = np.array([each[place] for each in batches])
            count = chosen.shape[1]
            assert count == size or place == experiment.steps_per_epoch - 1
            for part in range(-(-count // samples)):
                tile.run("gather", epoch * experiment.steps_per_epoch + place, part, count)
                slots = np.minimum(part * samples + np.arange(samples), count - 1)
                for name, source in (("inputs", data.inputs), ("targets", data.targets)):
                    found = tile.rows(name, source.shape[1] * samples).reshape(-1, samples, NETWORKS)
                    np.testing.assert_array_equal(found.transpose(2, 1, 0), source[chosen[:, slots]])


@njit(error_model="numpy")
def _noise(lane: Any, block: Any, address: int, step: int, part: int) -> None:
    tile = tile_at(lane, address)
    add_noise(lane, block, tile, step, part, tile.row_inputs)


@njit(error_model="numpy")
def _drop(lane: Any, block: Any, address: int, layer: int, step: int, part: int) -> None:
    drop_units(lane, block, tile_at(lane, address), layer, step, part)


@pytest.mark.parametrize("samples", [1, 2, 4])
@pytest.mark.parametrize("step", [0, 1, 12345, 2**31 + 7])
def test_noise_and_masks_are_those_of_the_reference(step: int, samples: int) -> None:
    network = {"dropout": [0.5, 0.25]}
    experiment, tile = made("full", network=network, noise={"std": 0.3})
    points, features = experiment.data().points, experiment.data().features
    steps = [Steps(experiment=experiment, seed=int(seed), dtype="float64") for seed in SEEDS]
    noise = np.array([each.noise(step, points) for each in steps])
    masks = [each.masks(step, points) for each in steps]
    for part in range(-(-points // samples)):
        slots = np.arange(part * samples, min((part + 1) * samples, points))
        inputs = tile.rows("inputs", features * samples)
        inputs[:] = 2.0
        _noise(tag(), tag(samples=samples), tile.address, step, part)
        found = inputs.reshape(features, samples, NETWORKS)[:, : len(slots)]
        np.testing.assert_allclose(found.transpose(2, 1, 0) - 2.0, noise[:, slots], rtol=0, atol=2e-15)
        for name in ("values", "slopes"):
            tile.rows(name, 7 * samples)[:] = 3.0
        for layer, first, width in ((0, 0, 2), (1, 2, 3)):
            _drop(tag(), tag(samples=samples), tile.address, layer, step, part)
            expected = 3.0 * np.array([each[layer] for each in masks])[:, slots]
            for name in ("values", "slopes"):
                rows = tile.rows(name, 7 * samples).reshape(7, samples, NETWORKS)
                kept = rows[first : first + width, : len(slots)].transpose(2, 1, 0)
                np.testing.assert_array_equal(kept, expected)
        assert (tile.rows("values", 7 * samples)[5 * samples :] == 3.0).all()
