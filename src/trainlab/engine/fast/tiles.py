"""A population in tiles: each with its memory, spread over threads, and what they wrote put together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.engine.evaluation import Evaluation, History
from trainlab.engine.fast.job import Job
from trainlab.engine.kernel import tables
from trainlab.engine.kernel.lanes import Unit, aligned_zeros, array_unit, is_faulty
from trainlab.engine.kernel.machine_code import call
from trainlab.engine.layout import drawing_seeds, initial_parameters
from trainlab.engine.rng import seed_keys
from trainlab.engine.runs import NEVER, Codes, FloatArray, curve_rows, encode, recorded_epochs
from trainlab.spec import Adagrad

EVENTS = ("solved_epoch", "stopped_epoch", "diverged_step")
TILE_ARRAYS = ("memory", "words", "losses", "gradients", "readings", "solved_since", *EVENTS)
"""The arrays that every tile has of its own."""

GROUP = 1024
"""The most seeds that a thread takes at once: with so many Python's own time hardly counts."""
GROUP_BYTES = 16_000_000
"""The initial parameters drawn at once take no more room than this, unless one tile's do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TileOutput:
    """What tiles wrote, a row a run: curves ``[k, …]`` of those kept, readings ``[n, marks, rows]``.

    ``coarse_loss`` is ``[n − k, …]``, of the others; ``solved_since`` is ``[n, marks]``.
    """

    loss_curve: FloatArray
    gradient_curve: FloatArray
    coarse_loss: Codes
    readings: FloatArray
    solved_epoch: npt.NDArray[np.int64]
    solved_since: npt.NDArray[np.int64]
    stopped_epoch: npt.NDArray[np.int64]
    diverged_step: npt.NDArray[np.int64]

    @property
    def history(self) -> History:
        """What belongs to the training as a whole."""
        return History(**{field.name: getattr(self, field.name) for field in fields(History)})


def train_tiles(job: Job, seeds: range, *, start: FloatArray | None = None, threads: int) -> TileOutput:
    """Train every seed, tile after tile, in `threads` threads that take the next few tiles when free.

    `start` has the parameters ``[n, P]`` of the seeds at the beginning; without it they are drawn.
    """
    tile = job.lane.networks
    # If seeds are few, each thread takes fewer at once, so that all are busy until the end.
    most = GROUP if threads == 1 else min(GROUP, len(seeds) // (4 * threads))
    most = min(most, GROUP_BYTES // (8 * job.plan.parameters))
    groups = _parts(seeds, tile * max(1, most // tile))

    def train(group: range) -> TileOutput:
        rows = None if start is None else start[group.start - seeds.start : group.stop - seeds.start]
        return _train_group(job, group, rows)

    if threads == 1 or len(groups) == 1:
        outputs = [train(group) for group in groups]
    else:
        with ThreadPoolExecutor(threads) as pool:
            outputs = list(pool.map(train, groups))
    return _joined(outputs)


def _parts(seeds: range, size: int) -> list[range]:
    return [range(start, min(start + size, seeds.stop)) for start in range(seeds.start, seeds.stop, size)]


def _joined(outputs: list[TileOutput]) -> TileOutput:
    names = [field.name for field in fields(TileOutput)]
    return TileOutput(
        **{name: np.concatenate([getattr(output, name) for output in outputs]) for name in names}
    )


def _train_group(job: Job, seeds: range, start: FloatArray | None) -> TileOutput:
    """Train the tiles of some seeds one after another, in the same memory, from draws made in one go."""
    if start is None:
        start = initial_parameters(job.experiment, seeds, draw=kernel_draws)
    own = tile_arrays(job)
    record = tile_record(job, own)
    train = Unit(kind="train", lanes=job.lane)
    outputs: list[TileOutput] = []
    for tile in _parts(seeds, job.lane.networks):
        begin_tile(job, own, tile, start[tile.start - seeds.start : tile.stop - seeds.start])
        record["used"] = len(tile)
        call(train, record.ctypes.data, 0, 0, 0)
        _check(job, {**job.tables, **own})
        outputs.append(_output(job, own, tile))
    return _joined(outputs)


def tile_arrays(job: Job) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays that a tile has of its own, `TILE_ARRAYS`."""
    networks, plan, dtype = job.lane.networks, job.plan, job.lane.dtype
    record = job.experiment.record
    losses = len(recorded_epochs(record.loss_every, plan.epochs))
    gradients = len(recorded_epochs(record.gradient_every, plan.epochs))
    order = plan.points if plan.sampling == tables.SHUFFLED else 0
    return {
        "memory": aligned_zeros(job.rows.total * networks, dtype),
        "words": aligned_zeros((tables.ORDER + order) * networks, "uint32"),
        "losses": aligned_zeros(losses * networks, dtype),
        "gradients": aligned_zeros(gradients * plan.layers * networks, dtype),
        "readings": aligned_zeros(len(job.marks) * job.reading_rows * networks, dtype),
        "solved_since": aligned_zeros(len(job.marks) * networks, "int64"),
        **{name: aligned_zeros(networks, "int64") for name in EVENTS},
    }


