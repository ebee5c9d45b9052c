# pyright: basic
# Overloads return functions for numba to compile; their arguments have no types before that.
"""One step of SGD or Adam on one row of parameters, fused with the backward pass; or a gradient added up."""

from __future__ import annotations

from typing import Any

from numba import njit
from numba.extending import overload

from trainlab.engine.kernel.simd import load, store
from trainlab.engine.kernel.table_readers import step_number, step_row
from trainlab.engine.kernel.tables import MOMENTUM, RATE, SCALE
from trainlab.engine.kernel.vector import dot_samples, fma, splat, sqrt


@njit(forceinline=True)
def rates_of(tile: Any, step: int) -> Any:
    """Return (rate, scale, momentum) of a step; the last row of the table holds for all that follow."""
    row = step_row(tile, step)
    return step_number(tile, row, RATE), step_number(tile, row, SCALE), step_number(tile, row, MOMENTUM)


@njit(forceinline=True)
def apply_sgd(lane: Any, block: Any, tile: Any, rates: Any, p: int, delta: Any, a: Any) -> None:
    """b ← momentum · b + g, w ← w − lr · b, for parameter row `p` with g = Σ delta · a over the samples."""
    rate, _, momentum = rates
    weight = load(lane, tile.memory, tile.row_parameters + p)
    g = dot_samples(block, delta, a, splat(lane, 0.0))
    buffer = fma(splat(lane, momentum), load(lane, tile.memory, tile.row_first_state + p), g)
    store(lane, tile.memory, tile.row_first_state + p, buffer)
    store(lane, tile.memory, tile.row_parameters + p, fma(splat(lane, -rate), buffer, weight))


@njit(forceinline=True)
def apply_adam(lane: Any, block: Any, tile: Any, rates: Any, p: int, delta: Any, a: Any) -> None:
    """m ← m + (1 − β₁)(g − m), v ← β₂ v + (1 − β₂) g², w ← w − rate · m / (√v · scale + eps)."""
    rate, scale, beta1 = rates
    weight = load(lane, tile.memory, tile.row_parameters + p)
    mean = load(lane, tile.memory, tile.row_first_state + p)
    square = load(lane, tile.memory, tile.row_second_state + p) * splat(lane, tile.beta2)
    g = dot_samples(block, delta, a, splat(lane, 0.0))
    mean = fma(splat(lane, 1.0 - beta1), g - mean, mean)
    store(lane, tile.memory, tile.row_first_state + p, mean)
    square = fma(splat(lane, 1.0 - tile.beta2) * g, g, square)
    store(lane, tile.memory, tile.row_second_state + p, square)
    denominator = fma(sqrt(square), splat(lane, scale), splat(lane, tile.eps))
    store(lane, tile.memory, tile.row_parameters + p, fma(splat(lane, -rate), mean / denominator, weight))


@njit(forceinline=True)
def add_up(lane: Any, block: Any, tile: Any, rates: Any, p: int, delta: Any, a: Any) -> None:
    """Add to the gradient row sample by sample, so that no block size changes the order of the sum."""
    row = tile.row_gradient + p
    store(lane, tile.memory, row, dot_samples(block, delta, a, load(lane, tile.memory, row)))


APPLIES = (apply_sgd, apply_adam, add_up)
"""What is done with a gradient; for SGD and Adam by the optimizer's code."""
ADDED_UP = 2


def apply_gradient(
    chosen: Any, lane: Any, block: Any, tile: Any, rates: Any, p: int, delta: Any, a: Any
) -> None:
    """Act on the gradient of parameter row `p`, Σ delta · a over the samples, in the way chosen."""
    raise TypeError("apply_gradient runs in compiled code only")


@overload(apply_gradient, strict=False, jit_options={"forceinline": True})
def _overload_apply(
    chosen: Any, lane: Any, block: Any, tile: Any, rates: Any, p: Any, delta: Any, a: Any
) -> Any:
    function = APPLIES[chosen.tag.code]
    return lambda chosen, lane, block, tile, rates, p, delta, a: function(
        lane, block, tile, rates, p, delta, a
    )


@njit(forceinline=True)
def clear_rows(lane: Any, memory: Any, first: int, count: int) -> None:
    """Set `count` rows to zero."""
    for row in range(count):
        store(lane, memory, first + row, splat(lane, 0.0))
