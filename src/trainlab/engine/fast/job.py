"""From an experiment to the kernel's tables: what every tile of its population shares."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.fast.kernel_plan import numbers_of, plan_of, sampling_of
from trainlab.engine.fast.required_units import units_of
from trainlab.engine.fast.step_table import step_table
from trainlab.engine.fast.tile_memory import resident_examples, rows_of
from trainlab.engine.identity import kernel_digest
from trainlab.engine.kernel import tables
from trainlab.engine.kernel.memory import aligned
from trainlab.engine.kernel.simd import Lanes
from trainlab.engine.kernel.tables import Numbers, Plan, Rows, Units
from trainlab.engine.layout import layers_of
from trainlab.engine.runs import FloatArray
from trainlab.maths import ACTIVATIONS
from trainlab.spec import (
    Experiment,
    Single,
)
from trainlab.tasks import Task

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
) -> Job:
    """Lay out the tables that the kernel reads for one experiment."""
    data = experiment.data()
    batch = sampling_of(experiment, data.points)[1]
    chosen = choose_lanes(experiment, batch=batch, population=population, dtype=dtype)
    networks, samples = networks or chosen[0], samples or chosen[1]
    lane = Lanes(networks=networks, dtype=dtype, source=kernel_digest(), checked=checked)
    block = Lanes(networks=networks, samples=samples, dtype=dtype, source=kernel_digest(), checked=checked)
    steps = step_table(experiment)
    plan = plan_of(experiment, data, block, step_rows=len(steps), marks=len(marks))
    resident = resident_examples(data, plan, samples) if plan.resident else np.empty(0)
    layers, keep = _layer_tables(experiment)
    units = units_of(experiment, plan, layers, lane, block)
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
        lane=lane,
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
