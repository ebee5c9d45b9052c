"""The arrays of an ``.npz`` file: what they are called, and each read only if it fits into memory."""

from __future__ import annotations

import math
import sys
import warnings
import zipfile
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError, printable, shown
from trainlab.tasks.raw_data import check_size, check_texts

ENDING = ".npy"
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How NumPy packs. Of what is packed otherwise, zipfile unpacks any amount at once."""


class ObjectsError(SpecError):
    """An array of Python objects, which are never unpickled."""


def array_names(packed: zipfile.ZipFile) -> dict[str, str]:
    """Return the member that holds each array, by the array's name."""
    return {member.removesuffix(ENDING): member for member in packed.namelist()}


def read_array(packed: zipfile.ZipFile, member: str, *, source: str, name: str) -> npt.NDArray[Any]:
    """Read one array; refuse one that is too large by its header, before memory is taken for it."""
    if packed.getinfo(member).compress_type not in PACKED:
        raise SpecError(
            f"{source}: {name} is packed in a way that NumPy doesn't write; save the arrays with "
            "np.savez_compressed."
        )
    try:
        with warnings.catch_warnings(), packed.open(member) as file:
            warnings.simplefilter("ignore")
            shape, dtype = _header(file)
        _check(source, name, shape, dtype)
        with warnings.catch_warnings(), packed.open(member) as file:
            warnings.simplefilter("ignore")
            array = np.lib.format.read_array(file, allow_pickle=False)
        if dtype.kind == "U" and dtype.itemsize and array.size:
            # Python can't make a text of these, and fails with a SystemError where one is looked at.
            codes = np.ascontiguousarray(array).view(np.dtype(np.uint32).newbyteorder(dtype.byteorder))
            if codes.max() > sys.maxunicode:
                raise SpecError(f"{source}: {name} holds codes that stand for no letter; it is damaged.")
        return array
    except SpecError:
        raise
    except Exception as error:
        # What damaged bytes raise isn't promised: SyntaxError, TokenError, struct.error, zlib.error, …
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
