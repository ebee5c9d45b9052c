"""A user's own arrays as a task: written in the experiment, or saved in a file named after its contents."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError, shown
from trainlab.tasks.npz_file import FEATURE_NAMES, TARGET_NAMES, from_arrays
from trainlab.tasks.target_kinds import task_of_kind
from trainlab.tasks.task import Task
from trainlab.whole_file import whole_file

if TYPE_CHECKING:
    from trainlab.spec.tasks import File


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
