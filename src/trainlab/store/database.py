"""The database: its tables, connections that may write and that may not, and SQLite's errors in a line."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from trainlab.engine.runs import COARSE, STEP_GRADIENT, UNKNOWN
from trainlab.errors import StoreError
from trainlab.store.chunks import FLOATS

# Errors of SQLite and the file system, in one line that says what to do.


ELSEWHERE = "Name another folder with --store."
READ_ONLY = f"the file or its folder is read-only. {ELSEWHERE}"
FRESH = "Move it away, or name another folder with --store."
WAS_ONE = f"{FRESH} If it was one, 'trainlab store repair' keeps what can be read."

BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH)
"""What SQLite says of a file that isn't as it was written."""

UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading such a file raises: messages of SQLite that quote it may be no text."""

REPAIR = "'trainlab store repair' keeps what can be read; after it, studies train only the rest."

# By SQLite's primary result code, https://www.sqlite.org/rescode.html.
REASONS = {
    # An extended code, for a reason of its own.
    sqlite3.SQLITE_READONLY_DBMOVED: "was replaced, as by a repair, while it was opened. Try again.",
    sqlite3.SQLITE_BUSY: "is locked: another process keeps writing. Try again when it is done.",
    sqlite3.SQLITE_LOCKED: "is locked by another part of this program. Try again when it is done.",
    sqlite3.SQLITE_FULL: "can't grow: the disk is full. Free some space; what was finished before is kept.",
    sqlite3.SQLITE_READONLY: f"can't be written: {READ_ONLY}",
    sqlite3.SQLITE_PERM: f"can't be used: permission denied. {ELSEWHERE}",
    sqlite3.SQLITE_CANTOPEN: f"can't be opened: its folder must be one that you may write to. {ELSEWHERE}",
    sqlite3.SQLITE_NOTADB: f"is not a trainlab store. {WAS_ONE}",
    sqlite3.SQLITE_CORRUPT: f"is damaged. {REPAIR}",
    sqlite3.SQLITE_CONSTRAINT: f"is damaged: its tables contradict each other. {REPAIR}",
    sqlite3.SQLITE_MISMATCH: f"is damaged. {REPAIR}",
    sqlite3.SQLITE_IOERR: "can't be read or written: the disk reports a fault. Is it full?",
    sqlite3.SQLITE_TOOBIG: "can't take a chunk of more than a gigabyte. Record less often.",
}


class BrokenError(StoreError):
    """The file isn't as SQLite wrote it, or isn't one of SQLite's."""


