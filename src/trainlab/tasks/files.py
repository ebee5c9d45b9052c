"""A user's file: found, read by its ending, and told apart from what stood there before."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np

from trainlab.errors import SpecError, listing, nearest
from trainlab.tasks.csv_file import read_csv
from trainlab.tasks.meaning import meant
from trainlab.tasks.npz_file import read_npz
from trainlab.tasks.parquet_file import read_parquet
from trainlab.tasks.raw import Raw
from trainlab.tasks.task import Task

MAX_BYTES = 1_000_000_000

READERS: dict[str, Callable[[Path, str, str | int | tuple[str | int, ...]], Raw]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".parquet": read_parquet,
    ".npz": read_npz,
}
"""Who reads a file, by its ending."""

Stamp = tuple[int, int, int, int, int]
"""Device, inode, size in bytes, times of last writing and last change in nanoseconds."""


def file(*, path: str, targets: str | int | tuple[str | int, ...], kind: str) -> Task:
    """Return the examples of a CSV, Parquet or ``.npz`` file."""
    stamp(path)
    ending = Path(path).suffix.lower()
    if ending not in READERS:
        raise SpecError(
            f"{_named(path)}: its ending {ending!r} says nothing; must be {listing(READERS)}."
            f"{nearest(ending, READERS)}"
        )
    try:
        return meant(READERS[ending](Path(path), _named(path), targets), kind)
    except OSError as error:
        raise SpecError(f"{_named(path)}: can't be read ({error.strerror}).") from None


def stamp(path: str) -> Stamp:
    """Return what changes when a file does; refuse what isn't a file to read, is empty, or is too large."""
    name = _named(path)
    try:
        state = os.stat(path)
    except FileNotFoundError:
        raise SpecError(f"{name}: no such file; paths start at the working directory.") from None
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
    """Return the SHA-256 of a task's examples and what they mean, in hex; headings and labels don't count."""
    digest = hashlib.sha256(task.kind.encode())
    for values in (task.inputs, task.targets):
        digest.update(np.array(values.shape, dtype="<i8").tobytes())
        # −0 and 0 are one number: adding 0 makes them one pattern of bits.
        digest.update((values + 0.0).astype("<f8").tobytes())
    return digest.hexdigest()


def _named(path: str) -> str:
    return path if path.isprintable() else repr(path)
