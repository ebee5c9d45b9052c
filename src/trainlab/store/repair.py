"""A store without what is damaged: a new file of what is sound in place of the old one, which is kept."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import struct
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType
from typing import Any

from trainlab.errors import StoreError
from trainlab.store.check import Tell, check
from trainlab.store.database import (
    APPLICATION,
    BROKEN,
    FRESH,
    UNREADABLE,
    AnotherError,
    as_store_errors,
    connect,
    make_tables,
    prepare,
    transaction,
)
from trainlab.store.store import FILE_NAME
from trainlab.store.taking_over import TakenOver, take_over

# The rows of a store from the pages of its file alone, whatever has become of its header, schema and trees.
#
# A page says itself what it holds (https://www.sqlite.org/fileformat2.html), and a row of which table it is:
# by the number of its columns and the types of the first. That a row is right nothing here proves; digests
# do.


MAGIC = b"SQLite format 3\0"
USUAL_PAGE = 4096
"""Bytes of a page where the header can't tell."""
IN_INDEX, TABLE_LEAF, INDEX_LEAF = 2, 13, 10
"""Kinds of pages that hold rows; a table without rowids is an index, whose branches have some as well."""

# Whether its rows lie on leaves of a table, how many columns they have at least (in older versions fewer)
# and at most, and the types of the first. Where the first is None, it is the rowid.
KINDS = {
    "experiments": (True, 3, 4, (NoneType, str, str)),
    "chunks": (True, 12, 14, (int, str, int, int, str, str, str)),
    "studies": (True, 8, 9, (NoneType, str, str, str, int, int, int, str)),
    "runs": (False, 11, 12, (int, str, int, int, int)),
    "digests": (False, 5, 5, (int, str, int, bytes | None)),
    "totals": (False, 8, 8, (int, str, int, int, int, int, str)),
    "judged_runs": (False, 5, 6, (int, str, int, str, str)),
    "study_experiments": (False, 2, 2, (int, str)),
}


def salvage(file: Path, into: sqlite3.Connection) -> None:
    """Fill an empty database with all rows that can be read in the file, in the tables of a store.

    It has no triggers: a chunk whose digests are lost stays without.
    """
    make_tables(into)
    for trigger in ("unchecked", "uncounted"):
        into.execute(f"DROP TRIGGER {trigger}")
    columns = {table: [row[1] for row in into.execute(f"PRAGMA table_info({table})")] for table in KINDS}
    for table, row in _rows(file):
        names = ", ".join(columns[table][: len(row)])
        into.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", row)


def _rows(file: Path) -> Iterator[tuple[str, list[Any]]]:
    """Give each row that can be read whole, with the name of its table."""
    with file.open("rb") as raw:
        pages = _Pages(raw.fileno())
        free = pages.free()
        for number in range(1, pages.count + 1):
            if number not in free:
                yield from pages.rows(number)


