"""Which units of the kernel the package has the code of: all that any experiment asks for."""

from __future__ import annotations

from collections.abc import Iterator

from trainlab.engine.kernel.lanes import Lanes, Unit, array_unit
from trainlab.engine.kernel.tables import ADDED_UP, HINGE, HUBER, LOG_SOFTMAX, MARGIN_LINK, RELU, SIGMOID_LINK

SINGLE_SHAPES = ((64, 2), (32, 4), (16, 4), (8, 4))
BATCH_SHAPES = ((32, 4), (16, 4), (8, 4), (16, 8), (8, 16))
"""Networks side by side and samples of each a block, as `fast.job.choose_lanes` chooses them."""
DTYPES = ("float32", "float64")
OPTIMIZER_COUNT = 9

_APPLIED = range(ADDED_UP + 1)
_ACTIVATIONS = range(LOG_SOFTMAX + 1)
_LOSSES = range(HUBER, HINGE + 1)
_LINKS = range(SIGMOID_LINK, MARGIN_LINK + 1)


def shipped_units() -> list[Unit]:
    """Return every unit once, those of one shape and precision together."""
    found: dict[Unit, None] = {}
    for dtype in DTYPES:
        for networks, samples in dict.fromkeys((*SINGLE_SHAPES, *BATCH_SHAPES)):
            block = Lanes(networks=networks, samples=samples, dtype=dtype)
            found.update(dict.fromkeys(_of_lane(block.lane)))
            found.update(dict.fromkeys(_of_reading(block)))
            if (networks, samples) in SINGLE_SHAPES:
                found.update(dict.fromkeys(_of_steps(block.lane)))
                found.update((Unit(kind="single_steps", lanes=block, code=code), None) for code in _APPLIED)
            if (networks, samples) in BATCH_SHAPES:
                found.update(dict.fromkeys(_of_steps(block)))
                found.update((Unit(kind="batch_steps", lanes=block, code=code), None) for code in _APPLIED)
        found.update(dict.fromkeys(array_units(dtype)))
    return list(found)


def array_units(dtype: str) -> Iterator[Unit]:
    """Yield the units that draw into arrays (`array_draws.py`)."""
    kinds = ("fill_draws", "draw_examples", "shuffle_rows", "noise_words") if dtype == "float64" else ()
    for kind in (*kinds, "draw_masks"):
        yield array_unit(kind, dtype)


def _of_lane(lane: Lanes) -> Iterator[Unit]:
    """Yield what works on all parameters of the networks."""
    for kind in ("train", "call", "lower_rates", "shuffle"):
        yield Unit(kind=kind, lanes=lane)
    for code in range(OPTIMIZER_COUNT):
        yield Unit(kind="update", lanes=lane, code=code)
        yield Unit(kind="update_apart", lanes=lane, code=code)


def _of_reading(block: Lanes) -> Iterator[Unit]:
    """Yield what evaluates block by block."""
    for kind in ("evaluation", "copy", "gather_anew", "custom_value", "custom_deltas"):
        yield Unit(kind=kind, lanes=block)
    for code in _LINKS:
        yield Unit(kind="link", lanes=block, code=code)
    for code in _LOSSES:
        yield Unit(kind="loss_value", lanes=block, code=code)
        yield Unit(kind="loss_deltas", lanes=block, code=code)
    for code in _ACTIVATIONS:
        if code > RELU:
            yield Unit(kind="activation", lanes=block, code=code)


def _of_steps(block: Lanes) -> Iterator[Unit]:
    """Yield what a step calls, on blocks or on single examples."""
    for kind in ("drop", "noise", "gather", "custom_deltas"):
        yield Unit(kind=kind, lanes=block)
    for code in _LOSSES:
        yield Unit(kind="loss_deltas", lanes=block, code=code)
    for code in _ACTIVATIONS:
        yield Unit(kind="activation", lanes=block, code=code)
