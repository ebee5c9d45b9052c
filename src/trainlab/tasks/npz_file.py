"""A user's arrays, from memory or an ``.npz`` file: ``inputs [points, features]`` and targets."""

from __future__ import annotations

import io
import math
import sys
import warnings
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError, listing, nearest, printable, shown
from trainlab.tasks.columns import (
    MAX_LETTERS,
    AskedColumns,
    Column,
    RawData,
    check_finite,
    check_size,
    check_texts,
    check_width,
    texts_among_targets,
)
from trainlab.tasks.task import MAX_FEATURES

# The arrays of an ``.npz`` file: what they are called, and each read only if it fits into memory.


ENDING = ".npy"
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How NumPy packs. Of what is packed otherwise, zipfile unpacks any amount at once."""


MAX_HEADER = 65_536
"""More bytes than a header of NumPy's has."""


MAX_LIST = 1_000_000
"""The most bytes of a file's list of its arrays."""


class BoundedReader(io.BufferedReader):
    """A file of which no more is read at once than a list of reasonable length."""

    def read(self, size: int | None = -1, /) -> bytes:  # noqa: D102
        if size is not None and size > MAX_LIST:
            raise ValueError(f"its list of arrays has {size:,} bytes; at most {MAX_LIST:,} are allowed")
        return super().read(size)


class ObjectsError(SpecError):
    """An array of Python objects, which are never unpickled."""


def array_names(packed: zipfile.ZipFile) -> dict[str, str]:
    """Return the member that holds each array, by the array's name."""
    return {member.removesuffix(ENDING): member for member in packed.namelist()}


def read_header(packed: zipfile.ZipFile, member: str, *, source: str, name: str) -> npt.NDArray[Any]:
    """Return an array of this shape and dtype without its values, which takes no memory.

    Refuses one that is too large.
    """
    if packed.getinfo(member).compress_type not in PACKED:
        raise SpecError(
            f"{source}: {name} is packed in a way that NumPy doesn't write; save the arrays with "
            "np.savez_compressed."
        )
    try:
        with warnings.catch_warnings(), packed.open(member) as file:
            warnings.simplefilter("ignore")
            # NumPy reads a header as long as it claims to be before it says that it is too long.
            shape, dtype = _header(io.BytesIO(file.read(MAX_HEADER)))
        _check(source, name, shape, dtype)
        return np.broadcast_to(np.zeros((), dtype), shape)
    except SpecError:
        raise
    except Exception as error:
        # What damaged bytes raise isn't promised: SyntaxError, TokenError, struct.error, zlib.error, …
        raise unreadable(source, error) from None


def read_array(packed: zipfile.ZipFile, member: str, *, source: str, name: str) -> npt.NDArray[Any]:
    """Read one array whose header was read."""
    try:
        with warnings.catch_warnings(), packed.open(member) as file:
            warnings.simplefilter("ignore")
            array = np.lib.format.read_array(file, allow_pickle=False)
        if array.dtype.kind == "U" and array.dtype.itemsize and array.size:
            # Python can't make a text of these, and fails with a SystemError where one is looked at.
            codes = np.ascontiguousarray(array).view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
            if codes.max() > sys.maxunicode:
                raise SpecError(f"{source}: {name} holds codes that stand for no letter; it is damaged.")
        return array
    except SpecError:
        raise
    except Exception as error:
        raise unreadable(source, error) from None


