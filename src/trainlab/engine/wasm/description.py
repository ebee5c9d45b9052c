"""An experiment as plain data, from which a page lays out tiles of the kernel in WebAssembly.

What Python's own engine writes into a tile is written once, by `fast.job` and `fast.tiles`; here it is read
off: where each field of the record is, how large the arrays are and what they hold before the first step.
Only what differs from seed to seed is left to the page: draws, keys, and how many lanes are used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.engine.evaluation import check_marks
from trainlab.engine.fast.job import Job, prepare
from trainlab.engine.fast.tiles import TILE_ARRAYS, begin_tile, tile_arrays
from trainlab.engine.kernel import tables
from trainlab.engine.kernel.archive import kernel_digest
from trainlab.engine.kernel.lanes import Lanes, Unit, array_unit
from trainlab.engine.kernel.shipped import OPTIMIZER_COUNT
from trainlab.engine.kernel.tables import ADDED_UP, HINGE, HUBER, LOG_SOFTMAX, MARGIN_LINK, RELU, SIGMOID_LINK
from trainlab.engine.layout import drawn_parts
from trainlab.errors import EngineError
from trainlab.maths import INITS
from trainlab.spec import Custom, Experiment

# Which units of the kernel the WebAssembly module has, and at which place of its table each one is.
#
# One width of a tile, in float32. What is left out is refused by name when an experiment asks for it: custom
# losses, and updates that treat layers apart.


BLOCK = Lanes(networks=16, samples=4)
"""Networks side by side and samples of each a block, measured to be fastest (measure/wasm.py)."""

FIRST_PLACE = 1
"""The place of the first unit in the module's table of functions: 0 is that of no unit."""

UNITS_SECTION, KERNEL_SECTION, TOOLS_SECTION = "trainlab.units", "trainlab.kernel", "trainlab.tools"
"""Sections of the module: its units' symbols in the order of places, the kernel's digest, what made it."""


def module_units(block: Lanes = BLOCK) -> list[Unit]:
    """Return the module's units in the order of their places."""
    lane = block.lane
    return [
        Unit(kind="train", lanes=lane),
        Unit(kind="shuffle", lanes=lane),
        *_numbered("update", lane, range(OPTIMIZER_COUNT)),
        *_numbered("single_steps", block, range(ADDED_UP + 1)),
        *_numbered("batch_steps", block, range(ADDED_UP + 1)),
        *(Unit(kind=kind, lanes=block) for kind in ("evaluation", "copy", "gather_anew")),
        *_numbered("link", block, range(SIGMOID_LINK, MARGIN_LINK + 1)),
        *_numbered("loss_value", block, range(HUBER, HINGE + 1)),
        *_numbered("activation", block, range(LOG_SOFTMAX + 1)),
        *_numbered("activation", lane, range(RELU + 1, LOG_SOFTMAX + 1)),
        *(
            unit
            for lanes in (lane, block)
            for unit in (
                Unit(kind="gather", lanes=lanes),
                *_numbered("loss_deltas", lanes, range(HUBER, HINGE + 1)),
            )
        ),
        array_unit("fill_draws"),
    ]


def _numbered(kind: str, lanes: Lanes, codes: range) -> Iterator[Unit]:
    return (Unit(kind=kind, lanes=lanes, code=code) for code in codes)


Step = tuple[str, float]
"""``("times", number)`` or ``("plus", number)``: what a page repeats to the bit in float64."""
_RUN_LENGTH = 8
"""Zeros that end a run of values: a few cost less than another run's beginning."""


def described(experiment: Experiment, *, marks: tuple[int, ...] = (), block: Lanes = BLOCK) -> dict[str, Any]:
    """Return all that ``static/kernel.js`` needs to train seeds of an experiment, as JSON can hold it.

    `marks` are epochs after which it is evaluated; its last one is if none is given.

    Raises:
        EngineError: it asks for what the module hasn't.
    """
    if experiment.after is not None:
        raise EngineError("after: the kernel in WebAssembly trains from draws; leave it out.")
    if isinstance(experiment.loss, Custom):
        raise EngineError(
            "loss: the kernel in WebAssembly has none of your own; name one, or train in Python."
        )
    job = prepare(
        experiment,
        marks=check_marks(experiment, marks),
        population=block.networks,
        networks=block.networks,
        samples=block.samples,
        dtype=block.dtype,
        checked=False,
        address=_places(block).__getitem__,
    )
    own = tile_arrays(job)
    begin_tile(job, own, range(1), np.zeros((1, job.plan.parameters)))
    return {
        "kernel": kernel_digest(),
        "units": " ".join(unit.symbol for unit in module_units(block)),
        "networks": block.networks,
        "record": _record(job),
        "arrays": {
            **{name: _given(array) for name, array in job.tables.items()},
            **{name: _filled(own[name]) for name in TILE_ARRAYS},
        },
        "memory": list(_runs(own["memory"].reshape(job.rows.total, block.networks)[:, 0])),
        "keys": [tables.KEY_LOW, tables.KEY_HIGH],
        "parameters": job.plan.parameters,
        "draws": list(_draws(experiment)),
        "reading": _reading(job),
    }


