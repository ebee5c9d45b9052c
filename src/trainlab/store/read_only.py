"""A store that may be read and not written: on a disk mounted so, or in a folder of somebody else's."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from trainlab.errors import StoreError
from trainlab.store.schema import check_version, connect

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
        StoreError: it is of a version that would have to be upgraded, or has runs that weren't folded in.
    """
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
