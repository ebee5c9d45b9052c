"""A store without what is damaged: a new file of what is sound in place of the old one, which is kept."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from trainlab.errors import StoreError
from trainlab.store.blobs import BLOBS
from trainlab.store.check import Tell, each_chunk, judged_runs
from trainlab.store.chunks import Chunk, read_blobs, read_rows
from trainlab.store.named_studies import named_studies
from trainlab.store.outcomes import COLUMNS
from trainlab.store.schema import make_tables, transaction
from trainlab.store.sqlite_errors import UNREADABLE
from trainlab.store.stored_runs import read_experiments

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Repaired:
    """How many chunks and runs a repair kept, how many chunks it lost, and where the old file is."""

    chunks: int
    runs: int
    lost: int
    copy: Path


def repair(db: sqlite3.Connection, file: Path, tell: Tell) -> Repaired:
    """Put a file of all that is sound in the place of `file`, which `db` has open; `db` is closed.

    Chunks of older versions get digests of what they are now. Raises StoreError if the file is in use.
    """
    _alone(db, file)
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    copy, fresh = (file.with_name(f"{file.name}.{end}-{moment}") for end in ("damaged", "repaired"))
    with closing(sqlite3.connect(fresh, isolation_level=None)) as empty, transaction(empty):
        make_tables(empty)
    try:
        db.execute("ATTACH ? AS fresh", (str(fresh),))
        with transaction(db):
            chunks, runs, lost = _copy(db, tell)
        db.close()
        # Copied rather than renamed, so that at no moment there is no store.
        shutil.copy2(file, copy)
        os.replace(fresh, file)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return Repaired(chunks=chunks, runs=runs, lost=lost, copy=copy)


def _alone(db: sqlite3.Connection, file: Path) -> None:
    """Fold the write-ahead log into the file, which works only if no other program has it open."""
    try:
        db.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(f"{file}: is in use. Repair it when no other program has it open.") from error
        raise


def _copy(db: sqlite3.Connection, tell: Tell) -> tuple[int, int, int]:
    """Copy what is sound; return how many chunks and runs that is, and how many chunks are lost."""
    experiments = dict(_readable(lambda: read_experiments(db)[0].items()))
    kept = runs = lost = 0
    for chunk, words in _readable(lambda: each_chunk(db, experiments, tell)):
        if chunk is None or words or _taken(db, chunk):
            lost += 1
        else:
            _copy_chunk(db, chunk)
            kept, runs = kept + 1, runs + len(chunk.seeds)
    db.execute(
        """INSERT INTO fresh.experiments SELECT * FROM main.experiments
        WHERE id IN (SELECT experiment FROM fresh.chunks)"""
    )
    for key, record in experiments.items():
        db.execute("UPDATE fresh.experiments SET digest = ? WHERE id = ?", (record.digest, key))
    for (key, engine, seed, *said), words in _readable(lambda: judged_runs(db, experiments)):
        held = "SELECT 1 FROM fresh.runs WHERE experiment = ? AND engine = ? AND seed = ?"
        if not words and db.execute(held, (key, engine, seed)).fetchone():
            db.execute("INSERT INTO fresh.judged_runs VALUES (?, ?, ?, ?, ?, ?)", (key, engine, seed, *said))
    for study in _readable(lambda: named_studies(db)[0]):
        for table, column in (("studies", "id"), ("study_experiments", "study")):
            copy = f"INSERT INTO fresh.{table} SELECT * FROM main.{table} WHERE {column} = ?"
            db.execute(copy, (study.key,))
    return kept, runs, lost


def _readable(read: Callable[[], Iterable[T]]) -> Iterator[T]:
    """Give what can be read, up to where the file is broken."""
    try:
        yield from read()
    except UNREADABLE:
        return


def _taken(db: sqlite3.Connection, chunk: Chunk) -> bool:
    """Whether a chunk that was copied holds some of its seeds."""
    query = "SELECT 1 FROM fresh.runs WHERE experiment = ? AND engine = ? AND seed >= ? AND seed < ?"
    where = chunk.key, chunk.name.engine, chunk.seeds.start, chunk.seeds.stop
    return db.execute(query, where).fetchone() is not None


def _copy_chunk(db: sqlite3.Connection, chunk: Chunk) -> None:
    names = f"experiment, engine, first_seed, count, saved, dtype, shapes, {', '.join(BLOBS)}"
    db.execute(
        f"INSERT INTO fresh.chunks ({names}) SELECT {names} FROM main.chunks WHERE rowid = ?", (chunk.row,)
    )
    names = f"experiment, engine, seed, {', '.join(COLUMNS)}"
    db.execute(
        f"""INSERT INTO fresh.runs ({names}) SELECT {names} FROM main.runs
        WHERE experiment = ? AND engine = ? AND seed >= ? AND seed < ?""",
        (chunk.key, chunk.name.engine, chunk.seeds.start, chunk.seeds.stop),
    )
    digests = chunk.outcomes_digest, chunk.blobs_digest
    if chunk.unchecked:
        blobs = (blob or b"" for blob in read_blobs(db, chunk))
        digests = chunk.name.outcomes_digest(read_rows(db, chunk)), chunk.name.blobs_digest(blobs)
    db.execute(
        "INSERT OR REPLACE INTO fresh.digests VALUES (?, ?, ?, ?, ?)",
        (chunk.key, chunk.name.engine, chunk.seeds.start, *digests),
    )
