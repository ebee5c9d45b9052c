"""From an experiment to the kernel's tables: what every tile of its population shares."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.coefficients import step_table
from trainlab.engine.identity import kernel_digest
from trainlab.engine.kernel import tables
from trainlab.engine.kernel.lanes import Lanes
from trainlab.engine.kernel.memory import aligned
from trainlab.engine.kernel.tables import Numbers, Plan, Rows, Units
from trainlab.engine.layout import layers_of
from trainlab.engine.needs import fused_optimizer, units_of
from trainlab.engine.runs import FloatArray
from trainlab.maths import ACTIVATIONS, LINKS, LOSSES, OPTIMIZERS
from trainlab.spec import (
    Accuracy,
    Experiment,
    Full,
    LossBelow,
    Patience,
    ReduceLROnPlateau,
    Single,
    StopSolved,
    Within,
    name_of,
)
from trainlab.tasks import Task

TILE_BYTES = 900_000
"""The parameters and moments of a tile that still stay in cache through all of its steps."""

RESIDENT_BYTES = 65_536
"""Examples that take no more than this, once for each network, are kept so: nothing to copy at a step."""


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
        """Rows of one reading: parameters, predictions, the summary, a gradient a layer."""
        plan = self.plan
        kept = plan.kept_parameters + plan.kept_points * plan.outputs
        return kept + tables.SUMMARY_ROWS + plan.layers


def choose_lanes(experiment: Experiment, *, batch: int, population: int, dtype: str) -> tuple[int, int]:
    """Return (networks side by side, samples of each in a block), measured to be fast.

    One example a step goes best with 64 networks. A batch goes best with blocks of 128 numbers: more samples
    of fewer networks the larger the batch and the network, since each weight is then loaded for more of them
    and fewer weights must stay in cache. A small population takes fewer. No choice changes a bit of a run.
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
    batch = _sampling(experiment, data.points)[1]
    chosen = choose_lanes(experiment, batch=batch, population=population, dtype=dtype)
    networks, samples = networks or chosen[0], samples or chosen[1]
    lane = Lanes(networks=networks, dtype=dtype, source=kernel_digest(), checked=checked)
    block = Lanes(networks=networks, samples=samples, dtype=dtype, source=kernel_digest(), checked=checked)
    steps = step_table(experiment)
    plan = _plan(
        experiment,
        data,
        networks=networks,
        samples=samples,
        dtype=dtype,
        step_rows=len(steps),
        marks=len(marks),
    )
    resident = _resident(data, plan, samples) if plan.resident else np.empty(0)
    layers, keep = _layer_tables(experiment)
    units = units_of(experiment, plan, layers, lane, block)
    rows = _rows(experiment, plan, samples=samples, resident=len(resident))
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
        record=_record(shared, rows, units, plan, _numbers(experiment)),
        marks=marks,
        tables=shared,
        resident=resident.astype(dtype),
    )


def _record(
    shared: dict[str, npt.NDArray[Any]], rows: Rows, units: Units, plan: Plan, numbers: Numbers
) -> npt.NDArray[np.void]:
    """Return the record of a tile, but for the addresses of what is the tile's own."""
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
    """Return the layer table, and (scale of what is kept, least word that keeps) of each layer's dropout."""
    network = experiment.network
    table = np.zeros((network.layers, tables.LAYER_COLUMNS), dtype=np.int64)
    keep = np.zeros((network.layers, 2))
    unit = dropped = 0
    for row, kept, layer, p in zip(table, keep, layers_of(network), (*network.dropouts, 0.0), strict=True):
        row[tables.FAN_IN] = layer.fan_in
        row[tables.FAN_OUT] = layer.fan_out
        row[tables.FIRST_WEIGHT] = layer.first_weight
        row[tables.FIRST_BIAS] = -1 if layer.first_bias is None else layer.first_bias
        row[tables.ACTIVATION] = ACTIVATIONS[layer.activation].code
        row[tables.INPUT_UNIT] = unit - layer.fan_in
        row[tables.OUTPUT_UNIT] = unit
        row[tables.DROPS] = dropped if p > 0 else -1
        kept[:] = 1.0 / (1.0 - p), math.ceil(p * 2.0**32 - 0.5)
        unit += layer.fan_out
        dropped += layer.fan_out if p > 0 else 0
    return table, keep


