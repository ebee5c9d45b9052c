# numba has no types, and arguments of compiled code have none before compilation.
# pyright: basic
"""Which function of a table compiled code calls: told by a tag that is known when it is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numba.core import types
from numba.core.imputils import lower_constant
from numba.extending import models, overload, register_model, typeof_impl

from trainlab.engine.kernel import array_draws
from trainlab.engine.kernel.activations import (
    SLOPES,
    activate_by_slope,
    multiply_by_kept_slope,
    softmax_backward,
    softmax_layer,
)
from trainlab.engine.kernel.draws import (
    add_noise,
    copy_block,
    drop_units,
    gather_anew,
    gather_block,
    shuffle_examples,
)
from trainlab.engine.kernel.lanes import Lanes, Unit
from trainlab.engine.kernel.losses import (
    LINKS,
    OVER_OUTPUTS,
    TERMS,
    add_custom_loss,
    deltas_of_terms,
    link_by_softmax,
    link_outputs,
    loss_of_terms,
    write_custom_deltas,
)
from trainlab.engine.kernel.memory import call, tile_at
from trainlab.engine.kernel.optimizer_step import update_all, update_layers
from trainlab.engine.kernel.steps import step_on_batch, step_on_example
from trainlab.engine.kernel.tables import ADDED_UP, FORWARD, LOG_SOFTMAX, SOFTMAX, SOFTMAX_LINK
from trainlab.engine.kernel.tile import (
    evaluate,
    flush_where_idle,
    lower_rates,
    restore_subnormals,
    train_tile,
)


@dataclass(frozen=True, kw_only=True)
class FunctionTag:
    """One of the functions of a table, by its place there, known at compile time.

    A tag and not the function itself: a compiled function that is handed over changes the identity on disk of
    what it is compiled into, every time.
    """

    table: str
    code: int


class FunctionTagType(types.Type):
    """The numba type of a `FunctionTag`; it holds no data."""

    def __init__(self, tag: FunctionTag) -> None:
        self.tag = tag
        super().__init__(name=repr(tag))


@register_model(FunctionTagType)
class _FunctionTagModel(models.OpaqueModel):
    pass


@typeof_impl.register(FunctionTag)
def _typeof_tag(value: FunctionTag, _context: Any) -> FunctionTagType:
    return FunctionTagType(value)


@lower_constant(FunctionTagType)
def _constant_tag(context: Any, _builder: Any, _typ: FunctionTagType, _value: Any) -> Any:
    return context.get_dummy_value()


INLINE: dict[str, Any] = {"strict": False, "jit_options": {"forceinline": True}}


def activate_layer(chosen: Any, block: Any, tile: Any, index: int) -> None:
    """Replace a layer's weighted sums by the activations of the one chosen."""
    raise TypeError("activate_layer runs in compiled code only")


@overload(activate_layer, **INLINE)
def _overload_activate(chosen: Any, block: Any, tile: Any, index: Any) -> Any:
    code = chosen.tag.code
    if code in (SOFTMAX, LOG_SOFTMAX):
        logarithm = code == LOG_SOFTMAX
        return lambda chosen, block, tile, index: softmax_layer(block, tile, index, logarithm)
    function = SLOPES[code]
    return lambda chosen, block, tile, index: activate_by_slope(block, tile, index, function)


def back_through_layer(chosen: Any, block: Any, tile: Any, index: int) -> None:
    """Turn ∂L/∂output of a layer into ∂L/∂sum."""
    raise TypeError("back_through_layer runs in compiled code only")


@overload(back_through_layer, **INLINE)
def _overload_back(chosen: Any, block: Any, tile: Any, index: Any) -> Any:
    code = chosen.tag.code
    if code in (SOFTMAX, LOG_SOFTMAX):
        logarithm = code == LOG_SOFTMAX
        return lambda chosen, block, tile, index: softmax_backward(block, tile, index, logarithm)
    return lambda chosen, block, tile, index: multiply_by_kept_slope(block, tile, index)


def write_deltas(chosen: Any, block: Any, tile: Any, targets: int, shares: int) -> None:
    """Write ∂L/∂output of the loss chosen."""
    raise TypeError("write_deltas runs in compiled code only")


@overload(write_deltas, **INLINE)
def _overload_deltas(chosen: Any, block: Any, tile: Any, targets: Any, shares: Any) -> Any:
    code = chosen.tag.code
    if code in OVER_OUTPUTS:
        whole = OVER_OUTPUTS[code][1]
        return lambda chosen, block, tile, targets, shares: whole(block, tile, targets, shares)
    function = TERMS[code][1]
    return lambda chosen, block, tile, targets, shares: deltas_of_terms(
        block, tile, targets, shares, function
    )


