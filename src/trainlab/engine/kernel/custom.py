# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""A loss of the user's own: a compiled function of two numbers, called for each by its address.

It is called, never inlined, so that no compiler vectorises it and every number comes out the same wherever it
stands. It is computed in float64 and rounded.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit
from numba.core import types

from trainlab.engine.kernel.layers import outputs_row
from trainlab.engine.kernel.losses import add_terms
from trainlab.engine.kernel.memory import element, set_element
from trainlab.engine.kernel.simd import intrinsic, load, networks_of, samples_of


@intrinsic
def call_function(_typing: Any, function: Any, x: Any, y: Any) -> Any:
    """Return a compiled function of two float64, at an address, of two numbers."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType()] * 2)
        numbers = [
            context.cast(builder, value, given, types.float64)
            for value, given in zip(args[1:], sig.args[1:], strict=True)
        ]
        address = context.cast(builder, args[0], sig.args[0], types.int64)
        return builder.call(builder.inttoptr(address, kind.as_pointer()), numbers)

    return types.float64(function, x, y), codegen


@njit(forceinline=True)
def write_custom_deltas(block: Any, tile: Any, targets: int, shares: int, slope: int) -> None:
    """Write ∂L/∂output of each output."""
    networks = networks_of(block)
    size = samples_of(block) * networks
    outputs = outputs_row(block, tile)
    deltas = outputs - tile.row_values + tile.row_deltas
    for output in range(tile.outputs):
        for place in range(size):
            at = output * size + place
            p = element(block, tile.memory, outputs * networks + at)
            y = element(block, tile.memory, targets * networks + at)
            share = element(block, tile.memory, shares * networks + place)
            # Without a share not even ∞ counts.
            delta = call_function(slope, p, y) * share if share > 0 else 0.0
            set_element(block, tile.memory, deltas * networks + at, delta)


@njit(forceinline=True)
def add_custom_loss(lane: Any, block: Any, tile: Any, targets: int, shares: int, value: int) -> None:
    """Add a block's share of the mean loss to the loss row."""
    networks = networks_of(block)
    size = samples_of(block) * networks
    outputs = outputs_row(block, tile)
    # The deltas of the first output are written after the loss is known: until then there is room.
    room = outputs - tile.row_values + tile.row_deltas
    for place in range(size):
        total = 0.0
        for output in range(tile.outputs):
            at = output * size + place
            p = element(block, tile.memory, outputs * networks + at)
            total += call_function(value, p, element(block, tile.memory, targets * networks + at))
        set_element(block, tile.memory, room * networks + place, total)
    add_terms(lane, block, tile, load(block, tile.memory, room), load(block, tile.memory, shares))
