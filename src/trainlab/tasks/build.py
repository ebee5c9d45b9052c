"""Build a task's examples from its description, and build each only once."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from trainlab.errors import DataError, SpecError, listing, nearest, shown
from trainlab.tasks.columns import AskedColumns, Names, RawData, task_of_kind
from trainlab.tasks.csv_file import CsvFormat, read_csv
from trainlab.tasks.generated import (
    blobs,
    breast_cancer,
    circles,
    curve,
    diabetes,
    digits,
    iris,
    moons,
    parity,
    plane,
    quadrants,
    shuffled,
    spirals,
    wine,
    xor,
)
from trainlab.tasks.npz_file import FEATURE_NAMES, TARGET_NAMES, from_arrays, read_npz
from trainlab.tasks.parquet_file import read_parquet
from trainlab.tasks.task import Array, Task
from trainlab.whole_file import whole_file

if TYPE_CHECKING:
    from trainlab.spec.tasks import File, Scaling, Split, TaskSpec


# Hold out examples, and scale columns by statistics of the training examples.


def parted(task: Task, split: Split) -> Task:
    """Hold out a share of the examples, drawn with the split's seed; both parts keep the drawn order.

    The held-out part has ``round(held_out · points)`` examples, halves rounded up.
    """
    if split.held_out == 0:
        return task
    count = int(split.held_out * task.points + 0.5)
    if not 1 <= count < task.points:
        raise SpecError(
            f"split.held_out = {split.held_out}: would hold out {count:,} of the {task.points:,} examples of "
            f"{task.name!r}; at least one must be held out and one trained on. "
            "Change held_out or add examples."
        )
    order = shuffled(split.seed, task.points)
    held, kept = order[:count], order[count:]
    return replace(
        task,
        inputs=task.inputs[kept],
        targets=task.targets[kept],
        held_out_inputs=task.inputs[held],
        held_out_targets=task.targets[held],
    )


def scaled(task: Task, scaling: Scaling) -> Task:
    """Scale the columns of inputs and targets; held-out examples are scaled by the same numbers."""
    if scaling.targets != "none" and task.kind != "regression":
        raise SpecError(
            f"scaling.targets = {scaling.targets!r}: the targets of {task.name!r} are classes, which must "
            "stay 0 and 1; leave scaling.targets out."
        )
    inputs, held_out_inputs = _columns("inputs", scaling.inputs, task.inputs, task.held_out_inputs)
    targets, held_out_targets = _columns("targets", scaling.targets, task.targets, task.held_out_targets)
    return replace(
        task,
        inputs=inputs,
        targets=targets,
        held_out_inputs=held_out_inputs,
        held_out_targets=held_out_targets,
    )


def _columns(field: str, how: str, train: Array, held_out: Array) -> tuple[Array, Array]:
    if how == "none":
        return train, held_out
    low: Array = train.min(axis=0)
    high: Array = train.max(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        # As scikit-learn's StandardScaler and MinMaxScaler do it.
        shift: Array = train.mean(axis=0) if how == "standard" else low
        spread: Array = train.std(axis=0) if how == "standard" else high - low
        # Compare minimum and maximum: the deviation of a constant column may be a rounding error, not 0.
        constant = (low == high) | (spread == 0)
        shift, spread = np.where(low == high, low, shift), np.where(constant, 1.0, spread)
        parts = (train - shift) / spread, (held_out - shift) / spread
    if not all(np.isfinite(part).all() for part in parts):
        raise SpecError(
            f"scaling.{field} = {how!r}: numbers are too large to be scaled in double precision; "
            "divide them first."
        )
    return parts


# A user's file: found, read according to its extension, and checked for changes since it was last read.


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


# A user's own arrays as a task: written in the experiment, or saved in a file named after its contents.


def points(
    *, inputs: tuple[tuple[float, ...], ...], targets: tuple[float | tuple[float, ...], ...], kind: str
) -> Task:
    """Return the examples that an experiment holds itself."""
    raw = from_arrays(np.array(inputs), np.array(targets), source="task")
    return replace(task_of_kind(raw, kind), name="points")


def arrays(
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    kind: Literal["auto", "regression", "binary", "classes"] = "auto",
    folder: str | os.PathLike[str],
) -> File:
    """Write ``inputs [points, features]`` and ``targets [points]`` or ``[points, outputs]`` into `folder`.

    Returns the task of the file written, ``<SHA-256 of the arrays>.npz``; the same arrays make the same file.
    The column names of a DataFrame and the name of a Series are kept. Raises SpecError if the arrays can't be
    a task. `kind` is as in `File`.
    """
    # Spec imports this room, so it is imported only now.
    from trainlab.spec.tasks import File

    if not isinstance(folder, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(f"folder = {shown(folder)}: must be the path of a folder.")
    values, labels = _array("inputs", inputs), _array("targets", targets)
    held: dict[str, npt.NDArray[Any]] = {"inputs": values, "targets": labels}
    for name, given in ((FEATURE_NAMES, inputs), (TARGET_NAMES, targets)):
        names = _names(given)
        if names:
            held[name] = np.array(names)
    spec = File(path=str(Path(folder) / f"{_digest(*held.values())}.npz"), kind=kind)
    task_of_kind(from_arrays(values, labels, source="arrays"), kind)
    try:
        if not os.path.exists(spec.path):
            _write(Path(spec.path), held)
    except OSError as error:
        raise SpecError(f"folder = {os.fspath(folder)!r}: can't be written ({error.strerror}).") from None
    return spec


def _names(given: object) -> list[str]:
    """Return the column names of a DataFrame, or the name of a Series; anything else has none."""
    columns: Any = getattr(given, "columns", None)
    if columns is None:
        name = getattr(given, "name", None)
        columns = [name] if isinstance(name, str) and name else []
    return [str(name) for name in columns]


def _array(name: str, given: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        values = np.asarray(given)
    except (ValueError, TypeError) as error:
        raise SpecError(f"arrays: {name} can't be made an array ({' '.join(str(error).split())}).") from None
    if values.dtype.kind == "O" and all(isinstance(item, str) for item in values.flat):
        values = values.astype(np.str_)
    if values.dtype.kind == "f":
        values = values.astype(np.float64)
    return values


def _digest(*values: npt.NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in values:
        digest.update(f"{array.dtype.str} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _write(path: Path, held: dict[str, npt.NDArray[Any]]) -> None:
    """Write the whole file, or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        np.savez_compressed(file, **held)  # pyright: ignore[reportArgumentType]


