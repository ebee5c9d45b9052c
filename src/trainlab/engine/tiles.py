"""A population in tiles: each with its memory, spread over threads, and what they wrote put together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.engine.job import Job
from trainlab.engine.kernel import tables
from trainlab.engine.kernel.draws import ORDER
from trainlab.engine.kernel.initial import fill_draws
from trainlab.engine.kernel.memory import aligned_zeros, is_faulty
from trainlab.engine.kernel.tile import train_tile
from trainlab.engine.layout import initial_parameters
from trainlab.engine.readings import Reading
from trainlab.engine.rng import seed_keys
from trainlab.engine.runs import NEVER, FloatArray, curve_rows, recorded_epochs
from trainlab.spec import Adagrad

EVENTS = ("solved_epoch", "stopped_epoch", "diverged_step")
OWN = ("memory", "words", "losses", "gradients", "readings", *EVENTS)
"""The arrays that every tile has of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TileOutput:
    """What tiles wrote, a row a run: curves ``[k, …]`` of those kept, readings ``[n, marks, rows]``."""

    loss_curve: FloatArray
    gradient_curve: FloatArray
    readings: FloatArray
    solved_epoch: npt.NDArray[np.int64]
    stopped_epoch: npt.NDArray[np.int64]
    diverged_step: npt.NDArray[np.int64]


def train_tiles(job: Job, seeds: range, *, threads: int) -> TileOutput:
    """Train every seed, a tile at a time, in `threads` threads that take the next tile when free."""
    size = job.lane.networks
    tiles = [range(start, min(start + size, seeds.stop)) for start in range(seeds.start, seeds.stop, size)]
    if threads == 1 or len(tiles) == 1:
        outputs = [train_one_tile(job, tile) for tile in tiles]
    else:
        with ThreadPoolExecutor(threads) as pool:
            outputs = list(pool.map(partial(train_one_tile, job), tiles))
    return TileOutput(
        **{
            field.name: np.concatenate([getattr(output, field.name) for output in outputs])
            for field in fields(TileOutput)
        }
    )


def train_one_tile(job: Job, seeds: range) -> TileOutput:
    """Train the seeds of one tile; lanes beyond them train copies of the last, which are dropped."""
    networks, count, plan = job.lane.networks, len(seeds), job.plan
    record, dtype = job.experiment.record, job.lane.dtype
    losses = len(recorded_epochs(record.loss_every, plan.epochs))
    gradients = len(recorded_epochs(record.gradient_every, plan.epochs))
    written = {
        "losses": aligned_zeros(losses * networks, dtype),
        "gradients": aligned_zeros(gradients * plan.layers * networks, dtype),
        "readings": aligned_zeros(len(job.marks) * job.reading_rows * networks, dtype),
        **{name: aligned_zeros(networks, "int64") for name in EVENTS},
    }
    for name in EVENTS:
        written[name][:] = NEVER
    own = {"memory": _memory(job, seeds), "words": _words(job, seeds), **written}
    record_of_tile = _record(job, own, used=count)
    train_tile(job.lane, record_of_tile.ctypes.data)
    _check(job, {**job.tables, **own})
    kept = min(count, curve_rows(job.experiment, seeds))
    return TileOutput(
        loss_curve=written["losses"].reshape(losses, networks).T[:kept].copy(),
        gradient_curve=written["gradients"]
        .reshape(gradients, plan.layers, networks)
        .transpose(2, 0, 1)[:kept]
        .copy(),
        readings=written["readings"]
        .reshape(len(job.marks), job.reading_rows, networks)
        .transpose(2, 0, 1)[:count]
        .copy(),
        **{name: written[name][:count] for name in EVENTS},
    )


def _memory(job: Job, seeds: range) -> FloatArray:
    """Return a tile's memory as its training begins."""
    networks, rows, plan = job.lane.networks, job.rows, job.plan
    memory = aligned_zeros(rows.total * networks, job.lane.dtype)
    table = memory.reshape(rows.total, networks)
    start = initial_parameters(job.experiment, seeds, draw=_draws)
    table[: plan.parameters, : len(seeds)] = start.T
    table[: plan.parameters, len(seeds) :] = start[-1:].T
    table[rows.points : rows.points + len(job.resident)] = job.resident[:, None]
    table[rows.rate_factor] = 1.0
    table[rows.share] = 1.0 if plan.over_examples else 1.0 / plan.outputs
    if isinstance(job.experiment.optimizer, Adagrad):
        value = job.experiment.optimizer.initial_accumulator_value
        table[rows.first_state : rows.first_state + plan.parameters] = value
    return memory


def _draws(seeds: range, *, stream: int, layer: int, count: int, normal: bool) -> npt.NDArray[np.float64]:
    """Return what `numpy_draws` returns, to the bit."""
    draws = np.empty((len(seeds), count))
    fill_draws(seeds.start, stream, layer, normal, draws)
    return draws


def _words(job: Job, seeds: range) -> npt.NDArray[np.uint32]:
    """Return a tile's words: the seeds as keys, and room for what is drawn."""
    networks, plan = job.lane.networks, job.plan
    order = plan.points if plan.sampling == tables.SHUFFLED else 0
    words = aligned_zeros((ORDER + order) * networks, "uint32")
    own = np.minimum(np.arange(networks, dtype=np.uint64) + np.uint64(seeds.start), np.uint64(seeds.stop - 1))
    words.reshape(-1, networks)[:2] = seed_keys(own).T
    return words


def _record(job: Job, arrays: dict[str, npt.NDArray[Any]], *, used: int) -> npt.NDArray[np.void]:
    """Return the record through which the kernel reaches the tile."""
    record = job.record.copy()
    for name in OWN:
        record[name] = arrays[name].ctypes.data
    record["used"] = used
    return record


def _check(job: Job, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Raise IndexError if a checked build was asked for a place outside of an array."""
    if job.lane.checked:
        faulty = [name for name, array in arrays.items() if is_faulty(array)]
        if faulty:
            raise IndexError(f"the kernel asked for places outside of {', '.join(faulty)}")


def reading_at(job: Job, output: TileOutput, index: int) -> Reading:
    """Return what was read at the mark of that index."""
    plan, data = job.plan, job.data
    rows = output.readings[:, index]
    count = len(rows)
    kept = plan.kept_points * plan.outputs
    predictions = rows[:, plan.kept_parameters : plan.kept_parameters + kept]
    summary = rows[:, plan.kept_parameters + kept :]
    nothing = cast("FloatArray", np.full(count, np.nan, dtype=rows.dtype))
    classified, held = data.kind != "regression", plan.held_points > 0
    return Reading(
        solved=summary[:, tables.READ_SOLVED] > 0,
        finite=summary[:, tables.READ_BROKEN] == 0,
        loss=summary[:, tables.READ_LOSS],
        accuracy=_share_right(summary[:, tables.READ_WRONG], plan.points) if classified else nothing,
        held_out_loss=summary[:, tables.READ_HELD_LOSS] if held else nothing,
        held_out_accuracy=(
            _share_right(summary[:, tables.READ_HELD_WRONG], plan.held_points)
            if classified and held
            else nothing
        ),
        predictions=predictions.reshape(count, plan.kept_points, plan.outputs),
        parameters=rows[:, : plan.kept_parameters],
        gradient=summary[:, tables.SUMMARY_ROWS :],
    )


def _share_right(wrong: FloatArray, examples: int) -> FloatArray:
    return cast("FloatArray", ((examples - wrong.astype(np.float64)) / examples).astype(wrong.dtype))
