"""A user's file: found, read according to its extension, and checked for changes since it was last read."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np

from trainlab.errors import SpecError, listing, nearest
from trainlab.tasks.columns import AskedColumns, Names
from trainlab.tasks.csv_file import read_csv
from trainlab.tasks.csv_format import CsvFormat
from trainlab.tasks.npz_file import read_npz
from trainlab.tasks.parquet_file import read_parquet
from trainlab.tasks.raw_data import RawData
from trainlab.tasks.target_kinds import task_of_kind
from trainlab.tasks.task import Task

MAX_BYTES = 1_000_000_000
PATHS = "a path in a study file starts at that file's folder, in Python at the working directory"

CSV = (".csv", ".tsv", ".txt")
READERS: dict[str, Callable[[Path, str, AskedColumns], RawData]] = {
    ".parquet": read_parquet,
    ".npz": read_npz,
}
"""The readers of files other than CSV, by extension."""
ENDINGS = (*CSV, *READERS)

Stamp = tuple[int, int, int, int, int]
"""Device, inode, size in bytes, and the times of last modification and status change in nanoseconds."""


def file(
    *,
    path: str,
    target: str | int | None,
    targets: Names,
    ignore: Names,
    kind: str,
    decimal: str,
    delimiter: str | None,
    encoding: str,
) -> Task:
    """Return the examples of a CSV, Parquet or ``.npz`` file."""
    stamp(path)
    named, ending = _named(path), Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise SpecError(
            f"{named}: its ending {ending!r} says nothing; must be {listing(ENDINGS)}."
            f"{nearest(ending, ENDINGS)}"
        )
    asked = AskedColumns(target=target, targets=targets, ignore=ignore)
    form = CsvFormat(decimal=decimal, delimiter=delimiter, encoding=encoding)
    try:
        if ending in CSV:
            return task_of_kind(read_csv(Path(path), named, asked, form), kind)
        _check_plain(named, form)
        return task_of_kind(READERS[ending](Path(path), named, asked), kind)
    except OSError as error:
        raise SpecError(f"{named}: can't be read ({error.strerror}).") from None


def _check_plain(source: str, form: CsvFormat) -> None:
    """Refuse options of CSV for a file that isn't text."""
    for field in ("decimal", "delimiter", "encoding"):
        value = getattr(form, field)
        if value != getattr(CsvFormat(), field):
            raise SpecError(f"{source}: {field} = {value!r}: is for CSV files alone; leave {field} out.")


def stamp(path: str) -> Stamp:
    """Return a stamp that changes when the file does; refuse what is unreadable, empty or too large."""
    name = _named(path)
    try:
        state = os.stat(path)
    except FileNotFoundError:
        raise SpecError(f"{name}: no such file; {PATHS}.{_meant_path(path)}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SpecError(f"{name}: can't be read ({reason}).") from None
    if not stat.S_ISREG(state.st_mode):
        what = "a folder" if stat.S_ISDIR(state.st_mode) else "not a file"
        raise SpecError(f"{name}: is {what}; give a CSV, Parquet or .npz file.")
    if not state.st_size:
        raise SpecError(f"{name}: is empty; it must have a row for each example.")
    if state.st_size > MAX_BYTES:
        raise SpecError(f"{name}: is larger than {MAX_BYTES:,} bytes; train on a part of it.")
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def content(task: Task) -> str:
    """Return the SHA-256 of a task's examples and their kind, in hex; headings and labels don't count."""
    digest = hashlib.sha256(task.kind.encode())
    for values in (task.inputs, task.targets):
        digest.update(np.array(values.shape, dtype="<i8").tobytes())
        # −0 and 0 are one number: adding 0 gives them the same bits.
        digest.update((values + 0.0).astype("<f8").tobytes())
    return digest.hexdigest()


def _meant_path(path: str) -> str:
    """Return a hint, with a blank before it: where that file is, or one with nearly its name."""
    folder, name = os.path.split(path)
    if folder and os.path.isfile(name):
        return f" There is a {_named(name)} in the working directory."
    try:
        beside = [other for other in os.listdir(folder or ".") if Path(other).suffix.lower() in ENDINGS]
    except OSError:
        return f" There is no folder {_named(folder)}." if folder else ""
    return nearest(name, beside)


def _named(path: str) -> str:
    return path if path.isprintable() else repr(path)
