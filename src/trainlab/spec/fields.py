"""The fields of a struct: types held to in Python as in a file, msgspec's complaints made readable."""

from __future__ import annotations

import re
import typing
from functools import cache
from typing import Any, cast

import msgspec
import numpy as np

from trainlab.errors import SpecError
from trainlab.spec.checks import check_depth, place, shown

PLAIN = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}


@cache
def field_types(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the type of each field of a struct."""
    return typing.get_type_hints(kind)


def settle(struct: msgspec.Struct) -> None:
    """Give every field of a new struct its declared type, or raise SpecError naming the field.

    So ``SGD(lr=1)`` is written as ``SGD(lr=1.0)`` is, a list becomes a tuple, NumPy's scalars Python's,
    and −0 becomes 0: equal structs have equal fingerprints.
    """
    for name, kind in field_types(type(struct)).items():
        value = getattr(struct, name)
        try:
            settled = msgspec.convert(_plain(value), kind, strict=True)
        except msgspec.ValidationError as error:
            raise SpecError(readable(error, name, value)) from None
        msgspec.structs.force_setattr(struct, name, settled)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return _plain(cast("Any", value.item()))
    if isinstance(value, list | tuple):
        check_depth(cast("object", value))
        return tuple(_plain(item) for item in cast("list[Any]", value))
    return value + 0.0 if isinstance(value, float) else value


def readable(error: msgspec.ValidationError, where: str, data: Any) -> str:
    """Turn msgspec's ``… - at `$.optimizer.lr` `` into a sentence that begins with the place."""
    match = re.fullmatch(r"(?s)(.*?)(?: - at `\$(.*)`)?", str(error))
    text, path = (match.group(1), match.group(2) or "") if match else (str(error), "")
    names = re.findall(r"\w+", path.replace("[...]", ""))
    value: Any = data
    for name in names:
        where = f"{where}[{name}]" if name.isdigit() else place(where, name)
        value = value[int(name) if name.isdigit() else name]
    if isinstance(error.__cause__, SpecError):
        return f"{where}.{error.__cause__}" if where else str(error.__cause__)
    missing = re.fullmatch(r"Object missing required field `(\w+)`", text)
    if missing:
        return f"{place(where, missing.group(1))}: this field is required."
    return f"{where or 'the experiment'} = {shown(value)}: {_demand(text)}."


def _demand(text: str) -> str:
    length = re.fullmatch(r"Expected `array` of length (\d+), got (\d+)", text)
    if length:
        return f"must be a list of {length.group(1)}, not of {length.group(2)}"
    wrong = re.fullmatch(r"Expected `(.+?)`, got `(.+?)`", text)
    if wrong:
        return f"must be {' or '.join(PLAIN.get(word, word) for word in wrong.group(1).split(' | '))}"
    return text[:1].lower() + text[1:]
