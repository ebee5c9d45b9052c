"""A chunk into the database: its arrays, its rows, its digests and its total."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from trainlab.store.blobs import BLOBS
from trainlab.store.digests import ChunkName, text_digest
from trainlab.store.outcomes import COLUMNS, Outcomes
from trainlab.store.totals import Total, save_total

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
