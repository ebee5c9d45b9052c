"""From an experiment to the kernel's tables and tiles, and back from tiles to runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.identity import kernel_digest
from trainlab.engine.kernel import tables
from trainlab.engine.kernel.draws import WORD_ROWS
from trainlab.engine.kernel.lanes import Lanes
from trainlab.engine.kernel.tables import Constants, Plan, Rows
from trainlab.engine.kernel.tile import train_tile
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.rng import seed_keys
from trainlab.engine.runs import NEVER, FloatArray, recorded_epochs
from trainlab.maths import ACTIVATIONS, LOSSES, OPTIMIZERS
from trainlab.spec import SGD, Adam, Experiment, Single, Within, name_of

TILE_BYTES = 900_000
"""A tile's parameters and moments must stay in cache through all of its steps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What every tile of a population shares: tables for the kernel and the shapes of what it writes."""

    experiment: Experiment
    lane: Lanes
    block: Lanes
    layers: npt.NDArray[np.int64]
    rows: Rows
    plan: Plan
    constants: Constants
    rates: npt.NDArray[np.float64]
    scales: npt.NDArray[np.float64]
    marks: npt.NDArray[np.int64]
    data_rows: FloatArray

    @property
    def reading_rows(self) -> int:
        """Rows of one reading: parameters, predictions, the loss, a gradient a layer."""
        return self.plan.parameters + self.plan.points * self.plan.outputs + 1 + self.plan.layers


@dataclass(frozen=True, kw_only=True, slots=True)
class TileOutput:
    """What the tiles wrote, a row a run: curves ``[n, …]``, readings ``[n, marks, rows]``, events ``[n]``."""

    loss_curve: FloatArray
    gradient_curve: FloatArray
    readings: FloatArray
    solved_epoch: npt.NDArray[np.int64]
    diverged_step: npt.NDArray[np.int64]


def choose_networks(parameters: int, dtype: str, population: int) -> int:
    """Return how many networks stand side by side: the most of 32, 16, 8 whose state fits in cache.

    Populations below 9 and 17 take 8 and 16. No choice changes a bit of any run.
    """
    size = np.dtype(dtype).itemsize
    for networks in (32, 16):
        if population > networks // 2 and 3 * parameters * networks * size <= TILE_BYTES:
            return networks
    return 8