def add_loss_of(chosen: Any, lane: Any, block: Any, tile: Any, targets: int, shares: int) -> None:
    """Add a block's share of the loss chosen to the loss row."""
    raise TypeError("add_loss_of runs in compiled code only")


@overload(add_loss_of, **INLINE)
def _overload_loss(chosen: Any, lane: Any, block: Any, tile: Any, targets: Any, shares: Any) -> Any:
    code = chosen.tag.code
    if code in OVER_OUTPUTS:
        whole = OVER_OUTPUTS[code][0]
        return lambda chosen, lane, block, tile, targets, shares: whole(lane, block, tile, targets, shares)
    function = TERMS[code][0]
    return lambda chosen, lane, block, tile, targets, shares: loss_of_terms(
        lane, block, tile, targets, shares, function
    )


def write_predictions(chosen: Any, block: Any, tile: Any) -> None:
    """Write the predictions that the link chosen makes of a block's outputs."""
    raise TypeError("write_predictions runs in compiled code only")


@overload(write_predictions, **INLINE)
def _overload_link(chosen: Any, block: Any, tile: Any) -> Any:
    code = chosen.tag.code
    if code == SOFTMAX_LINK:
        return lambda chosen, block, tile: link_by_softmax(block, tile)
    function = LINKS[code]
    return lambda chosen, block, tile: link_outputs(block, tile, function)


# The source of the kernel's units: what an experiment needs of it, each a C function compiled by itself.
#
# A unit of a tile is a function of the tile's address and three whole numbers, ``(address, a, b, c)``; the
# tile's record holds the addresses of the units it needs. So an activation, loss or optimizer costs those who
# use it the compilation of a small function, and the others nothing. Units of no tile take whole numbers and
# addresses.


Function = Callable[..., None]


def source_of(unit: Unit) -> Function:
    """Return the Python function that a unit is compiled from; all of its arguments are int64."""
    if unit.kind in array_draws.UNITS:
        return array_draws.UNITS[unit.kind](unit.lanes.dtype)
    return _OF_A_TILE[unit.kind](unit.lanes.lane, unit.lanes, unit.code)


def _single_steps(lane: Lanes, block: Lanes, applied: int) -> Function:
    """Steps a … b − 1 on one example a network; `applied` is what is done with each gradient."""
    apply = FunctionTag(table="applies", code=applied)

    def unit(address: int, a: int, b: int, c: int) -> None:
        for step in range(a, b):
            step_on_example(lane, block, tile_at(lane, address), step, apply)

    return unit


def _batch_steps(lane: Lanes, block: Lanes, applied: int) -> Function:
    """Steps a … b − 1 on a batch; `applied` is what is done with each gradient."""
    apply = FunctionTag(table="applies", code=applied)

    def unit(address: int, a: int, b: int, c: int) -> None:
        for step in range(a, b):
            step_on_batch(lane, block, tile_at(lane, address), step, apply)

    return unit


def _evaluation(lane: Lanes, block: Lanes, _code: int) -> Function:
    """Evaluate: a which examples, b with gradients, c the row for predictions or −1, or a step's number."""
    apply = FunctionTag(table="applies", code=ADDED_UP)

    def unit(address: int, a: int, b: int, c: int) -> None:
        evaluate(lane, block, tile_at(lane, address), apply, a, b != 0, c)

    return unit


def _update(lane: Lanes, _block: Lanes, optimizer: int) -> Function:
    """Make step a of an optimizer, from gradients added up."""
    chosen = FunctionTag(table="optimizers", code=optimizer)

    def unit(address: int, a: int, b: int, c: int) -> None:
        update_all(lane, tile_at(lane, address), a, chosen)

    return unit


def _update_apart(lane: Lanes, _block: Lanes, optimizer: int) -> Function:
    """Make step a of an optimizer as `_update` does, where layers are equalised or frozen."""
    chosen = FunctionTag(table="optimizers", code=optimizer)

    def unit(address: int, a: int, b: int, c: int) -> None:
        update_layers(lane, tile_at(lane, address), a, chosen)

    return unit


def _activation(_lane: Lanes, block: Lanes, code: int) -> Function:
    """Activate layer a, b = FORWARD, or go back through its activation, b = BACKWARD."""
    chosen = FunctionTag(table="activations", code=code)

    def unit(address: int, a: int, b: int, c: int) -> None:
        if b == FORWARD:
            activate_layer(chosen, block, tile_at(block, address), a)
        else:
            back_through_layer(chosen, block, tile_at(block, address), a)

    return unit