def begin_tile(job: Job, own: dict[str, npt.NDArray[Any]], seeds: range, start: FloatArray) -> None:
    """Set a tile's arrays to where the training of these seeds begins, with parameters ``start [n, P]``.

    Lanes beyond the seeds train copies of the last one, which are dropped.
    """
    networks, rows, plan = job.lane.networks, job.rows, job.plan
    for name in TILE_ARRAYS:
        own[name].fill(NEVER if name in ("solved_since", *EVENTS) else 0)
    table = own["memory"].reshape(rows.total, networks)
    table[: plan.parameters, : len(start)] = start.T
    table[: plan.parameters, len(start) :] = start[-1:].T
    table[rows.points : rows.points + len(job.resident)] = job.resident[:, None]
    table[rows.rate_factor] = 1.0
    table[rows.share] = 1.0 if plan.over_examples else 1.0 / plan.outputs
    if isinstance(job.experiment.optimizer, Adagrad):
        value = job.experiment.optimizer.initial_accumulator_value
        table[rows.first_state : rows.first_state + plan.parameters] = value
    keys = np.minimum(
        np.arange(networks, dtype=np.uint64) + np.uint64(seeds.start), np.uint64(seeds.stop - 1)
    )
    own["words"].reshape(-1, networks)[:2] = seed_keys(drawing_seeds(job.experiment, keys)).T


def _output(job: Job, own: dict[str, npt.NDArray[Any]], seeds: range) -> TileOutput:
    """Return what a tile wrote for its seeds."""
    networks, plan, count = job.lane.networks, job.plan, len(seeds)
    kept = curve_rows(job.experiment, seeds)

    def by_run(name: str, *shape: int) -> FloatArray:
        """Return the array ``[…, networks]`` with a row a run."""
        return np.moveaxis(own[name].reshape(*shape, networks), -1, 0)[:count]

    losses = by_run("losses", len(own["losses"]) // networks)
    gradients = by_run("gradients", len(own["gradients"]) // (plan.layers * networks), plan.layers)
    return TileOutput(
        loss_curve=losses[:kept].copy(),
        gradient_curve=gradients[:kept].copy(),
        coarse_loss=encode(losses[kept:]),
        readings=by_run("readings", len(job.marks), job.reading_rows).copy(),
        solved_since=own["solved_since"].reshape(-1, networks).T[:count].copy(),
        **{name: own[name][:count].copy() for name in EVENTS},
    )


def kernel_draws(
    seeds: range, *, stream: int, layer: int, count: int, normal: bool
) -> npt.NDArray[np.float64]:
    """Return what `numpy_draws` returns, to the bit."""
    draws = np.empty((len(seeds), count))
    call(array_unit("fill_draws"), seeds.start, stream, layer, normal, draws.ctypes.data, len(seeds), count)
    return draws


def tile_record(job: Job, arrays: dict[str, npt.NDArray[Any]]) -> npt.NDArray[np.void]:
    """Return the record through which the kernel reaches the tile, all but how many lanes are used."""
    record = job.record.copy()
    for name in TILE_ARRAYS:
        record[name] = arrays[name].ctypes.data
    return record


def _check(job: Job, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Raise IndexError if a checked build was asked for a place outside of an array."""
    if job.lane.checked:
        faulty = [name for name, array in arrays.items() if is_faulty(array)]
        if faulty:
            raise IndexError(f"the kernel asked for places outside of {', '.join(faulty)}")


def evaluation_at(job: Job, output: TileOutput, index: int) -> Evaluation:
    """Return what was found at the mark of that index."""
    plan, data = job.plan, job.data
    rows = output.readings[:, index]
    count = len(rows)
    kept = plan.kept_points * plan.outputs
    predictions = rows[:, plan.kept_parameters : plan.kept_parameters + kept]
    summary = rows[:, plan.kept_parameters + kept :]
    nothing = cast("FloatArray", np.full(count, np.nan, dtype=rows.dtype))
    classified, held = data.kind != "regression", plan.held_points > 0
    return Evaluation(
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
        gradient=summary[:, tables.SUMMARY_ROWS : tables.SUMMARY_ROWS + plan.layers],
        step_gradient=summary[:, tables.SUMMARY_ROWS + plan.layers :],
    )


def _share_right(wrong: FloatArray, examples: int) -> FloatArray:
    return cast("FloatArray", ((examples - wrong.astype(np.float64)) / examples).astype(wrong.dtype))