def prepare(
    experiment: Experiment, *, marks: tuple[int, ...], networks: int, samples: int, dtype: str, checked: bool
) -> Job:
    """Lay out the tables that the kernel reads for one experiment."""
    data = experiment.data()
    network = experiment.network
    blocks = -(-data.points // samples)
    lane = Lanes(networks=networks, dtype=dtype, source=kernel_digest(), checked=checked)
    units = sum(network.widths)
    rows = _rows(
        network.parameters, units, network.layers, blocks * samples, samples, data.features, data.outputs
    )
    steps = experiment.epochs * experiment.steps_per_epoch
    rates, scales = _step_tables(experiment, steps)
    return Job(
        experiment=experiment,
        lane=lane,
        block=Lanes(networks=networks, samples=samples, dtype=dtype, source=kernel_digest(), checked=checked),
        layers=_layer_table(experiment),
        rows=rows,
        plan=Plan(
            epochs=experiment.epochs,
            steps_per_epoch=experiment.steps_per_epoch,
            single=isinstance(experiment.sampling, Single),
            points=data.points,
            blocks=blocks,
            features=data.features,
            outputs=data.outputs,
            layers=network.layers,
            parameters=network.parameters,
            loss=LOSSES[name_of(experiment.loss)].code,
            optimizer=OPTIMIZERS[name_of(experiment.optimizer)].code,
            loss_every=experiment.record.loss_every,
            gradient_every=experiment.record.gradient_every,
            solved_every=experiment.record.solved_every,
        ),
        constants=_constants(experiment),
        rates=rates,
        scales=scales,
        marks=np.array(marks, dtype=np.int64),
        data_rows=_data_rows(experiment, blocks, samples, dtype),
    )


def train_tiles(job: Job, seeds: range, *, threads: int) -> TileOutput:
    """Train every seed, tile by tile over `threads` threads; the kernel holds no interpreter lock."""
    networks = job.lane.networks
    starts = range(seeds.start, seeds.stop, networks)
    # Idle lanes of the last tile train the next seeds; nobody reads them.
    padded = range(seeds.start, seeds.start + len(starts) * networks)
    initial = initial_parameters(job.experiment, padded).astype(job.lane.dtype)

    def one(start: int) -> TileOutput:
        first = start - seeds.start
        return _train_one(
            job, range(start, min(start + networks, seeds.stop)), initial[first : first + networks]
        )

    if threads <= 1 or len(starts) == 1:
        parts = [one(start) for start in starts]
    else:
        with ThreadPoolExecutor(min(threads, len(starts))) as pool:
            parts = list(pool.map(one, starts))
    names = [field.name for field in fields(TileOutput)]
    return TileOutput(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _train_one(job: Job, seeds: range, initial: FloatArray) -> TileOutput:
    networks, dtype, count = job.lane.networks, job.lane.dtype, len(seeds)
    memory = aligned_zeros(job.rows.total * networks, dtype)
    table = memory.reshape(job.rows.total, networks)
    table[job.rows.points : job.rows.points + len(job.data_rows)] = job.data_rows[:, None]
    table[job.rows.parameters : job.rows.parameters + job.plan.parameters] = initial.T
    words = aligned_zeros(WORD_ROWS * networks, "uint32")
    words.reshape(WORD_ROWS, networks)[:2] = seed_keys(
        np.arange(seeds.start, seeds.start + networks, dtype=np.uint64)
    ).T
    record = job.experiment.record
    losses = len(recorded_epochs(record.loss_every, job.plan.epochs))
    gradients = len(recorded_epochs(record.gradient_every, job.plan.epochs))
    loss_curve = aligned_zeros(losses * networks, dtype)
    gradient_curve = aligned_zeros(gradients * job.plan.layers * networks, dtype)
    readings = aligned_zeros(len(job.marks) * job.reading_rows * networks, dtype)
    solved_epoch = np.full(networks, NEVER, dtype=np.int64)
    diverged_step = np.full(networks, NEVER, dtype=np.int64)
    train_tile(
        job.lane,
        job.block,
        memory,
        words,
        job.layers,
        job.rows,
        job.plan,
        job.constants,
        job.rates,
        job.scales,
        job.marks,
        loss_curve,
        gradient_curve,
        readings,
        solved_epoch,
        diverged_step,
    )
    return TileOutput(
        loss_curve=loss_curve.reshape(losses, networks).T[:count].copy(),
        gradient_curve=gradient_curve.reshape(gradients, job.plan.layers, networks)
        .transpose(2, 0, 1)[:count]
        .copy(),
        readings=readings.reshape(len(job.marks), job.reading_rows, networks)
        .transpose(2, 0, 1)[:count]
        .copy(),
        solved_epoch=solved_epoch[:count],
        diverged_step=diverged_step[:count],
    )


def aligned_zeros(count: int, dtype: str) -> Any:
    """Return zeros that begin at a multiple of 64 bytes, as the kernel's loads require."""
    size = np.dtype(dtype).itemsize
    raw = np.zeros(count * size + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + count * size].view(dtype)


def _layer_table(experiment: Experiment) -> npt.NDArray[np.int64]:
    table = np.zeros((experiment.network.layers, tables.COLUMNS), dtype=np.int64)
    unit = 0
    for row, layer in zip(table, layers_of(experiment.network), strict=True):
        row[tables.FAN_IN] = layer.fan_in
        row[tables.FAN_OUT] = layer.fan_out
        row[tables.FIRST_WEIGHT] = layer.first_weight
        row[tables.FIRST_BIAS] = -1 if layer.first_bias is None else layer.first_bias
        row[tables.ACTIVATION] = ACTIVATIONS[layer.activation].code
        row[tables.INPUT_UNIT] = unit
        unit += layer.fan_in
        row[tables.OUTPUT_UNIT] = unit
    return table


def _rows(
    parameters: int, units: int, layers: int, padded_points: int, samples: int, features: int, outputs: int
) -> Rows:
    """Place everything a tile needs, one after the other."""
    sizes = {
        "parameters": parameters,
        "first_moment": parameters,
        "second_moment": parameters,
        "gradient": parameters,
        "points": padded_points * features,
        "targets": padded_points * outputs,
        "sample_weights": padded_points,
        "values": units,
        "deltas": units,
        "block_values": units * samples,
        "block_deltas": units * samples,
        "loss": 1,
        "unsolved": 1,
        "chosen": outputs,
    }
    starts: dict[str, int] = {}
    total = 0
    for name, size in sizes.items():
        starts[name] = total
        total += size
    return Rows(**starts, total=total)


def _data_rows(experiment: Experiment, blocks: int, samples: int, dtype: str) -> FloatArray:
    """Return inputs, targets and shares in the mean, block by block: ``[unit, sample]`` within a block.

    The last block is filled up with its last example, at no share in loss or gradient.
    """
    data = experiment.data()
    order = np.minimum(np.arange(blocks * samples), data.points - 1)
    shares = np.where(np.arange(blocks * samples) < data.points, 1.0 / (data.points * data.outputs), 0.0)
    inputs = data.inputs[order].reshape(blocks, samples, data.features).transpose(0, 2, 1)
    targets = data.targets[order].reshape(blocks, samples, data.outputs).transpose(0, 2, 1)
    return np.concatenate([inputs.ravel(), targets.ravel(), shares]).astype(dtype)


def _constants(experiment: Experiment) -> Constants:
    optimizer = experiment.optimizer
    if isinstance(optimizer, SGD):
        moments = {"momentum": optimizer.momentum, "beta1": 0.0, "beta2": 0.0, "eps": 0.0}
    else:
        assert isinstance(optimizer, Adam)
        beta1, beta2 = optimizer.betas
        moments = {"momentum": 0.0, "beta1": beta1, "beta2": beta2, "eps": optimizer.eps}
    assert isinstance(experiment.solved, Within)
    return Constants(**moments, within=experiment.solved.within)


def _step_tables(
    experiment: Experiment, steps: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the rate and the scale of every step, by its absolute number, so that no product runs along."""
    optimizer = experiment.optimizer
    if isinstance(optimizer, SGD):
        return np.full(steps, optimizer.lr), np.ones(steps)
    assert isinstance(optimizer, Adam)
    beta1, beta2 = optimizer.betas
    t = np.arange(1, steps + 1, dtype=np.float64)
    return optimizer.lr / (1.0 - beta1**t), 1.0 / np.sqrt(1.0 - beta2**t)
