"""Runs out of the database: rows and blobs become arrays again, once they are seen to be what was saved."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.runs import STEP_GRADIENT, rows_of
from trainlab.errors import StoreError
from trainlab.spec import Experiment, Full
from trainlab.store.chunks import Chunk, UnfitError, arrays_of, read_blobs, read_rows
from trainlab.store.damage import DamagedChunk, DamagedError
from trainlab.store.outcomes import EVENTS, NUMBERS, Outcomes


def read_runs(
    db: sqlite3.Connection, chunks: Sequence[Chunk], experiment: Experiment, seeds: range, *, place: str
) -> Runs:
    """Return the runs of seeds that these chunks hold; raise DamagedError if some aren't what was saved."""
    kinds = {chunk.kind for chunk in chunks}
    rows: list[Outcomes] = []
    arrays: list[dict[str, npt.NDArray[Any]]] = []
    damaged: list[DamagedChunk] = []
    for chunk in chunks:
        try:
            rows.append(read_rows(db, chunk))
            arrays.append(arrays_of(chunk, read_blobs(db, chunk), experiment))
        except UnfitError as error:
            damaged.append(_damaged(chunk, error))
    _check(place, experiment, seeds, chunks, damaged)
    if len(kinds) > 1:
        raise StoreError(
            f"{place}: engine {chunks[0].name.engine!r} saved runs in different formats: {sorted(kinds)}."
        )
    ended = _joined(rows, chunks, seeds)
    blobs = _joined_arrays(arrays, chunks, experiment, seeds)
    events = {name: np.ascontiguousarray(ended[name]) for name in EVENTS}
    numbers = {name: ended[name].astype(blobs["predictions"].dtype) for name in NUMBERS}
    return Runs(experiment=experiment, first_seed=seeds.start, **events, **numbers, **blobs)


def read_outcomes(
    db: sqlite3.Connection, chunks: Sequence[Chunk], experiment: Experiment, seeds: range, *, place: str
) -> Outcomes:
    """Return how the runs ended, ``[n]``; raise DamagedError if some of that isn't what was saved."""
    rows: list[Outcomes] = []
    damaged: list[DamagedChunk] = []
    for chunk in chunks:
        try:
            rows.append(read_rows(db, chunk))
        except UnfitError as error:
            damaged.append(_damaged(chunk, error))
    _check(place, experiment, seeds, chunks, damaged)
    return _joined(rows, chunks, seeds)


def _damaged(chunk: Chunk, error: UnfitError) -> DamagedChunk:
    name = chunk.name
    return DamagedChunk(
        row=chunk.row, fingerprint=name.fingerprint, engine=name.engine, seeds=name.seeds, why=str(error)
    )


def _check(
    place: str,
    experiment: Experiment,
    seeds: range,
    chunks: Sequence[Chunk],
    damaged: list[DamagedChunk],
) -> None:
    """Raise DamagedError if chunks are damaged, and StoreError if they don't share the seeds among them."""
    if damaged:
        raise DamagedError(place, words_of(experiment), damaged)
    if sum(len(_overlap(chunk, seeds)) for chunk in chunks) != len(seeds):
        raise StoreError(
            f"{place}: is damaged: several chunks hold the same runs of {words_of(experiment)}. "
            "'trainlab store repair' deletes what is damaged."
        )


def words_of(experiment: Experiment) -> str:
    """Return which experiment it is, in a few words."""
    return f"{experiment.network.label}, {experiment.epochs:,} epochs"


def _overlap(chunk: Chunk, seeds: range) -> range:
    return range(max(chunk.seeds.start, seeds.start), min(chunk.seeds.stop, seeds.stop))


def _joined(rows: list[Outcomes], chunks: Sequence[Chunk], seeds: range) -> Outcomes:
    """Join the rows of the chunks that are of `seeds`."""
    parts: list[Outcomes] = []
    for part, chunk in zip(rows, chunks, strict=True):
        held = _overlap(chunk, seeds)
        parts.append(part[held.start - chunk.seeds.start : held.stop - chunk.seeds.start])
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _joined_arrays(
    parts: list[dict[str, npt.NDArray[Any]]],
    chunks: Sequence[Chunk],
    experiment: Experiment,
    seeds: range,
) -> dict[str, npt.NDArray[Any]]:
    """Join the chunks' arrays into arrays as `Runs` has them."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for part, chunk in zip(parts, chunks, strict=True):
        held = _overlap(chunk, seeds)
        for name, array in part.items():
            if name not in arrays:
                size = (rows_of(name, experiment, seeds, seeds).stop, *array.shape[1:])
                arrays[name] = np.empty(size, dtype=array.dtype.newbyteorder("="))
            target = rows_of(name, experiment, seeds, held)
            arrays[name][target] = array[rows_of(name, experiment, chunk.seeds, held)]
    if isinstance(experiment.sampling, Full):
        # A step's gradient is that of all examples, so it is known even where it wasn't kept.
        arrays[STEP_GRADIENT] = arrays["gradient"].copy()
    return arrays
