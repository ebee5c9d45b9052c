"""What a loss's link makes of a block's outputs: predictions, in rows of their own."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.layers import outputs_row
from trainlab.engine.kernel.simd import load, samples_of, store
from trainlab.engine.kernel.softmax import softmax
from trainlab.engine.kernel.tables import EXP_LINK, MARGIN_LINK, SIGMOID_LINK
from trainlab.engine.kernel.vector import fma, splat, where_less
from trainlab.engine.kernel.vector_maths import exp, sigmoid


@njit(forceinline=True)
def sigmoid_link(block: Any, z: Any) -> Any:
    """Return σ(z)."""
    return sigmoid(block, z)


@njit(forceinline=True)
def exp_link(block: Any, z: Any) -> Any:
    """Return eᶻ as a square, which reaches 0 and ∞ where exp itself stops before them."""
    root = exp(block, splat(block, 0.5) * z)
    return root * root


@njit(forceinline=True)
def margin_link(block: Any, z: Any) -> Any:
    """Return (z + 1)/2 held within 0 and 1."""
    zero, one, half = splat(block, 0.0), splat(block, 1.0), splat(block, 0.5)
    value = fma(half, z, half)
    return where_less(value, zero, zero, where_less(one, value, one, value))


LINKS = {SIGMOID_LINK: sigmoid_link, EXP_LINK: exp_link, MARGIN_LINK: margin_link}
"""By the link's code, those of one output each."""


@njit(forceinline=True)
def link_outputs(block: Any, tile: Any, link: Any) -> None:
    """Write the predictions that a function of one output makes."""
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    for output in range(tile.outputs):
        value = link(block, load(block, tile.memory, outputs + output * samples))
        store(block, tile.memory, tile.row_predictions + output * samples, value)


@njit(forceinline=True)
def link_by_softmax(block: Any, tile: Any) -> None:
    """Write the softmax of the outputs."""
    samples = samples_of(block)
    outputs = outputs_row(block, tile)
    for output in range(tile.outputs):
        value = load(block, tile.memory, outputs + output * samples)
        store(block, tile.memory, tile.row_predictions + output * samples, value)
    softmax(block, tile.memory, tile.row_predictions, tile.outputs, False)
