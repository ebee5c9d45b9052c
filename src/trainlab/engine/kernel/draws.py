"""Philox4x32-10 in every lane, and what a training step draws with it: examples, batches, noise, dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from trainlab.engine.kernel.example_blocks import share_batch
from trainlab.engine.kernel.memory import set_word, word
from trainlab.engine.kernel.simd import load, load_words, networks_of, samples_of, store, strip_of
from trainlab.engine.kernel.table_readers import drop_number, layer_of
from trainlab.engine.kernel.tables import DROPS, FAN_OUT, OUTPUT_UNIT, SHUFFLED
from trainlab.engine.kernel.vector import fma, multiply_high, splat, splat_word, where_equal, where_less
from trainlab.engine.kernel.vector_bits import gather
from trainlab.engine.kernel.vector_normal import normal_quantile
from trainlab.engine.rng import (
    DROPOUT,
    MULTIPLIER_0,
    MULTIPLIER_1,
    NOISE,
    ROUNDS,
    SAMPLES,
    SHUFFLE,
    WEYL_0,
    WEYL_1,
)

KEY_LOW, KEY_HIGH, EXAMPLE_WORDS, NOISE_WORDS, ORDER = 0, 1, 2, 6, 10
"""Rows of a tile's words: both halves of each network's seed; the four words last drawn for examples, and
for noise; then, where batches are shuffled, the order of the examples, a row an example."""

FEW_POINTS = 8
"""Up to this many points, comparing and selecting beats a gather."""


@njit(forceinline=True)
def philox_round(lane: Any, c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """One round: two products, crossed over."""
    m0, m1 = splat_word(lane, MULTIPLIER_0), splat_word(lane, MULTIPLIER_1)
    return (
        multiply_high(m1, c2) ^ c1 ^ k0,
        m1 * c2,
        multiply_high(m0, c0) ^ c3 ^ k1,
        m0 * c0,
    )


@njit(forceinline=True)
def draw_words(lane: Any, words: int, first: int, low: int, high: int, stream: int) -> None:
    """Write the four words of the counter (low, high, stream, 0) from row `first`, for every network's seed.

    It works in strips that keep all of a round in registers.
    """
    strip = strip_of(lane)
    strips = networks_of(lane) // networks_of(strip)
    for part in range(strips):
        k0 = load_words(strip, words, KEY_LOW * strips + part)
        k1 = load_words(strip, words, KEY_HIGH * strips + part)
        c0 = splat_word(strip, low & 0xFFFFFFFF)
        c1 = splat_word(strip, high & 0xFFFFFFFF)
        c2 = splat_word(strip, stream)
        c3 = splat_word(strip, 0)
        for _ in range(ROUNDS):
            c0, c1, c2, c3 = philox_round(strip, c0, c1, c2, c3, k0, k1)
            k0 = k0 + splat_word(strip, WEYL_0)
            k1 = k1 + splat_word(strip, WEYL_1)
        store(strip, words, first * strips + part, c0)
        store(strip, words, (first + 1) * strips + part, c1)
        store(strip, words, (first + 2) * strips + part, c2)
        store(strip, words, (first + 3) * strips + part, c3)


@njit(forceinline=True)
def draw_block(lane: Any, tile: Any, number: int) -> None:
    """Draw the four words among which draw `number` of an example is."""
    draw_words(lane, tile.words, EXAMPLE_WORDS, number // 4, (number // 4) >> 32, SAMPLES)


@njit(forceinline=True)
def draw_example(lane: Any, tile: Any, number: int) -> Any:
    """Return, for every network, the example that draw `number` of the stream gives; numbers must ascend."""
    if number % 4 == 0:
        draw_block(lane, tile, number)
    drawn = load_words(lane, tile.words, EXAMPLE_WORDS + number % 4)
    return multiply_high(drawn, splat_word(lane, tile.points))


@njit(forceinline=True)
def choose_example(lane: Any, block: Any, tile: Any, step: int) -> None:
    """Copy each network's example of this step, inputs and targets; few points stand in memory, by block."""
    samples = samples_of(block)
    index = draw_example(lane, tile, step)
    for column in range(tile.features + tile.outputs):
        is_feature = column < tile.features
        width = tile.features if is_feature else tile.outputs
        place = column if is_feature else column - tile.features
        source = (tile.row_points if is_feature else tile.row_point_targets) + place * samples
        chosen = load(lane, tile.memory, source)
        for point in range(1, tile.points):
            row = source + (point // samples) * width * samples + point % samples
            chosen = where_equal(index, splat_word(lane, point), load(lane, tile.memory, row), chosen)
        store(lane, tile.memory, (tile.row_inputs if is_feature else tile.row_targets) + place, chosen)


@njit(forceinline=True)
def gather_example(lane: Any, block: Any, tile: Any, index: Any, slot: int) -> None:
    """Copy each network's own example to the slot of a block."""
    samples = samples_of(block)
    for feature in range(tile.features):
        value = gather(lane, tile.inputs, index, tile.features, feature)
        store(lane, tile.memory, tile.row_inputs + feature * samples + slot, value)
    for output in range(tile.outputs):
        value = gather(lane, tile.targets, index, tile.outputs, output)
        store(lane, tile.memory, tile.row_targets + output * samples + slot, value)


@njit(forceinline=True)
def gather_block(lane: Any, block: Any, tile: Any, step: int, part: int, size: int) -> None:
    """Copy the examples of one block of a mini-batch of `size`; slots beyond it repeat its last example."""
    samples = samples_of(block)
    last = load_words(lane, tile.words, KEY_LOW)
    for slot in range(samples):
        place = part * samples + slot
        if place < size:
            if tile.sampling == SHUFFLED:
                first = (step % tile.steps_per_epoch) * tile.batch
                last = load_words(lane, tile.words, ORDER + first + place)
            else:
                last = draw_example(lane, tile, step * tile.batch + place)
        gather_example(lane, block, tile, last, slot)
    share_batch(lane, block, tile, part, size)


@njit(forceinline=True)
def gather_anew(lane: Any, block: Any, tile: Any, step: int, part: int, size: int) -> None:
    """Gather a block of a step's batch for a reading, as the training would.

    A step draws only the words that the step before hasn't drawn; a reading may come at any time. So this
    draws all of them, and then again those that the training left behind for the step's first draw.
    """
    drawn = tile.sampling != SHUFFLED
    if drawn:
        draw_block(lane, tile, step * tile.batch + part * samples_of(block))
    gather_block(lane, block, tile, step, part, size)
    if drawn:
        draw_block(lane, tile, step * tile.batch)


@njit(forceinline=True)
def shuffle_examples(lane: Any, tile: Any, epoch: int) -> None:
    """Shuffle the examples of an epoch, for each network its own way: Fisher and Yates, from the end."""
    words, points, networks = tile.words, tile.points, tile.networks
    for point in range(points):
        store(lane, words, ORDER + point, splat_word(lane, point))
    for drawn in range(points - 1):
        if drawn % 4 == 0:
            draw_words(lane, words, NOISE_WORDS, drawn // 4, epoch, SHUFFLE)
        place = points - 1 - drawn
        here, source = (ORDER + place) * networks, (NOISE_WORDS + drawn % 4) * networks
        for network in range(networks):
            other = (np.int64(word(lane, words, source + network)) * (place + 1)) >> 32
            there = (ORDER + other) * networks + network
            swapped = word(lane, words, there)
            set_word(lane, words, there, word(lane, words, here + network))
            set_word(lane, words, here + network, swapped)


@njit(forceinline=True)
def batch_size(tile: Any, step: int) -> int:
    """Return how many examples a step's batch has: the last one of an epoch may be smaller."""
    if tile.sampling == SHUFFLED:
        return min(tile.batch, tile.points - (step % tile.steps_per_epoch) * tile.batch)
    return tile.batch


@njit(forceinline=True)
def draw_noise_word(
    lane: Any, block: Any, tile: Any, part: int, sample: int, width: int, place: int, step: int, stream: int
) -> Any:
    """Return the word of a step's stream for one of `width` places of a sample; samples must ascend.

    Samples that only fill up a block repeat the last one of the batch here, too: with draws of their own, a
    network might diverge on a sample that doesn't exist.
    """
    slot = part * samples_of(block) + sample
    last = batch_size(tile, step) - 1
    number = min(slot, last)
    if sample == 0 or (slot <= last and slot % 4 == 0):
        draw_words(lane, tile.words, NOISE_WORDS, (number // 4) * width + place, step, stream)
    return load_words(lane, tile.words, NOISE_WORDS + number % 4)


@njit(forceinline=True)
def add_noise(lane: Any, block: Any, tile: Any, step: int, part: int, inputs: int) -> None:
    """Write the inputs that stand from row `inputs` with normal noise to the rows of the block's inputs."""
    samples = samples_of(block)
    for feature in range(tile.features):
        for sample in range(samples):
            drawn = draw_noise_word(lane, block, tile, part, sample, tile.features, feature, step, NOISE)
            row = feature * samples + sample
            noise = normal_quantile(lane, drawn)
            noisy = fma(noise, splat(lane, tile.noise), load(lane, tile.memory, inputs + row))
            store(lane, tile.memory, tile.row_inputs + row, noisy)


@njit(forceinline=True)
def drop_units(lane: Any, block: Any, tile: Any, index: int, step: int, part: int) -> None:
    """Drop units of a hidden layer, values and slopes alike, and scale up those that stay."""
    samples = samples_of(block)
    scale, least = drop_number(tile, index, 0), np.int64(drop_number(tile, index, 1))
    for unit in range(layer_of(tile, index, FAN_OUT)):
        for sample in range(samples):
            place = layer_of(tile, index, DROPS) + unit
            drawn = draw_noise_word(lane, block, tile, part, sample, tile.drop_units, place, step, DROPOUT)
            kept = where_less(drawn, splat_word(lane, least), splat(lane, 0.0), splat(lane, scale))
            row = (layer_of(tile, index, OUTPUT_UNIT) + unit) * samples + sample
            for first in (tile.row_values, tile.row_slopes):
                store(lane, tile.memory, first + row, load(lane, tile.memory, first + row) * kept)
