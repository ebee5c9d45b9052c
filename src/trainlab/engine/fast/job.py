"""From an experiment to the kernel's tables: what every tile of its population shares."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.fast.kernel_plan import (
    fused_optimizer,
    layers_apart,
    numbers_of,
    plan_of,
    resident_examples,
    rows_of,
    sampling_of,
    step_table,
)
from trainlab.engine.kernel import tables
from trainlab.engine.kernel.lanes import Lanes, Unit, aligned
from trainlab.engine.kernel.machine_code import address_of
from trainlab.engine.kernel.tables import Numbers, Plan, Rows, Units
from trainlab.engine.layout import layers_of
from trainlab.engine.runs import FloatArray
from trainlab.errors import EngineError, lacking
from trainlab.maths import ACTIVATIONS, OPTIMIZERS
from trainlab.maths.formula import custom_entry
from trainlab.spec import (
    Custom,
    Experiment,
    Single,
    name_of,
)
from trainlab.tasks import Task

# A custom loss and its derivative, compiled by numba to functions of two numbers.


_kept: list[Any] = []
"""Compiled functions; their addresses hold as long as they live."""


def compiled_pair(loss: Custom) -> tuple[int, int]:
    """Return the addresses of value and derivative.

    Raises:
        EngineError: there is no derivative, or numba can't compile one of the two.
    """
    entry = custom_entry(loss.function, loss.digest)
    if entry.derivative is None:
        raise EngineError(
            f"engine 'fast': the loss {entry.name!r} has no derivative; give custom_loss its derivative by "
            "the prediction, or train with engine 'torch'."
        )
    return _compiled(loss, entry.function, "function"), _compiled(loss, entry.derivative, "derivative")


def can_compile(loss: Custom) -> bool:
    """Whether the fast engine can train with this loss."""
    try:
        compiled_pair(loss)
    except EngineError:
        return False
    return True


@cache
def _compiled(loss: Custom, function: Callable[[Any, Any], Any], what: str) -> int:
    try:
        # By name: a folder called numba beside the script would do for `import numba`.
        from numba import cfunc, float64
    except ImportError as error:
        if error.name != "numba":
            raise
        raise EngineError(
            lacking(f"engine 'fast', the loss {loss.function!r}", "numba", extra="numba")
        ) from None
    plain = getattr(function, "py_func", function)
    kind: Any = float64
    try:
        compiled: Any = cfunc(kind(kind, kind), cache=False, error_model="numpy")(plain)
    except Exception as error:
        # numba's errors are many, and long; the first line says most.
        reason = " ".join(str(error).split())[:160]
        raise EngineError(
            f"engine 'fast': numba can't compile the {what} of the loss {loss.function!r} ({reason}…); write "
            "it of numbers and of functions of math, or train with engine 'torch'."
        ) from None
    _kept.append(compiled)
    return int(compiled.address)


# Which compiled units of the kernel an experiment needs.


def units_of(
    experiment: Experiment,
    plan: Plan,
    layers: npt.NDArray[np.int64],
    block: Lanes,
    *,
    address: Callable[[Unit], int] | None = None,
) -> Units:
    """Return the addresses of the units an experiment needs; write the layers'.

    `address` says where a unit is; left out, it is made for this processor.
    """

    def at(kind: str, lanes: Lanes, code: int = 0) -> int:
        return (address or address_of)(Unit(kind=kind, lanes=lanes, code=code))

    single = plan.sampling == tables.SINGLE
    steps_block = block.lane if single else block
    fused = fused_optimizer(experiment, batch=plan.batch, samples=block.samples)
    update = "update_apart" if layers_apart(experiment) else "update"
    for row in layers:
        code = int(row[tables.ACTIVATION])
        if code > tables.RELU:
            row[tables.READ_UNIT] = at("activation", block, code)
        if code > tables.RELU or row[tables.DROPS] >= 0:
            row[tables.TRAIN_UNIT] = at("activation", steps_block, code)
    gathers = plan.sampling in (tables.SHUFFLED, tables.DRAWN) or (
        single and (plan.points > tables.FEW_POINTS or not plan.resident)
    )
    drawn, copied = plan.sampling != tables.FULL, not plan.resident or plan.held_points > 0
    optimizer = OPTIMIZERS[name_of(experiment.optimizer)].code
    applied = tables.ADDED_UP if fused is None else fused
    return Units(
        steps=at("single_steps" if single else "batch_steps", block, applied),
        evaluate=at("evaluation", block),
        update=at(update, block.lane, optimizer) if plan.adds_up else 0,
        **_loss_units(at, experiment, plan.loss, block, steps_block),
        link=at("link", block, plan.link) if plan.link != tables.IDENTITY_LINK else 0,
        drop=at("drop", steps_block) if plan.drop_units else 0,
        noise=at("noise", steps_block) if experiment.noise.std > 0 else 0,
        copy=at("copy", block) if copied else 0,
        gather=at("gather", steps_block) if gathers else 0,
        gather_anew=at("gather_anew", block) if drawn else 0,
        shuffle=at("shuffle", block.lane) if plan.sampling == tables.SHUFFLED else 0,
    )


def _loss_units(
    at: Callable[[str, Lanes, int], int], experiment: Experiment, code: int, block: Lanes, steps_block: Lanes
) -> dict[str, int]:
    """Return the units of the loss; L1 and MSE need none, since they are part of the kernel."""
    if isinstance(experiment.loss, Custom):
        value, slope = compiled_pair(experiment.loss)
        return {
            "deltas": at("custom_deltas", steps_block, 0),
            "block_loss": at("custom_value", block, 0),
            "block_deltas": at("custom_deltas", block, 0),
            "loss_value": value,
            "loss_slope": slope,
        }
    if code <= tables.MSE:
        return dict.fromkeys(("deltas", "block_loss", "block_deltas", "loss_value", "loss_slope"), 0)
    return {
        "deltas": at("loss_deltas", steps_block, code),
        "block_loss": at("loss_value", block, code),
        "block_deltas": at("loss_deltas", block, code),
        "loss_value": 0,
        "loss_slope": 0,
    }


TILE_BYTES = 900_000
"""The largest size of a tile's parameters and moments that stays in cache through all of its steps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Tables for the kernel, and what the shapes of its readings follow from."""

    experiment: Experiment
    data: Task
    lane: Lanes
    block: Lanes
    rows: Rows
    plan: Plan
    record: npt.NDArray[np.void]
    marks: tuple[int, ...]
    tables: dict[str, npt.NDArray[Any]]
    resident: FloatArray

    @property
    def reading_rows(self) -> int:
        """Rows of one reading: parameters, predictions, the summary, two gradients a layer."""
        plan = self.plan
        kept = plan.kept_parameters + plan.kept_points * plan.outputs
        return kept + tables.SUMMARY_ROWS + 2 * plan.layers