def _plan(
    experiment: Experiment,
    data: Task,
    *,
    networks: int,
    samples: int,
    dtype: str,
    step_rows: int,
    marks: int,
) -> Plan:
    record, solved, stopping = experiment.record, experiment.solved, experiment.stopping
    optimizer = msgspec.to_builtins(experiment.optimizer)
    loss, network = LOSSES[name_of(experiment.loss)], experiment.network
    schedule = experiment.schedule
    plateau = isinstance(schedule, ReduceLROnPlateau)
    patience = isinstance(stopping, Patience)
    clip, penalty = experiment.clip, experiment.penalty
    penalised = penalty.l1 > 0 or penalty.l2 > 0
    clipped = (
        tables.CLIP_NORM
        if clip.norm is not None
        else tables.CLIP_VALUE
        if clip.value is not None
        else tables.NOT_CLIPPED
    )
    kind, batch = _sampling(experiment, data.points)
    padded = -(-data.points // samples) * samples
    resident = padded * (data.features + data.outputs + 1) * networks * np.dtype(dtype).itemsize
    held = solved.on == "held_out"
    return Plan(
        networks=networks,
        used=networks,
        step_rows=step_rows,
        mark_count=marks,
        epochs=experiment.epochs,
        steps_per_epoch=experiment.steps_per_epoch,
        sampling=kind,
        batch=batch,
        points=data.points,
        held_points=data.held_out,
        resident=resident <= RESIDENT_BYTES,
        features=data.features,
        outputs=data.outputs,
        layers=network.layers,
        parameters=network.parameters,
        loss=loss.code,
        link=LINKS[loss.link].code,
        over_examples=loss.mean_over == "examples",
        adds_up=fused_optimizer(experiment, batch=batch, samples=samples) is None,
        loss_every=record.loss_every,
        gradient_every=record.gradient_every,
        solved_every=record.solved_every,
        solved=(
            tables.WITHIN
            if isinstance(solved, Within)
            else tables.ACCURACY
            if isinstance(solved, Accuracy)
            else tables.LOSS_BELOW
        ),
        solved_held=held,
        allowed=_allowed(solved.accuracy, data.held_out if held else data.points)
        if isinstance(solved, Accuracy)
        else 0,
        kept_parameters=network.parameters if record.parameters else 0,
        kept_points=min(data.points, record.predictions),
        clip=clipped,
        penalised=penalised,
        drop_units=sum(
            width for width, p in zip(network.widths[1:-1], network.dropouts, strict=True) if p > 0
        ),
        plateau=plateau,
        plateau_held=plateau and schedule.on == "held_out",
        plateau_relative=plateau and schedule.threshold_mode == "rel",
        plateau_patience=schedule.patience if plateau else 0,
        plateau_cooldown=schedule.cooldown if plateau else 0,
        stopping=(
            tables.STOPS_SOLVED
            if isinstance(stopping, StopSolved)
            else tables.STOPS_PATIENCE
            if patience
            else tables.NEVER_STOPS
        ),
        patience=stopping.patience if patience else 0,
        patience_every=stopping.every if patience else 0,
        patience_held=patience and stopping.on == "held_out",
        amsgrad=bool(optimizer.get("amsgrad")),
        nesterov=bool(optimizer.get("nesterov")),
        decoupled=name_of(experiment.optimizer) in ("adamw", "lion")
        or bool(optimizer.get("decoupled_weight_decay")),
        centered=bool(optimizer.get("centered")),
        carries_momentum=_carries_momentum(experiment),
    )


def _sampling(experiment: Experiment, points: int) -> tuple[int, int]:
    """Return where the examples of a step come from, and how many there are."""
    sampling = experiment.sampling
    if isinstance(sampling, Full):
        return tables.FULL, points
    if isinstance(sampling, Single) or (sampling.replacement and sampling.batch_size == 1):
        return tables.SINGLE, 1
    return (tables.DRAWN if sampling.replacement else tables.SHUFFLED), sampling.batch_size


def _carries_momentum(experiment: Experiment) -> bool:
    """Return whether SGD or RMSprop has a momentum at any step: without, PyTorch keeps no buffer."""
    momentum = getattr(experiment.optimizer, "momentum", 0.0)
    return momentum > 0 or bool(getattr(experiment.schedule, "cycle_momentum", False))


def _allowed(accuracy: float, examples: int) -> int:
    """Return how many of the examples may be wrong at an accuracy."""
    right = max(0, math.floor(accuracy * examples) - 1)
    while right / examples < accuracy:
        right += 1
    return examples - right


def _numbers(experiment: Experiment) -> Numbers:
    optimizer = msgspec.to_builtins(experiment.optimizer)
    beta1, beta2 = optimizer.get("betas", (0.0, optimizer.get("alpha", optimizer.get("rho", 0.0))))
    loss = msgspec.to_builtins(experiment.loss)
    solved, schedule, stopping = experiment.solved, experiment.schedule, experiment.stopping
    plateau = isinstance(schedule, ReduceLROnPlateau)
    lr = optimizer["lr"] or 1.0
    return Numbers(
        beta1=beta1,
        beta2=beta2,
        eps=optimizer.get("eps", 0.0),
        weight_decay=optimizer["weight_decay"],
        loss_setting=float(next((value for key, value in loss.items() if key != "name"), 0.0)),
        threshold=(
            solved.within
            if isinstance(solved, Within)
            else solved.loss
            if isinstance(solved, LossBelow)
            else 0.0
        ),
        clip_limit=experiment.clip.norm or experiment.clip.value or 0.0,
        l1=experiment.penalty.l1,
        l2=experiment.penalty.l2,
        noise=experiment.noise.std,
        min_delta=stopping.min_delta if isinstance(stopping, Patience) else 0.0,
        plateau_factor=schedule.factor if plateau else 0.0,
        plateau_threshold=schedule.threshold if plateau else 0.0,
        plateau_floor=schedule.min_lr / lr if plateau else 0.0,
        plateau_eps=schedule.eps / lr if plateau else 0.0,
    )


def _rows(experiment: Experiment, plan: Plan, *, samples: int, resident: int) -> Rows:
    """Place everything that a tile needs, one after the other."""
    units = sum(experiment.network.widths[1:])
    parameters = plan.parameters
    padded = -(-plan.points // samples) * samples if resident else 0
    states = OPTIMIZERS[name_of(experiment.optimizer)].state_size
    sizes = {
        "parameters": parameters,
        "first_state": parameters,
        "second_state": parameters if states > 1 else 0,
        "third_state": parameters if states > 2 or plan.amsgrad else 0,
        "gradient": parameters,
        "frozen": parameters if plan.stopping != tables.NEVER_STOPS else 0,
        "points": padded * plan.features,
        "point_targets": padded * plan.outputs,
        "point_weights": padded,
        "inputs": plan.features * samples,
        "targets": plan.outputs * samples,
        "weights": samples,
        "share": 1,
        "values": units * samples,
        "slopes": units * samples,
        "deltas": units * samples,
        "predictions": plan.outputs * samples,
        "loss": 1,
        "missed": 1,
        "wrong": 1,
        "broken": 1,
        "rate_factor": 1,
        "best": 1,
        "waited": 1,
        "cooldown": 1,
        "plateau_best": 1,
        "plateau_bad": 1,
    }
    starts: dict[str, int] = {}
    total = 0
    for name, size in sizes.items():
        starts[name] = total
        total += size
    return Rows(**starts, total=total)


def _resident(data: Task, plan: Plan, samples: int) -> npt.NDArray[np.float64]:
    """Return inputs, targets and shares in the mean, block by block: ``[unit, sample]`` within a block.

    The last block is filled up with its last example, at no share in loss or gradient.
    """
    blocks = -(-data.points // samples)
    order = np.minimum(np.arange(blocks * samples), data.points - 1)
    share = 1.0 / (data.points if plan.over_examples else data.points * data.outputs)
    shares = np.where(np.arange(blocks * samples) < data.points, share, 0.0)
    inputs = data.inputs[order].reshape(blocks, samples, data.features).transpose(0, 2, 1)
    targets = data.targets[order].reshape(blocks, samples, data.outputs).transpose(0, 2, 1)
    return np.concatenate([inputs.ravel(), targets.ravel(), shares])