@contextmanager
def as_store_errors(place: str) -> Generator[None]:
    """Turn SQLite's errors inside the block into a StoreError about the store at `place`."""
    try:
        yield
    except sqlite3.Error as error:
        broken = getattr(error, "sqlite_errorcode", 0) & 0xFF in BROKEN
        raise (BrokenError if broken else StoreError)(f"{place}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise BrokenError(f"{place}: {REASONS[sqlite3.SQLITE_CORRUPT]}") from error
    except OverflowError as error:
        raise StoreError(
            f"{place}: seeds must be below 2⁶³, and the arrays of a chunk below 1 GB."
        ) from error


def reason(error: sqlite3.Error) -> str:
    """Return the rest of a sentence that begins with the store's name."""
    # The low byte is the primary code. Errors of Python's own module have none, some not even the attribute.
    code: int | None = getattr(error, "sqlite_errorcode", None)
    known = REASONS.get(code, REASONS.get(code & 0xFF)) if code is not None else None
    return known or f"can't be used ({error})."


def make_folder(folder: Path) -> None:
    """Make the folder of a store, or raise StoreError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StoreError(f"{folder}: is a file; the store needs a folder. {ELSEWHERE}") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreError(f"{folder}: can't make this folder ({why}). {ELSEWHERE}") from None


# The tables, their version, and how a file becomes a store.


VERSION = 10
OLDEST = 2
"""Stores from this version up to the one before `VERSION` are upgraded when they are opened.

Version 2 has no column of coarse curves, version 3 no table of judged runs, version 4 no names of studies,
version 5 doesn't say since when runs are solved, which is then `UNKNOWN`; version 6 has no gradients of a
step, which are then NaN; version 7 doesn't say what studies asked; version 8 has no digests, version 9 no
totals, so that rows are added up.
"""

APPLICATION = 0x746C6162
"""``tlab``: tells a store from any other SQLite file."""

ANOTHER = f"is a database, but not a trainlab store. {WAS_ONE}"


class AnotherError(StoreError):
    """The file is a database, and not one of ours."""


DIGEST = "digest BLOB"
"""Of what stands beside it, see `digests`; NULL: written by version 8 or before, and not checked."""

JUDGED_RUNS = f"""CREATE TABLE judged_runs (
        experiment INTEGER NOT NULL REFERENCES experiments (id),
        engine TEXT NOT NULL,
        seed INTEGER NOT NULL,
        rules TEXT NOT NULL,  -- a digest of the rules that judged it
        found TEXT NOT NULL,  -- JSON
        {DIGEST},
        PRIMARY KEY (experiment, engine, seed)
    ) WITHOUT ROWID"""

# A program of version 5 that still has the file open gives this column no value.
SETTLED = f"settled_epoch INTEGER NOT NULL DEFAULT {UNKNOWN}"

QUESTION = "question TEXT"
"""JSON of what was asked; NULL: named by version 7 or before."""

# By fingerprint, since a study is named before its runs are there, and stays when they are deleted.
STUDIES = (
    f"""CREATE TABLE studies (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,  -- study, race or map
        title TEXT NOT NULL,
        digest TEXT NOT NULL,  -- of its experiments
        networks INTEGER NOT NULL,
        changes INTEGER NOT NULL,
        seeds INTEGER NOT NULL,
        asked TEXT NOT NULL,  -- UTC, ISO 8601: the last time
        {QUESTION},
        UNIQUE (kind, title, digest)
    )""",
    """CREATE TABLE study_experiments (
        study INTEGER NOT NULL REFERENCES studies (id),
        fingerprint TEXT NOT NULL,
        PRIMARY KEY (study, fingerprint)
    ) WITHOUT ROWID""",
)

# Apart from the chunks, where they would stand behind the blobs and be as slow to reach as these.
DIGESTS = """CREATE TABLE digests (
        experiment INTEGER NOT NULL REFERENCES experiments (id),
        engine TEXT NOT NULL,
        first_seed INTEGER NOT NULL,
        outcomes BLOB,  -- of this and the next: NULL: the chunk was saved by version 8 or before
        blobs BLOB,
        PRIMARY KEY (experiment, engine, first_seed)
    ) WITHOUT ROWID"""

# A chunk without a row there is damaged, so that no byte can turn a checked chunk into one that isn't. A
# program of version 8 that still has the file open writes no such row; this does it in its place.
UNCHECKED = """CREATE TRIGGER unchecked AFTER INSERT ON chunks BEGIN
        INSERT OR REPLACE INTO digests VALUES (NEW.experiment, NEW.engine, NEW.first_seed, NULL, NULL);
    END"""

# What is told of chunks without reading them. An older program that still has the file open writes none, so
# those that have none are added up from their rows; what it deletes, the trigger does here, too.
TOTALS = """CREATE TABLE totals (
        experiment INTEGER NOT NULL REFERENCES experiments (id),
        engine TEXT NOT NULL,
        first_seed INTEGER NOT NULL,
        count INTEGER NOT NULL,
        solved INTEGER NOT NULL,
        bytes INTEGER NOT NULL,  -- of all blobs
        saved TEXT NOT NULL,  -- as in chunks
        digest BLOB NOT NULL,
        PRIMARY KEY (experiment, engine, first_seed)
    ) WITHOUT ROWID"""
UNCOUNTED = """CREATE TRIGGER uncounted AFTER DELETE ON chunks BEGIN
        DELETE FROM totals WHERE experiment = OLD.experiment AND engine = OLD.engine
        AND first_seed = OLD.first_seed;
    END"""

# Chunks never overlap: within an experiment and engine every seed lies in one chunk and has one row in runs.
TABLES = (
    f"""CREATE TABLE experiments (
        id INTEGER PRIMARY KEY,
        fingerprint TEXT NOT NULL UNIQUE,
        experiment TEXT NOT NULL,  -- JSON of Experiment.to_dict()
        {DIGEST}
    )""",
    f"""CREATE TABLE chunks (
        experiment INTEGER NOT NULL REFERENCES experiments (id),
        engine TEXT NOT NULL,
        first_seed INTEGER NOT NULL,
        count INTEGER NOT NULL CHECK (count > 0),
        saved TEXT NOT NULL,  -- UTC, ISO 8601
        dtype TEXT NOT NULL,  -- of every blob but coarse curves: '<f4' or '<f8'; of these it is '<u2'
        shapes TEXT NOT NULL,  -- JSON: the shape of one run in each blob; curves are of the first runs only
        {", ".join(f"{name} BLOB NOT NULL" for name in FLOATS)},
        {COARSE} BLOB,  -- NULL: saved by version 2
        {STEP_GRADIENT} BLOB,  -- NULL: saved by version 6 or before
        UNIQUE (experiment, engine, first_seed)
    )""",
    f"""CREATE TABLE runs (
        experiment INTEGER NOT NULL REFERENCES experiments (id),
        engine TEXT NOT NULL,
        seed INTEGER NOT NULL,
        solved INTEGER NOT NULL,  -- 0 or 1
        solved_epoch INTEGER NOT NULL,  -- -1: never
        stopped_epoch INTEGER NOT NULL,  -- -1: never
        diverged_step INTEGER NOT NULL,  -- -1: never
        loss REAL,  -- of this and the next: NULL: not a number
        accuracy REAL,
        held_out_loss REAL,
        held_out_accuracy REAL,
        {SETTLED},
        PRIMARY KEY (experiment, engine, seed)
    ) WITHOUT ROWID""",
    DIGESTS,
    UNCHECKED,
    TOTALS,
    UNCOUNTED,
    JUDGED_RUNS,
    *STUDIES,
)


LOST_ROWS = """DELETE FROM runs WHERE experiment = ? AND engine = ? AND seed >= ? AND seed < ? AND NOT EXISTS
    (SELECT 1 FROM chunks WHERE chunks.experiment = runs.experiment AND chunks.engine = runs.engine
    AND runs.seed >= first_seed AND runs.seed < first_seed + count)"""
"""Deletes the rows of runs, among some seeds of an experiment, that no chunk holds."""


def connect(database: str, *, patience: float = 0.0, uri: bool = False) -> sqlite3.Connection:
    """Return a connection that waits for others that write, `patience` seconds."""
    db = sqlite3.connect(database, timeout=patience, isolation_level=None, uri=uri)
    # Text that isn't UTF-8 is damage, which its digest tells; it is no reason to fail when it is read.
    db.text_factory = partial(str, encoding="utf-8", errors="replace")
    return db


def prepare(db: sqlite3.Connection, place: str, *, patience: float) -> None:
    """Make an empty file a store, or upgrade one of an older version; `patience` in seconds.

    Raises StoreError for any other file.
    """
    _write_ahead(db, patience)
    db.execute("PRAGMA synchronous = FULL")
    if _pragma(db, "application_id") != APPLICATION:
        with transaction(db):
            # Another process may have made the tables since.
            if _pragma(db, "application_id") != APPLICATION:
                if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise AnotherError(f"{place}: {ANOTHER}")
                make_tables(db)
    if OLDEST <= _pragma(db, "user_version") < VERSION:
        with transaction(db):
            if OLDEST <= _pragma(db, "user_version") < VERSION:
                _upgrade(db)
    check_version(db, place)


def check_version(db: sqlite3.Connection, place: str, *, read_only: bool = False) -> None:
    """Raise StoreError unless it is a store of this version."""
    if _pragma(db, "application_id") != APPLICATION:
        raise AnotherError(f"{place}: {ANOTHER}")
    version = _pragma(db, "user_version")
    if read_only and OLDEST <= version < VERSION:
        raise StoreError(
            f"{place}: is a store of version {version}, which would be upgraded to version {VERSION}, but "
            "the file or its folder is read-only. Copy it to a folder that you may write to, and name that "
            "with --store."
        )
    if version < VERSION:
        raise StoreError(
            f"{place}: is a store of version {version}, of an older trainlab; this one writes version "
            f"{VERSION}. Name another folder with --store, or delete this one: its runs are made again."
        )
    if version != VERSION:
        raise StoreError(
            f"{place}: is a store of version {version}, but this trainlab reads version {VERSION}. "
            f"Update trainlab, or name another folder with --store."
        )


@contextmanager
def transaction(db: sqlite3.Connection) -> Generator[None]:
    """Write everything in the block or nothing, however it ends."""
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(db: sqlite3.Connection) -> Generator[None]:
    """Let all queries in the block see the same state, whatever other processes write meanwhile."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def make_tables(db: sqlite3.Connection) -> None:
    """Make an empty database a store."""
    for table in TABLES:
        db.execute(table)
    db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute(f"PRAGMA user_version = {VERSION}")


def _upgrade(db: sqlite3.Connection) -> None:
    # No row is rewritten. An older program that has the file open can go on saving: it names its columns,
    # but for those of judged runs.
    version = _pragma(db, "user_version")
    if version < 3:
        db.execute(f"ALTER TABLE chunks ADD COLUMN {COARSE} BLOB")
    if version < 4:
        db.execute(JUDGED_RUNS)
    if version < 5:
        for table in STUDIES:
            db.execute(table)
    if version < 6:
        db.execute(f"ALTER TABLE runs ADD COLUMN {SETTLED}")
    if version < 7:
        db.execute(f"ALTER TABLE chunks ADD COLUMN {STEP_GRADIENT} BLOB")
    if version in (5, 6, 7):
        db.execute(f"ALTER TABLE studies ADD COLUMN {QUESTION}")
    if version < 9:
        db.execute(DIGESTS)
        db.execute(UNCHECKED)
        db.execute("INSERT INTO digests SELECT experiment, engine, first_seed, NULL, NULL FROM chunks")
        db.execute(f"ALTER TABLE experiments ADD COLUMN {DIGEST}")
    if 3 < version < 9:
        db.execute(f"ALTER TABLE judged_runs ADD COLUMN {DIGEST}")
    db.execute(TOTALS)
    db.execute(UNCOUNTED)
    db.execute(f"PRAGMA user_version = {VERSION}")


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def _write_ahead(db: sqlite3.Connection, patience: float) -> None:
    # To switch a new file to WAL nobody else may use it, and SQLite doesn't wait for that by itself.
    deadline = time.monotonic() + patience
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


# A store that may be read and not written: on a disk mounted so, or in a folder of somebody else's.


CANT = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
"""What SQLite says where it may not make the files that it keeps beside a store in use."""


def may_write(file: Path) -> bool:
    """Whether a store may be written, or made, in this file: SQLite makes others beside it."""
    effective = os.access in os.supports_effective_ids
    places = [file, file.parent] if file.is_file() else []
    return all(os.access(each, os.W_OK, effective_ids=effective) for each in places)


def connect_read_only(file: Path, place: str) -> sqlite3.Connection:
    """Return a connection to a store that may not be written.

    Where a program that may has it open, its newest runs are seen, too. Where none has, the file is taken to
    stay as it is: should one come and write, digests tell what was read amiss.

    Raises:
        StoreError: it is of a version that would have to be upgraded, has runs that weren't folded in, or is
            empty.
    """
    if not file.stat().st_size:
        raise StoreError(f"{place}: is empty, and can't become a store: {READ_ONLY}")
    try:
        return _checked(_connect(file, "mode=ro"), place)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in CANT:
            raise
    log = Path(f"{file}-wal")
    if log.exists() and log.stat().st_size:
        raise StoreError(
            f"{place}: is read-only, and its newest runs are still in {log.name}, as a program that was "
            "killed left them. Copy both files to a folder that you may write to, and name that with --store."
        )
    return _checked(_connect(file, "immutable=1"), place)


def _connect(file: Path, how: str) -> sqlite3.Connection:
    return connect(f"{file.absolute().as_uri()}?{how}", uri=True)


def _checked(db: sqlite3.Connection, place: str) -> sqlite3.Connection:
    try:
        check_version(db, place, read_only=True)
    except BaseException:
        db.close()
        raise
    return db
