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
from trainlab.store.schema import APPLICATION, connect, make_tables, prepare, transaction
from trainlab.store.sqlite_errors import BROKEN, REASONS, UNREADABLE, as_store_errors
from trainlab.store.store import FILE_NAME
from trainlab.store.stored_runs import read_experiments
from trainlab.store.totals import Total, save_total

T = TypeVar("T")

HEADER, APPLICATION_AT = 100, slice(68, 72)
"""Of a file of SQLite: the bytes of its header, and which of them say whose it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repaired:
    """How many chunks and runs a repair kept, and where the file as it was is."""

    chunks: int
    runs: int
    copy: Path


def repair(folder: str | os.PathLike[str], tell: Tell) -> Repaired:
    """Put a file of all that is sound in the place of the store's, a copy of which is kept beside it.

    Chunks of older versions get digests of what they are now. Raises StoreError if it is in use, or no store.
    """
    file = Path(folder) / FILE_NAME
    if not file.is_file():
        raise StoreError(f"{Path(folder)}: holds no store. --store names its folder.")
    with file.open("rb") as raw:
        if raw.read(HEADER)[APPLICATION_AT] != APPLICATION.to_bytes(4, "big"):
            raise StoreError(f"{file}: {REASONS[sqlite3.SQLITE_NOTADB]}")
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    copy, fresh = (file.with_name(f"{file.name}.{end}-{moment}") for end in ("damaged", "repaired"))
    with as_store_errors(str(file)):
        try:
            with closing(connect(str(fresh))) as empty, transaction(empty):
                make_tables(empty)
            with closing(connect(str(file))) as db:
                chunks, runs = _carried_over(db, file, fresh, tell)
            # Copied rather than renamed, so that at no moment there is no store.
            shutil.copy2(file, copy)
            for end in ("-wal", "-shm"):
                # Left if SQLite couldn't fold it into a broken file; it must not be into the new one.
                if Path(f"{file}{end}").exists():
                    os.replace(f"{file}{end}", f"{copy}{end}")
            os.replace(fresh, file)
        finally:
            fresh.unlink(missing_ok=True)
    return Repaired(chunks=chunks, runs=runs, copy=copy)


def _carried_over(db: sqlite3.Connection, file: Path, fresh: Path, tell: Tell) -> tuple[int, int]:
    """Copy what is sound into the fresh file, if anything is; return how many chunks and runs."""
    try:
        prepare(db, str(file), patience=0.0)
        # This folds the write-ahead log into the file, and works only if no other program has it open.
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("ATTACH ? AS fresh", (str(fresh),))
        with transaction(db):
            return _copy(db, tell)
    except UNREADABLE as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(f"{file}: is in use. Repair it when no other program has it open.") from error
        if code not in BROKEN:
            raise
        return 0, 0


def _copy(db: sqlite3.Connection, tell: Tell) -> tuple[int, int]:
    """Copy what is sound; return how many chunks and runs that is."""
    experiments = dict(_readable(lambda: read_experiments(db)[0].items()))
    chunks = runs = 0
    for chunk, words in _readable(lambda: each_chunk(db, experiments, tell)):
        if chunk is not None and not words and not _taken(db, chunk):
            _copy_chunk(db, chunk)
            chunks, runs = chunks + 1, runs + len(chunk.seeds)
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
    return chunks, runs


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
    rows, blobs = read_rows(db, chunk), [blob or b"" for blob in read_blobs(db, chunk)]
    digests = chunk.outcomes_digest, chunk.blobs_digest
    if chunk.unchecked:
        digests = chunk.name.outcomes_digest(rows), chunk.name.blobs_digest(blobs)
    db.execute(
        "INSERT OR REPLACE INTO fresh.digests VALUES (?, ?, ?, ?, ?)",
        (chunk.key, chunk.name.engine, chunk.seeds.start, *digests),
    )
    (saved,) = db.execute("SELECT saved FROM main.chunks WHERE rowid = ?", (chunk.row,)).fetchone()
    total = Total(
        engine=chunk.name.engine,
        seeds=chunk.seeds,
        solved=int(rows["solved"].sum()),
        bytes=sum(map(len, blobs)),
        saved=str(saved),
    )
    save_total(db, chunk.key, chunk.name.fingerprint, total, schema="fresh")