class _Pages:
    """The pages of a file, counted from 1."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        header = os.pread(handle, 100, 0)
        told = int.from_bytes(header[16:18], "big")
        size = 65536 if told == 1 else told
        sound = header.startswith(MAGIC) and size >= 512 and not size & (size - 1)
        self.size = size if sound else USUAL_PAGE
        self.usable = self.size - (header[20] if sound else 0)
        self.first_free = int.from_bytes(header[32:36], "big") if sound else 0
        self.count = -(-os.fstat(handle).st_size // self.size)

    def page(self, number: int) -> bytes:
        """Return a page; of one that is cut off the rest is 0. Raises ValueError if it isn't there."""
        if not 1 <= number <= self.count:
            raise ValueError
        return os.pread(self.handle, self.size, (number - 1) * self.size).ljust(self.size, b"\0")

    def free(self) -> set[int]:
        """Return the pages that nothing uses, as far as they are listed: what they hold was deleted."""
        free: set[int] = set()
        trunk = self.first_free
        while 1 <= trunk <= self.count and trunk not in free:
            words = self.usable // 4
            following, leaves, *numbers = struct.unpack(f">{words}I", self.page(trunk)[: words * 4])
            if leaves > len(numbers):
                return set()  # isn't a list, so nothing is known
            free |= {trunk, *numbers[:leaves]}
            trunk = following
        return free

    def rows(self, number: int) -> Iterator[tuple[str, list[Any]]]:
        """Give the rows that begin on a page."""
        page = self.page(number)
        start = 100 if number == 1 else 0
        kind = page[start]
        if kind not in (IN_INDEX, TABLE_LEAF, INDEX_LEAF):
            return
        cells = start + (12 if kind == IN_INDEX else 8)
        count = int.from_bytes(page[start + 3 : start + 5], "big")
        for at in range(cells, cells + 2 * count, 2):
            try:
                found = self._row(page, int.from_bytes(page[at : at + 2], "big"), kind)
            except (IndexError, ValueError, struct.error):
                continue  # isn't a row, or is cut off
            if found is not None:
                yield found

    def _row(self, page: bytes, at: int, kind: int) -> tuple[str, list[Any]] | None:
        """Return the row of a cell and its table; None if it is of none of ours."""
        in_table = kind == TABLE_LEAF
        length, at = _varint(page, at + (4 if kind == IN_INDEX else 0))
        rowid, at = _varint(page, at) if in_table else (0, at)
        here = self._held_here(length, in_table=in_table)
        types, values_at = _types(page[at : at + here])
        table = _table(types, in_table=in_table)
        if table is None:
            return None
        row = list(_values(self._payload(page, at, length, here), types, values_at))
        if row[0] is None:
            row[0] = rowid
        return table, row

    def _held_here(self, length: int, *, in_table: bool) -> int:
        """Return how many bytes of a row lie in its cell; the others overflow."""
        usable = self.usable
        most = usable - 35 if in_table else (usable - 12) * 64 // 255 - 23
        if length <= most:
            return length
        least = (usable - 12) * 32 // 255 - 23
        here = least + (length - least) % (usable - 4)
        return here if here <= most else least

    def _payload(self, page: bytes, at: int, length: int, here: int) -> bytes:
        """Return all bytes of a row: those in its cell, and those on the pages that it overflows to."""
        if length > self.count * self.size:
            raise ValueError
        pieces = [page[at : at + here]]
        rest = length - here
        following = int.from_bytes(page[at + here : at + here + 4], "big")
        while rest > 0:
            more = self.page(following)
            following = int.from_bytes(more[:4], "big")
            pieces.append(more[4 : min(self.usable, 4 + rest)])
            rest -= len(pieces[-1])
        return b"".join(pieces)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of up to 9 bytes, and where it ends."""
    value = 0
    for place in range(at, at + 8):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    return value << 8 | data[at + 8], at + 9


def _types(record: bytes) -> tuple[list[int], int]:
    """Return the types of a row's values as SQLite numbers them, and where the first value begins."""
    end, at = _varint(record, 0)
    types: list[int] = []
    while at < end:
        kind, at = _varint(record, at)
        types.append(kind)
    return types, end


def _type(kind: int) -> type:
    if kind == 0:
        return NoneType
    if kind < 10:
        return float if kind == 7 else int
    if kind < 12:
        raise ValueError
    return str if kind % 2 else bytes


def _table(types: list[int], *, in_table: bool) -> str | None:
    for table, (lies_in_table, fewest, most, first) in KINDS.items():
        if lies_in_table == in_table and fewest <= len(types) <= most:
            found = map(_type, types)
            if all(issubclass(is_, due) for is_, due in zip(found, first, strict=False)):
                return table
    return None


def _values(record: bytes, types: list[int], at: int) -> Iterator[Any]:
    for kind in types:
        size = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind] if kind < 10 else (kind - 12) // 2
        piece = record[at : at + size]
        if len(piece) < size:
            raise ValueError
        at += size
        if kind == 0:
            yield None
        elif kind == 7:
            yield struct.unpack(">d", piece)[0]
        elif kind < 10:
            yield kind - 8 if kind >= 8 else int.from_bytes(piece, "big", signed=True)
        else:
            # As the connection reads text.
            yield piece.decode(errors="replace") if kind % 2 else piece


HEADER, APPLICATION_AT = 100, slice(68, 72)
"""Of a file of SQLite: the bytes of its header, and which of them say whose it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repaired:
    """What a repair came to: how many chunks and runs were sound, how many chunks weren't, and the old file.

    Where SQLite couldn't read the file, it was read `by_pages`, and `lost` are the chunks that are known to
    have been there. `copy` is None where there was nothing to repair: the file is as it was.
    """

    chunks: int
    runs: int
    lost: int
    by_pages: bool
    copy: Path | None


class _BrokenTreesError(Exception):
    """SQLite finds the file damaged, so that what it reads isn't all that there is."""


def repair(folder: str | os.PathLike[str], tell: Tell) -> Repaired:
    """Put a file of all that is sound in the place of the store's, a copy of which is kept beside it.

    Chunks of older versions get digests of what they are now. A store without damage and without such stays
    as it is. Raises StoreError if it is in use, or no store.
    """
    file = Path(folder) / FILE_NAME
    if not file.is_file():
        raise StoreError(f"{Path(folder)}: holds no store. --store names its folder.")
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    copy, fresh = (file.with_name(f"{file.name}.{end}-{moment}") for end in ("damaged", "repaired"))
    with _alone(file), as_store_errors(str(file)):
        try:
            done = _kept(file, fresh, copy, tell)
            if done.copy:
                _name_also(file, copy)
                for end in ("-wal", "-shm"):
                    # Left if SQLite couldn't fold it into a broken file; it must not be into the new one.
                    if Path(f"{file}{end}").exists():
                        os.replace(f"{file}{end}", f"{copy}{end}")
                os.replace(fresh, file)
        finally:
            _remove_left(file)
    return done


