# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
# pyright: basic
"""What a step sees: examples brought to a block, and what is drawn: which ones, noise, masks of dropout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numba.extending import overload

from trainlab.engine.kernel.memory import call, drop_number, element, layer_of, set_word, word
from trainlab.engine.kernel.simd import load, load_words, networks_of, samples_of, store, strip_of
from trainlab.engine.kernel.tables import (
    DROPS,
    EXAMPLE_WORDS,
    FAN_OUT,
    KEY_HIGH,
    KEY_LOW,
    NOISE_WORDS,
    ORDER,
    OUTPUT_UNIT,
    SHUFFLED,
)
from trainlab.engine.kernel.vector import (
    absolute,
    fma,
    gather,
    invert_word,
    minimum_word,
    multiply_high,
    polynomial_of,
    splat,
    splat_word,
    sqrt,
    to_float,
    where_equal,
    where_less,
)
from trainlab.engine.kernel.vector_maths import exp, log
from trainlab.engine.rng import (
    AS241_A,
    AS241_B,
    AS241_C,
    AS241_D,
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

# Philox4x32-10 of one counter in compiled code: the words of ``engine/rng.py``.


LOW = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)


@njit(inline="always")
def philox(c0: Any, c1: Any, c2: Any, k0: Any, k1: Any) -> Any:
    """Return the four words of the counter (c0, c1, c2, 0), all uint64 below 2³²."""
    a, b, c, d = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(0)
    for _ in range(ROUNDS):
        product0 = np.uint64(MULTIPLIER_0) * a
        product1 = np.uint64(MULTIPLIER_1) * c
        a, b, c, d = (
            (product1 >> SHIFT) ^ b ^ k0,
            product1 & LOW,
            (product0 >> SHIFT) ^ d ^ k1,
            product0 & LOW,
        )
        k0 = (k0 + np.uint64(WEYL_0)) & LOW
        k1 = (k1 + np.uint64(WEYL_1)) & LOW
    return a, b, c, d


# The standard normal law of a vector, from basic operations: the same bits on every processor.
#
# The lower tail is Φ(−a) = e^(−a²/2) h(t)/(a + 4) with t = (a − 4)/(a + 4), where h(t) = (a + 4)
# erfcx(a/√2)/2 hardly changes: a polynomial, interpolated at the Chebyshev nodes of 0 ≤ a ≤ LIMIT by
# mpmath's ``chebyfit`` in 60 digits, its relative error under 2e-8 for float32, 3e-17 for float64. What
# rounds off a² is put back. Errors, measured in the tests: the density within 2.8 units in the last place,
# Φ within 4.5, the quantile within 4e-7 relative (float32) and 2e-15 (float64). Φ is 0 below −LIMIT, the
# density 0 beyond ±LIMIT. A NaN stays a NaN.


LIMIT = {"float32": 13.0, "float64": 37.5}
"""Where Φ(−a) leaves the normal numbers."""

CENTRE = 4.0

TAIL: dict[str, tuple[float, ...]] = {
    "float32": (
        0.7552851376096226,
        -0.6078966428416711,
        0.3871367201195152,
        -0.18652199051820928,
        0.06040685519306117,
        -0.007534081622465141,
        -0.0035312262376659066,
        0.001580528864211753,
        0.00021651975306260815,
        -0.00011381570502954337,
    ),
    "float64": (
        0.7552851304157515,
        -0.6078966419718921,
        0.3871374007422146,
        -0.186521857959657,
        0.06039657489093472,
        -0.007540188966735489,
        -0.0034796923673604185,
        0.0016308184577340165,
        0.00013334431212636206,
        -0.00023109493648583204,
        -1.9082572836459733e-06,
        3.514469311241839e-05,
        7.166644904525216e-07,
        -5.920196605792718e-06,
        -6.29700835186276e-07,
        1.0216011884674268e-06,
        2.718291346165063e-07,
        -1.5502044571883313e-07,
        -8.54548707560586e-08,
        1.3312287054700715e-08,
        1.9661002006944764e-08,
        1.916823676406165e-09,
        -2.5367089570275843e-09,
        -7.307284132972781e-10,
    ),
}
"""h, lowest coefficient first."""

_tail = polynomial_of(TAIL)
_a, _b, _c, _d = (
    polynomial_of({"float32": coefficients, "float64": coefficients})
    for coefficients in (AS241_A, AS241_B, AS241_C, AS241_D)
)


@njit(forceinline=True)
def _bell(tag: Any, a: Any) -> Any:
    """Return e^(−a²/2)."""
    square = a * a
    minus_half = splat(tag, -0.5)
    lost = fma(a, a, splat(tag, 0.0) - square)
    value = exp(tag, minus_half * square)
    return fma(value, minus_half * lost, value)


def normal_cdf(tag: Any, x: Any) -> Any:
    """Return Φ(x), the probability that a standard normal number is below x."""
    raise TypeError("normal_cdf runs in compiled code only")


@overload(normal_cdf, strict=False, jit_options={"forceinline": True})
def _overload_cdf(tag: Any, x: Any) -> Any:
    limit = LIMIT[tag.tag.dtype]

    def implementation(tag: Any, x: Any) -> Any:
        distance, end, centre = absolute(x), splat(tag, limit), splat(tag, CENTRE)
        a = where_less(end, distance, end, distance)
        below = _bell(tag, a) * (_tail(tag, (a - centre) / (a + centre)) / (a + centre))
        below = where_less(end, distance, splat(tag, 0.0), below)
        return where_less(x, splat(tag, 0.0), below, splat(tag, 1.0) - below)

    return implementation


def normal_density(tag: Any, x: Any) -> Any:
    """Return φ(x) = e^(−x²/2)/√(2π)."""
    raise TypeError("normal_density runs in compiled code only")


@overload(normal_density, strict=False, jit_options={"forceinline": True})
def _overload_density(tag: Any, x: Any) -> Any:
    limit, factor = LIMIT[tag.tag.dtype], 1 / math.sqrt(2 * math.pi)

    def implementation(tag: Any, x: Any) -> Any:
        distance, end = absolute(x), splat(tag, limit)
        value = splat(tag, factor) * _bell(tag, where_less(end, distance, end, distance))
        return where_less(end, distance, splat(tag, 0.0), value)

    return implementation


@njit(forceinline=True)
def normal_quantile(tag: Any, words: Any) -> Any:
    """Return z with Φ(z) = (w + ½)/2³² for each word w, one sample a network; |z| ≤ 6.4.

    Wichura's AS 241 as in ``rng.normal_quantile``. The distances from ½ and from the nearer of 0 and 1 are
    taken from whole numbers, so that float32 loses nothing at either.
    """
    half, unit = splat(tag, 0.5), splat(tag, 2.0**-32)
    nearer = minimum_word(words, invert_word(words))
    p = (to_float(tag, nearer) + half) * unit
    q = (to_float(tag, nearer ^ splat_word(tag, 0x7FFFFFFF)) + half) * unit
    r = fma(splat(tag, 0.0) - q, q, splat(tag, 0.180625))
    middle = q * (_a(tag, r) / _b(tag, r))
    tail = sqrt(splat(tag, 0.0) - log(tag, p)) - splat(tag, 1.6)
    outer = _c(tag, tail) / _d(tag, tail)
    size = where_less(splat(tag, 0.425), q, outer, middle)
    return where_less(words, splat_word(tag, 0x80000000), splat(tag, 0.0) - size, size)


# Examples that all networks of a tile share, brought to a block: inputs, targets, shares in the mean.


@njit(forceinline=True)
def bring_block(block: Any, tile: Any, part: int, held: bool) -> Any:
    """Return the rows of a block's inputs, targets and shares; copy them there if they aren't in memory."""
    samples = samples_of(block)
    if tile.resident > 0 and not held:
        return (
            tile.row_points + part * tile.features * samples,
            tile.row_point_targets + part * tile.outputs * samples,
            tile.row_point_weights + part * samples,
        )
    call(tile.unit_copy, tile, part, held, 0)
    return tile.row_inputs, tile.row_targets, tile.row_weights


@njit(forceinline=True)
def copy_block(lane: Any, block: Any, tile: Any, part: int, held: bool) -> None:
    """Copy consecutive examples, the same for every network, to the block; the last fills up what is left."""
    samples = samples_of(block)
    points = tile.held_points if held else tile.points
    start = tile.points if held else 0
    share = 1.0 / (points if tile.over_examples > 0 else points * tile.outputs)
    for sample in range(samples):
        point = part * samples + sample
        example = start + min(point, points - 1)
        for feature in range(tile.features):
            value = splat(lane, element(lane, tile.inputs, example * tile.features + feature))
            store(lane, tile.memory, tile.row_inputs + feature * samples + sample, value)
        for output in range(tile.outputs):
            value = splat(lane, element(lane, tile.targets, example * tile.outputs + output))
            store(lane, tile.memory, tile.row_targets + output * samples + sample, value)
        store(lane, tile.memory, tile.row_weights + sample, splat(lane, share if point < points else 0.0))


@njit(forceinline=True)
def share_batch(lane: Any, block: Any, tile: Any, part: int, size: int) -> None:
    """Write the shares in the mean of one block of a mini-batch of `size`."""
    samples = samples_of(block)
    share = 1.0 / (size if tile.over_examples > 0 else size * tile.outputs)
    for sample in range(samples):
        inside = part * samples + sample < size
        store(lane, tile.memory, tile.row_weights + sample, splat(lane, share if inside else 0.0))


# Philox4x32-10 in every lane, and what a training step draws with it: examples, batches, noise, dropout.


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
