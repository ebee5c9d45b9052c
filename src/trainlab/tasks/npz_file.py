"""A user's arrays, from memory or an ``.npz`` file: ``inputs [points, features]`` and targets."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError, listing, nearest, shown
from trainlab.tasks.columns import AskedColumns
from trainlab.tasks.npz_members import ObjectsError, array_names, read_array, unreadable
from trainlab.tasks.raw_data import Column, RawData, check_finite, check_size, check_texts

NAMES = ("inputs", "targets")
FEATURE_NAMES, TARGET_NAMES = "feature_names", "target_names"
"""Optional arrays of names."""


def read_npz(path: Path, source: str, asked: AskedColumns) -> RawData:
    """Read the arrays `inputs` and `targets`; pickled objects are refused.

    A `target` is the name of its array; then the array of inputs may have another name, too.
    """
    several = isinstance(asked.targets, tuple) and asked.targets != ()
    if several or asked.ignore != ():
        field, value = ("targets", asked.targets) if several else ("ignore", asked.ignore)
        raise SpecError(
            f"{source}: {field} = {shown(value)}: an .npz file has arrays, not columns; leave {field} out. "
            "task.target names the array of targets."
        )
    try:
        packed = zipfile.ZipFile(path)
    except OSError:
        raise
    except Exception as error:
        raise unreadable(source, error) from None
    with packed:
        members = array_names(packed)
        names = _names(source, asked, list(members))
        inputs, targets = (read_array(packed, members[name], source=source, name=name) for name in names)
        feature_names, target_names = (
            _texts(packed, members.get(name), source, name) for name in (FEATURE_NAMES, TARGET_NAMES)
        )
    return from_arrays(
        inputs,
        targets,
        source=source,
        names=names,
        feature_names=feature_names,
        target_names=target_names or ((names[1],) if asked.field else ()),
    )


def _names(source: str, asked: AskedColumns, arrays: list[str]) -> tuple[str, str]:
    """Return what the arrays of inputs and of targets are called."""
    have = listing(arrays).replace(" or ", " and ") if arrays else "none"
    targets = str(asked.value) if asked.field else NAMES[1]
    if targets not in arrays:
        if asked.field:
            wrong = f"{source}: {asked.field} = {shown(asked.value)}: no such array"
            raise SpecError(f"{wrong}; it has {have}.{nearest(targets, arrays)}")
        raise SpecError(
            f"{source}: has no array {targets!r}; its arrays: {have}. Name the array of targets with "
            "task.target."
        )
    others = [name for name in arrays if name not in (targets, FEATURE_NAMES, TARGET_NAMES)]
    if NAMES[0] in others:
        return NAMES[0], targets
    if asked.field and len(others) == 1:
        return others[0], targets
    raise SpecError(f"{source}: has no array {NAMES[0]!r}; its arrays: {have}.")


def _texts(packed: zipfile.ZipFile, member: str | None, source: str, name: str) -> tuple[str, ...]:
    """Return an array of names; none if it is missing, or holds objects, as `DataFrame.columns` does."""
    if member is None:
        return ()
    try:
        names = read_array(packed, member, source=source, name=name)
    except ObjectsError:
        return ()
    return tuple(str(each) for each in np.reshape(names, -1))


def from_arrays(
    inputs: npt.NDArray[Any],
    targets: npt.NDArray[Any],
    *,
    source: str,
    names: tuple[str, str] = NAMES,
    feature_names: tuple[str, ...] = (),
    target_names: tuple[str, ...] = (),
) -> RawData:
    """Check that two arrays can be a task; targets may have one dimension, and may be text.

    `names` is what messages call them. Column names are dropped if there are more or fewer than columns.
    """
    given, wanted = names
    values = _numbers(source, given, inputs)
    if values.ndim != 2:
        raise SpecError(
            f"{source}: {given} has shape {inputs.shape}; it must have two dimensions, examples and "
            f"features. {given}.reshape(-1, 1) makes one feature."
        )
    if targets.ndim not in (1, 2):
        raise SpecError(f"{source}: {wanted} has shape {targets.shape}; it must have one or two dimensions.")
    if len(targets) != len(values):
        raise SpecError(
            f"{source}: {len(values):,} {given} but {len(targets):,} {wanted}; every example needs one of "
            "each."
        )
    if not values.size or not targets.size:
        raise SpecError(
            f"{source}: {given} has shape {inputs.shape}, {wanted} {targets.shape}: at least one example "
            "with "
            "one feature and one target is needed."
        )
    check_finite(source, values, lambda row, column: f"{given}[{row}, {column}]")
    return RawData(
        source=source,
        inputs=values,
        targets=_targets(source, wanted, targets),
        feature_names=feature_names if len(feature_names) == values.shape[1] else (),
        target_names=target_names if len(target_names) == targets[:1].size else (),
        where=lambda row: f"{wanted}[{row}]",
    )


def _targets(source: str, name: str, targets: npt.NDArray[Any]) -> tuple[Column, ...]:
    columns = targets.reshape(len(targets), -1)
    if targets.dtype.kind == "U":
        check_texts(source, name, targets.size, letters=targets.dtype.itemsize // 4)
        return tuple([str(text) for text in column] for column in columns.T)
    values = _numbers(source, name, columns, texts=", or texts for classes")
    flat = targets.ndim == 1
    check_finite(source, values, lambda row, column: f"{name}[{row}]" if flat else f"{name}[{row}, {column}]")
    return tuple(np.ascontiguousarray(column) for column in values.T)


def _numbers(source: str, name: str, values: npt.NDArray[Any], *, texts: str = "") -> npt.NDArray[np.float64]:
    if values.dtype.kind not in "biuf":
        raise SpecError(f"{source}: {name} has dtype {str(values.dtype)!r}; it must hold numbers{texts}.")
    check_size(source, name, values.size)
    with np.errstate(over="ignore"):
        # A long double beyond the range becomes infinite, which is refused by its place.
        return values.astype(np.float64)
