"""A store without what is damaged: a new file of what is sound in place of the old one, which is kept."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trainlab.errors import StoreError
from trainlab.store.check import Tell, check
from trainlab.store.schema import APPLICATION, connect, make_tables, prepare, transaction
from trainlab.store.sqlite_errors import BROKEN, REASONS, UNREADABLE, as_store_errors
from trainlab.store.store import FILE_NAME
from trainlab.store.taking_over import TakenOver, take_over

HEADER, APPLICATION_AT = 100, slice(68, 72)
"""Of a file of SQLite: the bytes of its header, and which of them say whose it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repaired:
    """What a repair came to: how many chunks and runs were sound, how many chunks weren't, and the old file.

    `lost` is None where the file is so broken that its chunks can't be counted, and `copy` where there was
    nothing to repair: the file is as it was.
    """

    chunks: int
    runs: int
    lost: int | None
    copy: Path | None


def repair(folder: str | os.PathLike[str], tell: Tell) -> Repaired:
    """Put a file of all that is sound in the place of the store's, a copy of which is kept beside it.

    Chunks of older versions get digests of what they are now. A store without damage and without such stays
    as it is. Raises StoreError if it is in use, or no store.
    """
    file = Path(folder) / FILE_NAME
    if not file.is_file():
        raise StoreError(f"{Path(folder)}: holds no store. --store names its folder.")
    with file.open("rb") as raw:
        if raw.read(HEADER)[APPLICATION_AT] != APPLICATION.to_bytes(4, "big"):
            raise StoreError(f"{file}: {REASONS[sqlite3.SQLITE_NOTADB]}")
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    copy, fresh = (file.with_name(f"{file.name}.{end}-{moment}") for end in ("damaged", "repaired"))
    with as_store_errors(str(file)):
        try:
            with closing(connect(str(fresh))) as empty, closing(connect(str(file))) as db:
                with transaction(empty):
                    make_tables(empty)
                taken = _carried_over(empty, db, file, fresh, tell)
                chunks, runs = (taken.chunks, taken.runs) if taken else (0, 0)
                held = _counted(db)
                sound = taken is not None and not taken.left_out and _is_sound(db, empty)
            if sound:
                return Repaired(chunks=chunks, runs=runs, lost=0, copy=None)
            _name_also(file, copy)
            for end in ("-wal", "-shm"):
                # Left if SQLite couldn't fold it into a broken file; it must not be into the new one.
                if Path(f"{file}{end}").exists():
                    os.replace(f"{file}{end}", f"{copy}{end}")
            os.replace(fresh, file)
        finally:
            fresh.unlink(missing_ok=True)
    return Repaired(chunks=chunks, runs=runs, lost=None if held is None else held - chunks, copy=copy)


def _counted(db: sqlite3.Connection) -> int | None:
    """Return how many chunks the file says it holds; None if it can't."""
    try:
        return int(db.execute("SELECT count(*) FROM chunks").fetchone()[0])
    except UNREADABLE:
        return None


def _is_sound(db: sqlite3.Connection, empty: sqlite3.Connection) -> bool:
    """Return whether a check finds nothing, every chunk has its digest, and the tables are as made."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
    found = check(db, lambda done, total: None)
    made = db.execute(query).fetchall() == empty.execute(query).fetchall()
    return made and not found.damage and not found.unchecked


def _name_also(file: Path, copy: Path) -> None:
    """Give the file a second name, so that at no moment there is no store.

    A copy of gigabytes would leave seconds in which another program could open the old file, and save to it.
    """
    try:
        os.link(file, copy)
    except OSError:  # as on a file system without links
        shutil.copy2(file, copy)


def _carried_over(
    empty: sqlite3.Connection, db: sqlite3.Connection, file: Path, fresh: Path, tell: Tell
) -> TakenOver | None:
    """Copy what is sound into the empty store; return what came of it, None if the file can't be read."""
    try:
        prepare(db, str(file), patience=0.0)
        # This folds the write-ahead log into the file, and works only if no other program has it open.
        db.execute("PRAGMA journal_mode = DELETE")
        with transaction(db):
            # No other repair is at work, so what lies there is of one that was killed.
            for left in file.parent.glob(f"{file.name}.repaired-[0-9]*"):
                if not left.name.startswith(fresh.name):
                    left.unlink()
            return take_over(empty, db, tell)
    except UNREADABLE as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(f"{file}: is in use. Repair it when no other program has it open.") from error
        if code not in BROKEN:
            raise
        return None
