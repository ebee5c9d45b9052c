# pyright: basic
# numba has no types, and arguments of compiled code have none before compilation.
"""Which function of a table compiled code calls: told by a tag that is known when it is compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numba.core import types
from numba.core.imputils import lower_constant
from numba.extending import models, overload, register_model, typeof_impl

from trainlab.engine.kernel.activations_by_slope import SLOPES, activate_by_slope, multiply_by_kept_slope
from trainlab.engine.kernel.cross_entropy import OVER_OUTPUTS
from trainlab.engine.kernel.links import LINKS, link_by_softmax, link_outputs
from trainlab.engine.kernel.loss_terms import TERMS, deltas_of_terms, loss_of_terms
from trainlab.engine.kernel.softmax import softmax_backward, softmax_layer
from trainlab.engine.kernel.tables import LOG_SOFTMAX, SOFTMAX, SOFTMAX_LINK


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
