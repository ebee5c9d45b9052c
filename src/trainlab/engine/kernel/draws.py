"""Philox4x32-10 in every lane, and the choice of the example that a step sees."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.lanes import load, store
from trainlab.engine.kernel.vector import multiply_high, splat_word, where_equal
from trainlab.engine.rng import MULTIPLIER_0, MULTIPLIER_1, ROUNDS, SAMPLES, WEYL_0, WEYL_1

KEY_LOW, KEY_HIGH, WORDS = 0, 1, 2
"""Rows of a tile's words: both halves of each network's seed, then the four words last drawn."""
WORD_ROWS = 6


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
def draw_words(lane: Any, words: Any, block: int, layer: int, stream: int) -> None:
    """Write the four words of counter block `block` of a stream, for every network's seed."""
    k0, k1 = load(lane, words, KEY_LOW), load(lane, words, KEY_HIGH)
    c0 = splat_word(lane, block & 0xFFFFFFFF)
    c1 = splat_word(lane, ((block >> 32) & 0xFFFFFFFF) + layer)
    c2 = splat_word(lane, stream)
    c3 = splat_word(lane, 0)
    for _ in range(ROUNDS):
        c0, c1, c2, c3 = philox_round(lane, c0, c1, c2, c3, k0, k1)
        k0 = k0 + splat_word(lane, WEYL_0)
        k1 = k1 + splat_word(lane, WEYL_1)
    store(lane, words, WORDS, c0)
    store(lane, words, WORDS + 1, c1)
    store(lane, words, WORDS + 2, c2)
    store(lane, words, WORDS + 3, c3)


@njit(forceinline=True)
def choose_example(lane: Any, memory: Any, words: Any, rows: Any, plan: Any, samples: int, step: int) -> None:
    """Copy each network's example of this step to its first values, and its target to the chosen rows.

    Compare and select over all points: faster than a gather as long as they are few.
    """
    if step % 4 == 0:
        draw_words(lane, words, step // 4, 0, SAMPLES)
    index = multiply_high(load(lane, words, WORDS + step % 4), splat_word(lane, plan.points))
    for column in range(plan.features + plan.outputs):
        is_feature = column < plan.features
        width = plan.features if is_feature else plan.outputs
        place = column if is_feature else column - plan.features
        source = (rows.points if is_feature else rows.targets) + place * samples
        chosen = load(lane, memory, source)
        for point in range(1, plan.points):
            row = source + (point // samples) * width * samples + point % samples
            chosen = where_equal(index, splat_word(lane, point), load(lane, memory, row), chosen)
        store(lane, memory, (rows.values if is_feature else rows.chosen) + place, chosen)