def _loss_deltas(_lane: Lanes, block: Lanes, loss: int) -> Function:
    """Write ∂L/∂output for targets from row a and shares from row b."""
    chosen = FunctionTag(table="losses", code=loss)

    def unit(address: int, a: int, b: int, c: int) -> None:
        write_deltas(chosen, block, tile_at(block, address), a, b)

    return unit


def _loss_value(lane: Lanes, block: Lanes, loss: int) -> Function:
    """Add a block's share of the loss, for targets from row a and shares from row b."""
    chosen = FunctionTag(table="losses", code=loss)

    def unit(address: int, a: int, b: int, c: int) -> None:
        add_loss_of(chosen, lane, block, tile_at(lane, address), a, b)

    return unit


def _custom_deltas(_lane: Lanes, block: Lanes, _code: int) -> Function:
    """Write ∂L/∂output of a loss of the user's own."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        write_custom_deltas(block, tile_at(block, address), a, b)

    return unit


def _custom_value(lane: Lanes, block: Lanes, _code: int) -> Function:
    """Add a block's share of a loss of the user's own."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        add_custom_loss(lane, block, tile_at(lane, address), a, b)

    return unit


def _link(_lane: Lanes, block: Lanes, code: int) -> Function:
    """Write the predictions that a link makes of a block's outputs."""
    chosen = FunctionTag(table="links", code=code)

    def unit(address: int, a: int, b: int, c: int) -> None:
        write_predictions(chosen, block, tile_at(block, address))

    return unit


def _drop(lane: Lanes, block: Lanes, _code: int) -> Function:
    """Drop units of layer a at step b, part c of its batch."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        drop_units(lane, block, tile_at(lane, address), a, b, c)

    return unit


def _noise(lane: Lanes, block: Lanes, _code: int) -> Function:
    """Add noise to the inputs, from row c, of step a, part b of its batch."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        add_noise(lane, block, tile_at(lane, address), a, b, c)

    return unit


def _copy(lane: Lanes, block: Lanes, _code: int) -> Function:
    """Copy block a of the train examples, or if b isn't 0 of those held out."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        copy_block(lane, block, tile_at(lane, address), a, b != 0)

    return unit


def _gather(lane: Lanes, block: Lanes, _code: int) -> Function:
    """Copy each network's own examples of step a, part b of a batch of c, with their shares in the mean."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        gather_block(lane, block, tile_at(lane, address), a, b, c)

    return unit


def _gather_anew(lane: Lanes, block: Lanes, _code: int) -> Function:
    """Copy what `_gather` does, whatever was drawn before, and leave the words as the training needs them."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        gather_anew(lane, block, tile_at(lane, address), a, b, c)

    return unit


def _shuffle(lane: Lanes, _block: Lanes, _code: int) -> Function:
    """Put the examples of epoch a in order."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        shuffle_examples(lane, tile_at(lane, address), a)

    return unit


def _train(lane: Lanes, _block: Lanes, _code: int) -> Function:
    """Train a tile from its first step to its last."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        train_tile(lane, tile_at(lane, address))

    return unit


def _lower_rates(lane: Lanes, _block: Lanes, _code: int) -> Function:
    """Lower the rate of every network whose loss no longer falls; a isn't 0 if it is the first time."""

    def unit(address: int, a: int, b: int, c: int) -> None:
        lower_rates(lane, tile_at(lane, address), a != 0)

    return unit


def _call(lane: Lanes, _block: Lanes, _code: int) -> Function:
    """Call the unit at an address from outside of a training, as the training calls it."""

    def unit(address: int, function: int, a: int, b: int, c: int) -> None:
        tile = tile_at(lane, address)
        before = flush_where_idle(tile)
        call(function, tile, a, b, c)
        restore_subnormals(before)

    return unit


_OF_A_TILE: dict[str, Callable[[Lanes, Lanes, int], Any]] = {
    "single_steps": _single_steps,
    "batch_steps": _batch_steps,
    "evaluation": _evaluation,
    "update": _update,
    "update_apart": _update_apart,
    "activation": _activation,
    "loss_deltas": _loss_deltas,
    "loss_value": _loss_value,
    "custom_deltas": _custom_deltas,
    "custom_value": _custom_value,
    "link": _link,
    "drop": _drop,
    "noise": _noise,
    "copy": _copy,
    "gather": _gather,
    "gather_anew": _gather_anew,
    "shuffle": _shuffle,
    "train": _train,
    "lower_rates": _lower_rates,
    "call": _call,
}
