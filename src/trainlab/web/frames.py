"""Frames: what the server sends to the page. A header in JSON, then arrays that the page reads in place.

A frame is one binary message, little-endian: the length of the header in bytes (uint32), the header as
UTF-8 filled up with spaces, so that what follows begins at a multiple of 8 bytes, then the arrays, each
filled up to a multiple of 8. The header's ``arrays`` lists their names, types, shapes and places, counted
from the first one."""

from __future__ import annotations

import math
import re
import struct
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.errors import TrainlabError
from trainlab.spec import Experiment

ALIGNMENT: Final = 8
TYPES: Final = {"f4": np.float32, "f8": np.float64, "i4": np.int32, "u1": np.uint8, "u2": np.uint16}
"""The types that JavaScript has typed arrays of, under the names that headers have."""

Numbers = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frame:
    """What is sent at once: `fields` become JSON, `arrays` go as they are.

    `kind` says which answer it is, as ``population``. More frames of the same answer follow unless `last`;
    each is whole by itself, so that a page may see the latest one only.
    """

    kind: str
    fields: Mapping[str, object]
    arrays: Mapping[str, Numbers] = field(default_factory=dict[str, Numbers])
    last: bool = True


def encode(frame: Frame, **envelope: object) -> bytes:
    """Return a frame as bytes; `envelope` goes into the header beside its fields, as ``id=3``.

    Numbers in `fields` that aren't finite become null, as msgspec writes them: JSON has none. Bool arrays go
    as bytes of 0 and 1, and integers of 64 bits, which JavaScript has no plain arrays of, as int32, or as
    float64 where they need it: seeds are below 2⁵³.
    """
    listed: list[tuple[str, str, tuple[int, ...], int]] = []
    parts: list[bytes] = []
    place = 0
    for name, values in frame.arrays.items():
        sent, kind = _sendable(values)
        listed.append((name, kind, sent.shape, place))
        raw = sent.tobytes()
        parts.append(raw + bytes(-len(raw) % ALIGNMENT))
        place += len(parts[-1])
    header = msgspec.json.encode(
        {**envelope, "kind": frame.kind, "last": frame.last, **frame.fields, "arrays": listed},
        enc_hook=_plain,
    )
    header += b" " * (-(4 + len(header)) % ALIGNMENT)
    return b"".join((struct.pack("<I", len(header)), header, *parts))


def decode(message: bytes) -> tuple[dict[str, Any], dict[str, Numbers]]:
    """Return the header and the arrays of a frame; what the page does, for tests and for lessons."""
    (length,) = struct.unpack_from("<I", message)
    header: dict[str, Any] = msgspec.json.decode(message[4 : 4 + length])
    arrays: dict[str, Numbers] = {}
    for name, kind, shape, place in header["arrays"]:
        values = np.frombuffer(message, dtype=TYPES[kind], count=math.prod(shape), offset=4 + length + place)
        arrays[name] = values.reshape(shape)
    return header, arrays


def _sendable(values: Numbers) -> tuple[Numbers, str]:
    """Return an array of a type that a page can read, in one piece and little-endian, and the type's name."""
    kind = values.dtype.kind
    if kind == "b":
        values = values.astype(np.uint8)
    elif kind in "iu" and values.dtype.itemsize == 8:
        fits = np.abs(values).max(initial=0) <= np.iinfo(np.int32).max
        values = values.astype(np.int32 if fits else np.float64)
    name = f"{values.dtype.kind}{values.dtype.itemsize}"
    if name not in TYPES:
        raise TypeError(f"an array of {values.dtype} can't be sent: it must be one of {', '.join(TYPES)}")
    return np.ascontiguousarray(values, dtype=np.dtype(TYPES[name]).newbyteorder("<")), name


def _plain(value: object) -> object:
    """Return what JSON can hold in the place of one of NumPy's numbers."""
    if isinstance(value, np.generic):
        return cast("np.generic", value).item()
    raise TypeError(f"a {type(value).__name__} can't be sent")


# Errors as frames: one line for the visitor and, where it is known, the field of the experiment.


_PATH: Final = re.compile(
    r"(?:(?P<side>[AB]): )?(?P<path>(?P<part>[a-z]\w*)(?:\.\w+|\[\d+\])*)(?: = |: | lists )"
)
"""Messages about a field begin with its path, see errors.py: ``optimizer.lr = -1: must be …``.

Of two experiments that are compared, the one that is meant comes before it: ``B: network.widths[1] = 0: …``.
"""


def words_of(error: Exception) -> str:
    """Return what ended an answer as a line for the visitor; what nobody foresaw is printed, too."""
    if isinstance(error, TrainlabError | msgspec.ValidationError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is too little memory for this question: ask for fewer seeds or examples."
    traceback.print_exception(error)
    return (
        f"An error of trainlab's own, not of your experiment: {type(error).__name__}. "
        "The terminal of 'trainlab serve' shows where; a notebook's, its kernel's output."
    )


def error_frame(message: str) -> Frame:
    """Return the last frame of an answer that went wrong."""
    line = " ".join(message.split())
    fields: dict[str, object] = {"message": line}
    found = _PATH.match(line)
    if found and found["part"] in Experiment.__struct_fields__:
        # The page numbers the entries of a list like fields: network.widths.1.
        fields["field"] = re.sub(r"\[(\d+)\]", r".\1", found["path"])
        if found["side"]:
            fields["side"] = found["side"].lower()
    return Frame(kind="error", fields=fields)
