"""Errors of SQLite and the file system, in one line that says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from trainlab.errors import StoreError

ELSEWHERE = "Name another folder with --store."
FRESH = "Move it away, or name another folder with --store."

BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH)
"""What SQLite says of a file that isn't as it was written."""

UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading such a file raises: messages of SQLite that quote it may be no text."""

REPAIR = "'trainlab store repair' keeps what can be read; a study trains the rest again."

# By SQLite's primary result code, https://www.sqlite.org/rescode.html.
REASONS = {
    # An extended code, for a reason of its own.
    sqlite3.SQLITE_READONLY_DBMOVED: "was replaced, as by a repair, while it was opened. Try again.",
    sqlite3.SQLITE_BUSY: "is locked: another process keeps writing. Try again when it is done.",
    sqlite3.SQLITE_LOCKED: "is locked by another part of this program. Try again when it is done.",
    sqlite3.SQLITE_FULL: "can't grow: the disk is full. Free some space; what was finished before is kept.",
    sqlite3.SQLITE_READONLY: f"can't be written: the file or its folder is read-only. {ELSEWHERE}",
    sqlite3.SQLITE_PERM: f"can't be used: permission denied. {ELSEWHERE}",
    sqlite3.SQLITE_CANTOPEN: f"can't be opened: its folder must be one that you may write to. {ELSEWHERE}",
    sqlite3.SQLITE_NOTADB: f"is not a trainlab store. {FRESH}",
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
