# pyright: basic
# Overloads return functions for numba to compile; their arguments have no types before that.
"""Which function of a table compiled code calls, told by a `Chosen` tag."""

from __future__ import annotations

from typing import Any

from numba.extending import overload

from trainlab.engine.kernel import entropy
from trainlab.engine.kernel.activations_by_slope import SLOPES, activate_by_slope, multiply_by_kept_slope
from trainlab.engine.kernel.links import LINKS, link_by_softmax, link_outputs
from trainlab.engine.kernel.loss_terms import TERMS, deltas_of_terms, loss_of_terms
from trainlab.engine.kernel.softmax import softmax_backward, softmax_layer
from trainlab.engine.kernel.tables import CROSS_ENTROPY, LOG_SOFTMAX, NLL, SOFTMAX, SOFTMAX_LINK

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
    if code == CROSS_ENTROPY:
        return lambda chosen, block, tile, targets, shares: entropy.cross_entropy_deltas(
            block, tile, targets, shares
        )
    if code == NLL:
        return lambda chosen, block, tile, targets, shares: entropy.nll_deltas(block, tile, targets, shares)
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
    if code == CROSS_ENTROPY:
        return lambda chosen, lane, block, tile, targets, shares: entropy.cross_entropy_loss(
            lane, block, tile, targets, shares
        )
    if code == NLL:
        return lambda chosen, lane, block, tile, targets, shares: entropy.nll_loss(
            lane, block, tile, targets, shares
        )
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
