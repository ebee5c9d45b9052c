"""Runs out of the database: rows and blobs become arrays again."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.bfloat16 import MISSING
from trainlab.engine.runs import COARSE, STEP_GRADIENT, rows_of
from trainlab.errors import StoreError
from trainlab.spec import Experiment, Full
from trainlab.store.blobs import BLOBS, CODES, SHAPED_AS, decode

EVENTS = {
    "solved": np.bool_,
    "solved_epoch": np.int64,
    "settled_epoch": np.int64,
    "stopped_epoch": np.int64,
    "diverged_step": np.int64,
}
NUMBERS = ("loss", "accuracy", "held_out_loss", "held_out_accuracy")
COLUMNS = (*EVENTS, *NUMBERS)
"""The arrays of `Runs` that have a column in the table of runs; the others are blobs."""

OUTCOME = np.dtype([*EVENTS.items(), *((name, np.float64) for name in NUMBERS)])
"""How a run ended, as in `Runs`; a loss that isn't a number is NaN."""
Outcomes = npt.NDArray[np.void]


def read_runs(
    db: sqlite3.Connection, key: int, experiment: Experiment, seeds: range, *, engine: str, place: str
) -> Runs:
    """Return the runs of seeds that are all there; raise StoreError if the file contradicts itself."""
    rows = read_outcomes(db, key, seeds, engine=engine, place=place)
    blobs = _blobs(db, key, experiment, seeds, engine=engine, place=place)
    events = {name: np.ascontiguousarray(rows[name]) for name in EVENTS}
    numbers = {name: rows[name].astype(blobs["predictions"].dtype) for name in NUMBERS}
    return Runs(experiment=experiment, first_seed=seeds.start, **events, **numbers, **blobs)


def read_outcomes(db: sqlite3.Connection, key: int, seeds: range, *, engine: str, place: str) -> Outcomes:
    """Return how the runs ended, ``[n]``; raise StoreError if the file contradicts itself."""
    query = f"""SELECT {", ".join(COLUMNS)} FROM runs
        WHERE experiment = ? AND engine = ? AND seed >= ? AND seed < ? ORDER BY seed"""
    rows = db.execute(query, (key, engine, seeds.start, seeds.stop)).fetchall()
    if len(rows) != len(seeds):
        raise StoreError(f"{place}: is damaged: {len(rows)} rows for {len(seeds)} runs.")
    # A number that is NULL comes as None, which NumPy reads as NaN.
    return np.array(rows, dtype=OUTCOME)


def _blobs(
    db: sqlite3.Connection, key: int, experiment: Experiment, seeds: range, *, engine: str, place: str
) -> dict[str, npt.NDArray[Any]]:
    """Join the chunks that touch `seeds` into arrays as `Runs` has them."""
    query = f"""SELECT first_seed, count, dtype, shapes, {", ".join(BLOBS)} FROM chunks
        WHERE experiment = ? AND engine = ? AND first_seed < ? AND first_seed + count > ?
        ORDER BY first_seed"""
    arrays: dict[str, npt.NDArray[Any]] = {}
    kinds: set[tuple[str, str]] = set()
    for first, count, dtype, shapes, *blobs in db.execute(query, (key, engine, seeds.stop, seeds.start)):
        kinds.add((dtype, shapes))
        if len(kinds) > 1:
            raise StoreError(f"{place}: engine {engine!r} saved runs in different formats: {sorted(kinds)}.")
        chunk = range(first, first + count)
        held = range(max(chunk.start, seeds.start), min(chunk.stop, seeds.stop))
        for name, blob in zip(BLOBS, blobs, strict=True):
            due = rows_of(name, experiment, chunk, chunk).stop
            part = _array(name, blob, dtype=dtype, shapes=json.loads(shapes), count=due, place=place)
            if name not in arrays:
                size = (rows_of(name, experiment, seeds, seeds).stop, *part.shape[1:])
                arrays[name] = np.empty(size, dtype=part.dtype.newbyteorder("="))
            target = rows_of(name, experiment, seeds, held)
            arrays[name][target] = part[rows_of(name, experiment, chunk, held)]
    if isinstance(experiment.sampling, Full):
        # A step's gradient is that of all examples, so it is known even where it wasn't kept.
        arrays[STEP_GRADIENT] = arrays["gradient"].copy()
    return arrays


def _array(
    name: str, blob: bytes | None, *, dtype: str, shapes: dict[str, list[int]], count: int, place: str
) -> npt.NDArray[Any]:
    """Return a chunk's array of that name, with `count` rows."""
    kind, shape = CODES if name == COARSE else dtype, shapes[SHAPED_AS.get(name, name)]
    if blob is None:
        # Only those of `SHAPED_AS` may be missing: the chunk was saved by a version without them.
        return np.full((count, *shape), MISSING if name == COARSE else np.nan, dtype=kind)
    return decode(blob, dtype=kind, shape=shape, count=count, what=place)