@contextmanager
def _alone(file: Path) -> Generator[None]:
    """Let no other repair of the file begin, and remove what one left that was killed."""
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system may have no such locks
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(
                    f"{file}: another repair of it is under way. Wait until that has ended."
                ) from None
        _remove_left(file)
        yield
    finally:
        os.close(folder)


def _remove_left(file: Path) -> None:
    for left in file.parent.glob(f"{file.name}.repaired-[0-9]*"):
        left.unlink()


def _kept(file: Path, fresh: Path, copy: Path, tell: Tell) -> Repaired:
    """Make the file `fresh` of what is sound, as SQLite reads it or, where it can't, page by page."""
    try:
        with closing(connect(str(file))) as db:
            return _as_read(db, file, fresh, copy, tell)
    except (_BrokenTreesError, AnotherError, *UNREADABLE) as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(f"{file}: is in use. Repair it when no other program has it open.") from error
        # SQLITE_ERROR is what a table without its name gives, or a header of no format that there is.
        if code not in (*BROKEN, sqlite3.SQLITE_ERROR):
            raise
        done = _by_pages(file, fresh, copy, tell)
        if not done.chunks and not _says_it_is_ours(file):
            raise StoreError(
                f"{file}: is not a trainlab store: no page of it has runs as they were saved. {FRESH}"
            ) from error
        return done


def _as_read(db: sqlite3.Connection, file: Path, fresh: Path, copy: Path, tell: Tell) -> Repaired:
    """Take over what is sound, unless all is."""
    prepare(db, str(file), patience=0.0)
    # This folds the write-ahead log into the file, and works only if no other program has it open.
    db.execute("PRAGMA journal_mode = DELETE")
    with transaction(db):
        found = check(db, tell)
        if not found.damage and not found.unchecked and _is_as_made(db):
            (runs,) = db.execute("SELECT count(*) FROM runs").fetchone()
            return Repaired(chunks=found.chunks, runs=runs, lost=0, by_pages=False, copy=None)
        if not found.readable:
            raise _BrokenTreesError
        return _repaired(_taken_over(db, fresh, tell), db, copy=copy, by_pages=False)


def _by_pages(file: Path, fresh: Path, copy: Path, tell: Tell) -> Repaired:
    """Take over what its digests prove of all rows that stand anywhere in the file."""
    with closing(connect(f"{fresh}-pages")) as pages:
        # A file for the moment: it needn't survive anything.
        pages.execute("PRAGMA journal_mode = OFF")
        pages.execute("PRAGMA synchronous = OFF")
        with transaction(pages):
            salvage(file, pages)
            return _repaired(_taken_over(pages, fresh, tell), pages, copy=copy, by_pages=True)


def _taken_over(db: sqlite3.Connection, fresh: Path, tell: Tell) -> TakenOver:
    fresh.unlink(missing_ok=True)
    with closing(connect(str(fresh))) as empty:
        with transaction(empty):
            make_tables(empty)
        return take_over(empty, db, tell)


def _repaired(taken: TakenOver, db: sqlite3.Connection, *, copy: Path, by_pages: bool) -> Repaired:
    names = "SELECT experiment, engine, first_seed FROM"
    (known,) = db.execute(f"SELECT count(*) FROM ({names} chunks UNION {names} totals)").fetchone()
    return Repaired(
        chunks=taken.chunks, runs=taken.runs, lost=known - taken.chunks, by_pages=by_pages, copy=copy
    )


def _is_as_made(db: sqlite3.Connection) -> bool:
    """Whether the tables are as those of a new store."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
    with closing(connect(":memory:")) as empty:
        make_tables(empty)
        return db.execute(query).fetchall() == empty.execute(query).fetchall()


def _says_it_is_ours(file: Path) -> bool:
    with file.open("rb") as raw:
        return raw.read(HEADER)[APPLICATION_AT] == APPLICATION.to_bytes(4, "big")


def _name_also(file: Path, copy: Path) -> None:
    """Give the file a second name, so that at no moment there is no store.

    A copy of gigabytes would leave seconds in which another program could open the old file, and save to it.
    """
    try:
        os.link(file, copy)
    except OSError:  # as on a file system without links
        shutil.copy2(file, copy)