def choose_lanes(experiment: Experiment, *, batch: int, population: int, dtype: str) -> tuple[int, int]:
    """Return (networks side by side, samples of each in a block), measured to be fast.

    With one example a step 64 networks are best. With batches blocks of 128 numbers are: the larger batch and
    network, the more samples of fewer networks, since each weight is then loaded for more samples and fewer
    weights must stay in cache. A small population takes fewer networks. No choice changes a bit of a run.
    """
    state = 3 * experiment.network.parameters * np.dtype(dtype).itemsize
    if isinstance(experiment.sampling, Single):
        networks, samples = 64, 2
    elif batch < 8:
        networks, samples = 32, 4
    elif batch < 16 or state * 16 <= TILE_BYTES:
        networks, samples = 16, 8
    else:
        networks, samples = 8, 16
    while networks > 8 and population <= networks // 2:
        networks, samples = networks // 2, min(2 * samples, 4 if batch < 8 else 16)
    return networks, samples


def prepare(
    experiment: Experiment,
    *,
    marks: tuple[int, ...],
    population: int,
    networks: int | None,
    samples: int | None,
    dtype: str,
    checked: bool,
    address: Callable[[Unit], int] | None = None,
) -> Job:
    """Lay out the tables that the kernel reads for one experiment.

    `address` says where its units are, if they aren't this processor's.
    """
    data = experiment.data()
    batch = sampling_of(experiment, data.points)[1]
    chosen = choose_lanes(experiment, batch=batch, population=population, dtype=dtype)
    networks, samples = networks or chosen[0], samples or chosen[1]
    block = Lanes(networks=networks, samples=samples, dtype=dtype, checked=checked)
    steps = step_table(experiment)
    plan = plan_of(experiment, data, block, step_rows=len(steps), marks=len(marks))
    resident = resident_examples(data, plan, samples) if plan.resident else np.empty(0)
    layers, keep = _layer_tables(experiment)
    units = units_of(experiment, plan, layers, block, address=address)
    rows = rows_of(experiment, plan, samples=samples)
    shared = {
        "layer_table": aligned(layers, "int64"),
        "drop_table": aligned(keep, "float64"),
        "step_table": aligned(steps, "float64"),
        "marks": aligned(np.array(marks), "int64"),
        "inputs": aligned(np.concatenate([data.inputs, data.held_out_inputs]), dtype),
        "targets": aligned(np.concatenate([data.targets, data.held_out_targets]), dtype),
    }
    return Job(
        experiment=experiment,
        data=data,
        lane=block.lane,
        block=block,
        rows=rows,
        plan=plan,
        record=_record(shared, rows, units, plan, numbers_of(experiment)),
        marks=marks,
        tables=shared,
        resident=resident.astype(dtype),
    )


def _record(
    shared: dict[str, npt.NDArray[Any]], rows: Rows, units: Units, plan: Plan, numbers: Numbers
) -> npt.NDArray[np.void]:
    """Return the record of a tile, without the addresses of the tile's own arrays."""
    record = np.zeros((), dtype=tables.RECORD)
    for name, array in shared.items():
        record[name] = array.ctypes.data
    for name, value in rows._asdict().items():
        record[f"row_{name}"] = value
    for name, value in units._asdict().items():
        record[f"unit_{name}"] = value
    for name, value in {**plan._asdict(), **numbers._asdict()}.items():
        record[name] = value
    return record


def _layer_tables(experiment: Experiment) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the layer table, and each layer's dropout: the scale of kept units, the least word to keep."""
    network = experiment.network
    table = np.zeros((network.layers, tables.LAYER_COLUMNS), dtype=np.int64)
    keep = np.zeros((network.layers, 2))
    unit = dropped = 0
    layers = zip(table, keep, layers_of(network), (*network.dropouts, 0.0), strict=True)
    for number, (row, kept, layer, p) in enumerate(layers, 1):
        row[tables.FAN_IN] = layer.fan_in
        row[tables.FAN_OUT] = layer.fan_out
        row[tables.FIRST_WEIGHT] = layer.first_weight
        row[tables.FIRST_BIAS] = -1 if layer.first_bias is None else layer.first_bias
        row[tables.ACTIVATION] = ACTIVATIONS[layer.activation].code
        row[tables.INPUT_UNIT] = unit - layer.fan_in
        row[tables.OUTPUT_UNIT] = unit
        row[tables.DROPS] = dropped if p > 0 else -1
        row[tables.FROZEN] = number in experiment.frozen
        kept[:] = 1.0 / (1.0 - p), math.ceil(p * 2.0**32 - 0.5)
        unit += layer.fan_out
        dropped += layer.fan_out if p > 0 else 0
    return table, keep
