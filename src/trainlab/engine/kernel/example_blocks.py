"""Examples that all networks of a tile share, brought to a block: inputs, targets, shares in the mean."""

from __future__ import annotations

from typing import Any

from numba import njit

from trainlab.engine.kernel.memory import call, element
from trainlab.engine.kernel.simd import samples_of, store
from trainlab.engine.kernel.vector import splat


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
