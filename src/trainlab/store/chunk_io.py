"""Chunks read from the database, and written to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.runs import STEP_GRADIENT, rows_of
from trainlab.errors import StoreError
from trainlab.spec import Experiment, Full
from trainlab.store.chunks import (
    BLOBS,
    COLUMNS,
    EVENTS,
    NUMBERS,
    OUTCOME,
    Chunk,
    ChunkName,
    DamagedChunk,
    DamagedError,
    Outcomes,
    UnfitError,
    arrays_of,
    read_blobs,
    read_rows,
    text_digest,
)
from trainlab.store.listing import Total, save_total

# Runs out of the database: rows and blobs become arrays again, once they are seen to be what was saved.


def read_runs(
    db: sqlite3.Connection, chunks: Sequence[Chunk], experiment: Experiment, seeds: range, *, place: str
) -> Runs:
    """Return the runs of seeds that these chunks hold; raise DamagedError if some aren't what was saved.

    One chunk after the other is read into the arrays that are returned, so that nothing is held twice.
    """
    kinds = {chunk.kind for chunk in chunks}
    ended = np.empty(len(seeds), dtype=OUTCOME)
    arrays: dict[str, npt.NDArray[Any]] = {}
    damaged: list[DamagedChunk] = []
    for chunk in chunks:
        try:
            rows = read_rows(db, chunk)
            part = arrays_of(chunk, read_blobs(db, chunk), experiment)
        except UnfitError as error:
            damaged.append(chunk.damaged(str(error)))
            continue
        if damaged or chunk.kind != chunks[0].kind:
            continue  # Nothing is returned, but all that is damaged is to be known.
        held = _overlap(chunk, seeds)
        _place(ended, rows, seeds=seeds, of=chunk.seeds, held=held)
        _place_arrays(arrays, part, experiment, seeds=seeds, of=chunk.seeds, held=held)
    _check(place, experiment, seeds, chunks, damaged)
    if len(kinds) > 1:
        raise StoreError(
            f"{place}: engine {chunks[0].name.engine!r} saved runs in different formats: {sorted(kinds)}."
        )
    if isinstance(experiment.sampling, Full):
        # A step's gradient is that of all examples, so it is known even where it wasn't kept.
        arrays[STEP_GRADIENT] = arrays["gradient"].copy()
    events = {name: np.ascontiguousarray(ended[name]) for name in EVENTS}
    numbers = {name: ended[name].astype(arrays["predictions"].dtype) for name in NUMBERS}
    return Runs(experiment=experiment, first_seed=seeds.start, **events, **numbers, **arrays)


def read_outcomes(
    db: sqlite3.Connection, chunks: Sequence[Chunk], experiment: Experiment, seeds: range, *, place: str
) -> Outcomes:
    """Return how the runs ended, ``[n]``; raise DamagedError if some of that isn't what was saved."""
    ended = np.empty(len(seeds), dtype=OUTCOME)
    damaged: list[DamagedChunk] = []
    for chunk in chunks:
        try:
            rows = read_rows(db, chunk)
        except UnfitError as error:
            damaged.append(chunk.damaged(str(error)))
            continue
        _place(ended, rows, seeds=seeds, of=chunk.seeds, held=_overlap(chunk, seeds))
    _check(place, experiment, seeds, chunks, damaged)
    return ended


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


def _place(ended: Outcomes, rows: Outcomes, *, seeds: range, of: range, held: range) -> None:
    """Put those rows of a chunk `of` some seeds that are `held` of it where they belong among `seeds`."""
    ended[held.start - seeds.start : held.stop - seeds.start] = rows[
        held.start - of.start : held.stop - of.start
    ]


def _place_arrays(
    arrays: dict[str, npt.NDArray[Any]],
    part: dict[str, npt.NDArray[Any]],
    experiment: Experiment,
    *,
    seeds: range,
    of: range,
    held: range,
) -> None:
    """Put a chunk's arrays where they belong in those of all seeds, which the first chunk makes."""
    for name, array in part.items():
        if name not in arrays:
            size = (rows_of(name, experiment, seeds, seeds).stop, *array.shape[1:])
            arrays[name] = np.empty(size, dtype=array.dtype.newbyteorder("="))
        arrays[name][rows_of(name, experiment, seeds, held)] = array[rows_of(name, experiment, of, held)]


# A chunk into the database: its arrays, its rows, its digests and its total.


_NAMED = ("experiment", "engine", "first_seed")
_CHUNK = (*_NAMED, "count", "saved", "dtype", "shapes", *BLOBS)
_RUN = ("experiment", "engine", "seed", *COLUMNS)


def write_experiment(db: sqlite3.Connection, fingerprint: str, text: str) -> int | None:
    """Write an experiment's record, `text` as the database keeps it, and return its key."""
    insert = "INSERT INTO experiments (fingerprint, experiment, digest) VALUES (?, ?, ?)"
    return db.execute(insert, (fingerprint, text, text_digest(fingerprint, text))).lastrowid


def write_chunk(
    db: sqlite3.Connection,
    key: int | None,
    name: ChunkName,
    rows: Outcomes,
    blobs: Sequence[bytes | None],
    *,
    saved: str,
) -> None:
    """Write a chunk of the experiment with this key, of whose seeds none is there.

    `rows` are ``[seeds]``, `blobs` in the order of `BLOBS`, `saved` is when, UTC in ISO 8601.
    """
    engine, seeds = name.engine, name.seeds
    values = (key, engine, seeds.start, len(seeds), saved, name.dtype, name.shapes, *blobs)
    _insert(db, "chunks", _CHUNK, [values])
    # What an older version didn't have counts as empty.
    digests = name.outcomes_digest(rows), name.blobs_digest(blob or b"" for blob in blobs)
    db.execute("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?)", (key, engine, seeds.start, *digests))
    total = Total(
        engine=engine,
        seeds=seeds,
        solved=int(rows["solved"].sum()),
        bytes=sum(len(blob or b"") for blob in blobs),
        saved=saved,
    )
    save_total(db, key, name.fingerprint, total)
    # A row that no chunk holds is what is left of a damaged one.
    left = "DELETE FROM runs WHERE experiment = ? AND engine = ? AND seed >= ? AND seed < ?"
    db.execute(left, (key, engine, seeds.start, seeds.stop))
    columns = zip(seeds, *(rows[column].tolist() for column in COLUMNS), strict=True)
    _insert(db, "runs", _RUN, ((key, engine, *row) for row in columns))


def _insert(
    db: sqlite3.Connection, table: str, names: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    marks = ", ".join("?" * len(names))
    db.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)