def unreadable(source: str, error: Exception) -> SpecError:
    """Return the error for a file that zipfile or NumPy couldn't read."""
    reason = printable(" ".join(str(error).split())) or type(error).__name__
    return SpecError(f"{source}: is not an .npz file that can be read ({reason}).")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return an array's shape and dtype; the third version differs from the second only in its encoding."""
    version = np.lib.format.read_magic(file)
    first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def _check(source: str, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if dtype.hasobject:
        raise ObjectsError(
            f"{source}: {name} holds Python objects, which aren't loaded; save it as numbers or texts."
        )
    if any(length < 0 for length in shape):
        raise SpecError(f"{source}: {name} has shape {shown(shape)}; no length may be negative.")
    count = math.prod(shape)
    if dtype.kind == "U":
        check_texts(source, name, count, letters=dtype.itemsize // 4)
    else:
        check_size(source, name, count * max(1, math.ceil(dtype.itemsize / 8)))


NAMES = ("inputs", "targets")
NUMBERS = "biuf"
"""The kinds of dtypes that hold numbers."""

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
    with BoundedReader(path.open("rb", buffering=0)) as file, _opened(file, source) as packed:
        members = array_names(packed)
        names = _names(source, asked, list(members))
        headers = (read_header(packed, members[name], source=source, name=name) for name in names)
        _check_shapes(source, names, *headers)
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


def _opened(file: BoundedReader, source: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except OSError:
        raise
    except Exception as error:
        raise unreadable(source, error) from None


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
        if read_header(packed, member, source=source, name=name).size > MAX_FEATURES:
            return ()
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
    _check_shapes(source, names, inputs, targets)
    values = _numbers(source, given, inputs)
    check_finite(source, values, lambda row, column: f"{given}[{row}, {column}]")
    return RawData(
        source=source,
        inputs=values,
        targets=_targets(source, wanted, targets),
        feature_names=feature_names if len(feature_names) == values.shape[1] else (),
        target_names=target_names if len(target_names) == targets[:1].size else (),
        where=lambda row: f"{wanted}[{row}]",
    )


def _check_shapes(
    source: str, names: tuple[str, str], inputs: npt.NDArray[Any], targets: npt.NDArray[Any]
) -> None:
    """Refuse arrays that can't be a task whatever their values are."""
    given, wanted = names
    if inputs.dtype.kind not in NUMBERS:
        raise SpecError(f"{source}: {given} has dtype {str(inputs.dtype)!r}; it must hold numbers.")
    if targets.dtype.kind not in (*NUMBERS, "U"):
        raise SpecError(
            f"{source}: {wanted} has dtype {str(targets.dtype)!r}; it must hold numbers, or texts for "
            "classes."
        )
    if targets.dtype.kind == "U" and targets.dtype.itemsize > 4 * MAX_LETTERS:
        raise SpecError(
            f"{source}: {wanted} holds texts of {targets.dtype.itemsize // 4:,} letters; at most "
            f"{MAX_LETTERS:,} are allowed. Write numbers or short names for classes."
        )
    if inputs.ndim != 2:
        raise SpecError(
            f"{source}: {given} has shape {inputs.shape}; it must have two dimensions, examples and "
            f"features. {given}.reshape(-1, 1) makes one feature."
        )
    if targets.ndim not in (1, 2):
        raise SpecError(f"{source}: {wanted} has shape {targets.shape}; it must have one or two dimensions.")
    if len(targets) != len(inputs):
        raise SpecError(
            f"{source}: {len(inputs):,} {given} but {len(targets):,} {wanted}; every example needs one of "
            "each."
        )
    if not inputs.size or not targets.size:
        raise SpecError(
            f"{source}: {given} has shape {inputs.shape}, {wanted} {targets.shape}: at least one example "
            "with one feature and one target is needed."
        )
    check_width(source, features=inputs.shape[1], targets=targets[:1].size)
    if targets.dtype.kind == "U" and targets[:1].size > 1:
        raise texts_among_targets(source, targets[:1].size)


def _targets(source: str, name: str, targets: npt.NDArray[Any]) -> tuple[Column, ...]:
    columns = targets.reshape(len(targets), -1)
    if targets.dtype.kind == "U":
        check_texts(source, name, targets.size, letters=targets.dtype.itemsize // 4)
        return tuple([str(text) for text in column] for column in columns.T)
    values = _numbers(source, name, columns)
    flat = targets.ndim == 1
    check_finite(source, values, lambda row, column: f"{name}[{row}]" if flat else f"{name}[{row}, {column}]")
    return tuple(np.ascontiguousarray(column) for column in values.T)


def _numbers(source: str, name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    check_size(source, name, values.size)
    with np.errstate(over="ignore"):
        # A long double beyond the range becomes infinite, which is refused by its place.
        return values.astype(np.float64)
