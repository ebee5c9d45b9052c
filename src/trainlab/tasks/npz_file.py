"""A user's arrays, from memory or an ``.npz`` file: ``inputs [points, features]`` and targets."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError, listing, shown
from trainlab.tasks.raw import Column, Raw, check_finite

NAMES = ("inputs", "targets")
MAX_BYTES = 1_000_000_000
"""The most bytes that the arrays take unpacked."""

UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError, MemoryError)
"""What zipfile and NumPy raise for damaged, encrypted or pickled contents."""


def read_npz(path: Path, source: str, targets: str | int | tuple[str | int, ...]) -> Raw:
    """Read the arrays `inputs` and `targets`; pickled objects are refused."""
    if targets != ():
        raise SpecError(f"{source}: targets = {shown(targets)}: an .npz file has its own; leave targets out.")
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(item.file_size for item in packed.infolist())
        if size > MAX_BYTES:
            raise SpecError(f"{source}: unpacks to {size:,} bytes; at most {MAX_BYTES:,} are allowed.")
        with np.load(path, allow_pickle=False) as file:
            for name in NAMES:
                if name not in file:
                    have = listing(file.files).replace(" or ", " and ") if file.files else "none"
                    raise SpecError(f"{source}: has no array {name!r}; its arrays: {have}.")
            inputs, labels = file["inputs"], file["targets"]
    except SpecError:
        raise
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        raise SpecError(f"{source}: is not an .npz file that can be read ({reason}).") from None
    return from_arrays(inputs, labels, source=source)


def from_arrays(inputs: npt.NDArray[Any], targets: npt.NDArray[Any], *, source: str) -> Raw:
    """Hold two arrays against what a task needs; targets may have one dimension, and may be texts."""
    values = _numbers(source, "inputs", inputs)
    if values.ndim != 2:
        raise SpecError(
            f"{source}: inputs has shape {inputs.shape}; it must have two dimensions, examples and features. "
            "inputs.reshape(-1, 1) makes one feature."
        )
    if targets.ndim not in (1, 2):
        raise SpecError(f"{source}: targets has shape {targets.shape}; it must have one or two dimensions.")
    if len(targets) != len(values):
        raise SpecError(
            f"{source}: {len(values):,} inputs but {len(targets):,} targets; every example needs one of each."
        )
    if not values.size or not targets.size:
        raise SpecError(
            f"{source}: inputs has shape {inputs.shape}, targets {targets.shape}: at least one example with "
            "one feature and one target is needed."
        )
    check_finite(source, values, lambda row, column: f"inputs[{row}, {column}]")
    return Raw(
        source=source,
        inputs=values,
        targets=_targets(source, targets),
        feature_names=(),
        target_names=(),
        where=lambda row: f"targets[{row}]",
    )


def _targets(source: str, targets: npt.NDArray[Any]) -> tuple[Column, ...]:
    columns = targets.reshape(len(targets), -1)
    if targets.dtype.kind == "U":
        return tuple([str(text) for text in column] for column in columns.T)
    values = _numbers(source, "targets", columns)
    flat = targets.ndim == 1
    check_finite(
        source, values, lambda row, column: f"targets[{row}]" if flat else f"targets[{row}, {column}]"
    )
    return tuple(np.ascontiguousarray(column) for column in values.T)


def _numbers(source: str, name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    if values.dtype.kind not in "biuf":
        raise SpecError(
            f"{source}: {name} has dtype {str(values.dtype)!r}; it must hold numbers"
            f"{', or texts for classes' if name == 'targets' else ''}."
        )
    return values.astype(np.float64)
