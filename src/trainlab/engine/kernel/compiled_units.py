"""The kernel's compiled units: what an experiment needs of it, each compiled by itself and kept on disk.

A unit is a C function of a tile's address and three whole numbers, ``(address, a, b, c)``; the tile's record
holds the addresses of the units it needs. So an activation, loss or optimizer costs those who use it the
compilation of a small function, and the others nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from numba import types

from trainlab.engine.kernel.activations import FORWARD
from trainlab.engine.kernel.compile_cache import cached_cfunc
from trainlab.engine.kernel.custom import add_custom_loss, write_custom_deltas
from trainlab.engine.kernel.dispatch import (
    FunctionTag,
    activate_layer,
    add_loss_of,
    back_through_layer,
    write_deltas,
    write_predictions,
)
from trainlab.engine.kernel.draws import add_noise, drop_units, gather_anew, gather_block, shuffle_examples
from trainlab.engine.kernel.evaluate import evaluate
from trainlab.engine.kernel.example_blocks import copy_block
from trainlab.engine.kernel.fused_updates import ADDED_UP
from trainlab.engine.kernel.layerwise import update_layers
from trainlab.engine.kernel.memory import tile_at
from trainlab.engine.kernel.optimizer_step import update_all
from trainlab.engine.kernel.simd import Lanes
from trainlab.engine.kernel.steps import step_on_batch, step_on_example

Unit = Callable[[int, int, int, int], None]

SIGNATURE = types.void(types.int64, types.int64, types.int64, types.int64)

_kept: list[Any] = []
"""Compiled functions; their addresses hold as long as they live."""


def _compiled(unit: Unit, *, kept_on_disk: bool = True) -> int:
    compiled = cached_cfunc(unit, SIGNATURE, kept_on_disk=kept_on_disk)
    _kept.append(compiled)
    return int(compiled.address)


@cache
def single_steps(lane: Lanes, block: Lanes, applied: int) -> int:
    """Steps a … b − 1 on one example a network; `applied` is what is done with each gradient."""
    apply = FunctionTag(table="applies", code=applied)

    def unit(address: int, a: int, b: int, c: int) -> None:
        for step in range(a, b):
            step_on_example(lane, block, tile_at(lane, address), step, apply)

    return _compiled(unit)


@cache
def batch_steps(lane: Lanes, block: Lanes, applied: int) -> int:
    """Steps a … b − 1 on a batch; `applied` is what is done with each gradient."""
    apply = FunctionTag(table="applies", code=applied)

    def unit(address: int, a: int, b: int, c: int) -> None:
        for step in range(a, b):
            step_on_batch(lane, block, tile_at(lane, address), step, apply)

    return _compiled(unit)


@cache
def evaluation(lane: Lanes, block: Lanes) -> int:
    """Evaluate: a which examples, b with gradients, c the row for predictions or −1, or a step's number."""
    apply = FunctionTag(table="applies", code=ADDED_UP)

    def unit(address: int, a: int, b: int, c: int) -> None:
        evaluate(lane, block, tile_at(lane, address), apply, a, b != 0, c)

    return _compiled(unit)


@cache
def update(lane: Lanes, optimizer: int) -> int:
    """Make step a of an optimizer, from gradients added up."""
    chosen = FunctionTag(table="optimizers", code=optimizer)

    def unit(address: int, a: int, b: int, c: int) -> None:
        update_all(lane, tile_at(lane, address), a, chosen)

    return _compiled(unit)


@cache
def update_apart(lane: Lanes, optimizer: int) -> int:
    """Make step a of an optimizer as `update` does, where layers are equalised or frozen."""
    chosen = FunctionTag(table="optimizers", code=optimizer)

    def unit(address: int, a: int, b: int, c: int) -> None:
        update_layers(lane, tile_at(lane, address), a, chosen)

    return _compiled(unit)


@cache
def activation(block: Lanes, code: int) -> int:
    """Activate layer a, b = FORWARD, or go back through its activation, b = BACKWARD."""
    chosen = FunctionTag(table="activations", code=code)

    def unit(address: int, a: int, b: int, c: int) -> None:
        if b == FORWARD:
            activate_layer(chosen, block, tile_at(block, address), a)
        else:
            back_through_layer(chosen, block, tile_at(block, address), a)

    return _compiled(unit)


@cache
def loss_deltas(block: Lanes, loss: int) -> int:
    """Write ∂L/∂output for targets from row a and shares from row b."""
    chosen = FunctionTag(table="losses", code=loss)

    def unit(address: int, a: int, b: int, c: int) -> None:
        write_deltas(chosen, block, tile_at(block, address), a, b)

    return _compiled(unit)


@cache
def loss_value(lane: Lanes, block: Lanes, loss: int) -> int:
    """Add a block's share of the loss, for targets from row a and shares from row b."""
    chosen = FunctionTag(table="losses", code=loss)

    def unit(address: int, a: int, b: int, c: int) -> None:
        add_loss_of(chosen, lane, block, tile_at(lane, address), a, b)

    return _compiled(unit)


@cache
def custom_deltas(block: Lanes, slope: int) -> int:
    """Write ∂L/∂output of a custom loss, whose derivative lies at the address `slope`.

    Not kept on disk: the address holds in this process alone.
    """

    def unit(address: int, a: int, b: int, c: int) -> None:
        write_custom_deltas(block, tile_at(block, address), a, b, slope)

    return _compiled(unit, kept_on_disk=False)


@cache
def custom_value(lane: Lanes, block: Lanes, value: int) -> int:
    """Add a block's share of a custom loss, whose value lies at the address `value`."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        add_custom_loss(lane, block, tile_at(lane, address), a, b, value)

    return _compiled(unit, kept_on_disk=False)


@cache
def link(block: Lanes, code: int) -> int:
    """Write the predictions that a link makes of a block's outputs."""
    chosen = FunctionTag(table="links", code=code)

    def unit(address: int, a: int, b: int, c: int) -> None:
        write_predictions(chosen, block, tile_at(block, address))

    return _compiled(unit)


@cache
def drop(lane: Lanes, block: Lanes) -> int:
    """Drop units of layer a at step b, part c of its batch."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        drop_units(lane, block, tile_at(lane, address), a, b, c)

    return _compiled(unit)


@cache
def noise(lane: Lanes, block: Lanes) -> int:
    """Add noise to the inputs, from row c, of step a, part b of its batch."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        add_noise(lane, block, tile_at(lane, address), a, b, c)

    return _compiled(unit)


@cache
def copy(lane: Lanes, block: Lanes) -> int:
    """Copy block a of the train examples, or if b isn't 0 of those held out."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        copy_block(lane, block, tile_at(lane, address), a, b != 0)

    return _compiled(unit)


@cache
def gather(lane: Lanes, block: Lanes) -> int:
    """Copy each network's own examples of step a, part b of a batch of c, with their shares in the mean."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        gather_block(lane, block, tile_at(lane, address), a, b, c)

    return _compiled(unit)


@cache
def gather_for_reading(lane: Lanes, block: Lanes) -> int:
    """Copy what `gather` does, whatever was drawn before, and leave the words as the training needs them."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        gather_anew(lane, block, tile_at(lane, address), a, b, c)

    return _compiled(unit)


@cache
def shuffle(lane: Lanes) -> int:
    """Put the examples of epoch a in order."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        shuffle_examples(lane, tile_at(lane, address), a)

    return _compiled(unit)