class _Places(dict[Unit, int]):
    """The place of each unit in the module's table."""

    def __missing__(self, unit: Unit) -> int:
        raise EngineError(
            f"{unit.kind} {unit.code}: the module in WebAssembly hasn't this part of the kernel "
            "(engine/wasm/description.py lists what it has); train in Python."
        )


def _places(block: Lanes) -> _Places:
    return _Places({unit: place for place, unit in enumerate(module_units(block), FIRST_PLACE)})


def _record(job: Job) -> dict[str, Any]:
    """Return the record's size, and the place, type and value of each field; addresses are the page's."""
    fields = tables.RECORD.fields
    assert fields is not None
    return {
        "bytes": tables.RECORD.itemsize,
        "fields": {
            name: {"at": at, "type": dtype.name, "value": job.record[name].item()}
            for name, (dtype, at, *_) in fields.items()
            if name not in tables.ADDRESSES
        },
        "addresses": {name: fields[name][1] for name in tables.ADDRESSES},
        "used": fields["used"][1],
    }


def _given(array: npt.NDArray[Any]) -> dict[str, Any]:
    """Return an array that all tiles share, with its values."""
    return {"type": array.dtype.name, "length": array.size, "values": array.tolist()}


def _filled(array: npt.NDArray[Any]) -> dict[str, Any]:
    """Return an array that each tile has of its own, with what it holds before anything is written."""
    # Memory and words begin as zeros; what stands in them is given apart.
    whole = array.size and bool((array == array[0]).all())
    return {"type": array.dtype.name, "length": array.size, "fill": array[0].item() if whole else 0}


def _runs(column: npt.NDArray[Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of memory that aren't 0 before the first step, as runs of neighbours."""
    there = np.flatnonzero(column)
    if there.size:
        for rows in np.split(there, np.flatnonzero(np.diff(there) > _RUN_LENGTH) + 1):
            first, last = int(rows[0]), int(rows[-1])
            yield {"row": first, "values": column[first : last + 1].tolist()}


def _draws(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Yield, for each layer's weights and biases, what is drawn and how it becomes initial parameters."""
    for part in drawn_parts(experiment):
        yield {
            "stream": part.stream,
            "layer": part.layer,
            "first": part.columns.start,
            "count": part.columns.stop - part.columns.start,
            "normal": INITS[part.init].draws == "normal",
            "steps": steps_of_init(part.init, part.fan_in, part.fan_out, part.settings),
        }


def _reading(job: Job) -> dict[str, int]:
    """Return where, in rows from its beginning, an evaluation at a mark holds what."""
    plan = job.plan
    predictions = plan.kept_points * plan.outputs
    summary = plan.kept_parameters + predictions
    return {
        "marks": len(job.marks),
        "rows": job.reading_rows,
        "parameters": plan.kept_parameters,
        "predictions": predictions,
        "loss": summary + tables.READ_LOSS,
        "wrong": summary + tables.READ_WRONG,
        "broken": summary + tables.READ_BROKEN,
        "solved": summary + tables.READ_SOLVED,
    }


def steps_of_init(name: str, fan_in: int, fan_out: int, settings: dict[str, Any]) -> list[Step]:
    """Return what turns a standard draw into an initial value, read off the init's formula in `maths.inits`.

    The formula is called with an object that notes what is done to it, so it is written once.

    Raises:
        EngineError: the values of a layer depend on each other, as those of an orthogonal matrix.
    """
    if name == "constant":
        return [("times", 0.0), ("plus", float(settings["val"]))]
    if name == "orthogonal":
        raise EngineError(
            f"init {name!r}: the kernel in WebAssembly draws each weight by itself; take 'default'."
        )
    noted: Any = INITS[name].sample(cast("Any", _Noted()), fan_in, fan_out, **settings)
    return noted.steps


class _Noted:
    """Draws that note what they are multiplied by and what is added to them."""

    __array_ufunc__ = None  # NumPy's numbers leave the operation to it

    def __init__(self, *steps: Step) -> None:
        self.steps = [*steps]

    def __mul__(self, number: float) -> _Noted:
        return _Noted(*self.steps, ("times", float(number)))

    def __add__(self, number: float) -> _Noted:
        return _Noted(*self.steps, ("plus", float(number)))

    def __sub__(self, number: float) -> _Noted:
        return self + -float(number)

    __rmul__, __radd__ = __mul__, __add__