TASKS: dict[str, Callable[..., Task]] = {
    "xor": xor,
    "quadrants": quadrants,
    "parity": parity,
    "circles": circles,
    "moons": moons,
    "spirals": spirals,
    "blobs": blobs,
    "curve": curve,
    "plane": plane,
    "digits": digits,
    "iris": iris,
    "wine": wine,
    "breast_cancer": breast_cancer,
    "diabetes": diabetes,
    "file": file,
    "points": points,
}
"""Every task by name: a function whose arguments are the fields of its struct in ``spec``."""

OWN = ("file", "points")
"""The tasks whose examples are the user's: they are known by these, however they are given."""


def build(task: TaskSpec, split: Split, scaling: Scaling) -> Task:
    """Return the examples of a task, split and scaled; equal arguments share one result.

    A file is read again when it has changed. Raises SpecError where it can't be read as asked, a package is
    missing, or the split leaves a part empty.
    """
    return _built(task, split, scaling, _stamp(task))


def fingerprint_data(task: TaskSpec) -> str | None:
    """Return the SHA-256 of a user's own examples, however they are given, in hex; None for other tasks."""
    return _content(task, _stamp(task)) if str(task.__struct_config__.tag) in OWN else None


def _stamp(task: TaskSpec) -> Stamp | None:
    path = getattr(task, "path", None)
    if path is None:
        return None
    try:
        return stamp(path)
    except SpecError as error:
        raise DataError(str(error)) from None


@lru_cache(maxsize=16)
def _built(task: TaskSpec, split: Split, scaling: Scaling, stamped: Stamp | None) -> Task:
    return scaled(parted(_whole(task, stamped), split), scaling)


@lru_cache(maxsize=64)
def _content(task: TaskSpec, stamped: Stamp | None) -> str:
    return content(_whole(task, stamped))


@lru_cache(maxsize=16)
def _whole(task: TaskSpec, stamped: Stamp | None) -> Task:
    fields = {field: getattr(task, field) for field in task.__struct_fields__}
    try:
        return TASKS[str(task.__struct_config__.tag)](**fields)
    except SpecError as error:
        raise (error if stamped is None else DataError(str(error))) from None
