"""Plain data to frozen structs, strictly: an unknown field names its nearest neighbour, a wrong value its place."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from trainlab.errors import SpecError, listing, nearest
from trainlab.spec.network import Network, parse_widths

T = TypeVar("T")


def decode(kind: type[T], data: Mapping[str, Any], *, where: str = "") -> T:
    """Make a `kind` from `data`; raise SpecError with the place (below `where`) and what is allowed."""
    expanded = _expand(kind, data, where)
    try:
        return msgspec.convert(expanded, kind, strict=True)
    except msgspec.ValidationError as error:
        raise SpecError(_readable(str(error), where)) from None


def _expand(kind: Any, value: Any, where: str) -> Any:
    """Resolve shorthands and refuse unknown fields, all the way down."""
    if isinstance(value, bytes | bytearray):
        raise SpecError(f"{where or 'the experiment'}: binary data is not allowed here.")
    if kind is Network and isinstance(value, str | list | tuple):
        value = {"widths": value}
    options = _structs(kind)
    if not options:
        return value
    if len(options) > 1:
        value, kind = _choose(options, value, where)
    else:
        kind = options[0]
    if not isinstance(value, Mapping):
        raise SpecError(f"{where or 'the experiment'} = {value!r}: must be a table of fields.")
    table = dict(typing.cast("Mapping[str, Any]", value))
    hints = typing.get_type_hints(kind)
    config = kind.__struct_config__
    known = [*kind.__struct_fields__, *([config.tag_field] if config.tag_field else [])]
    for name in table:
        if name not in known:
            raise SpecError(
                f"{_join(where, name)}: unknown field; known are {listing(known)}.{nearest(name, known)}"
            )
    if kind is Network and isinstance(table.get("widths"), str):
        try:
            table["widths"] = parse_widths(table["widths"])
        except SpecError as error:
            raise SpecError(f"{_join(where, str(error))}") from None
    return {name: _expand(hints.get(name), item, _join(where, name)) for name, item in table.items()}


def _choose(options: list[Any], value: Any, where: str) -> tuple[Any, Any]:
    """Find which of several structs is meant, by its name."""
    if isinstance(value, str):
        value = {"name": value}
    names = {option.__struct_config__.tag: option for option in options}
    name = typing.cast("Mapping[str, Any]", value).get("name") if isinstance(value, Mapping) else None
    if name not in names:
        raise SpecError(
            f"{_join(where, 'name')} = {name!r}: must be {listing(names)}.{nearest(str(name), names)}"
            if isinstance(value, Mapping) and name is not None
            else f"{where} = {value!r}: must be {listing(names)}, or a table with one of these as its name."
        )
    return value, names[typing.cast("str", name)]


def _structs(kind: Any) -> list[Any]:
    """Return the struct types among the alternatives of an annotation."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return [arg for arg in typing.get_args(kind) if isinstance(arg, type) and issubclass(arg, msgspec.Struct)]
    return []


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _readable(message: str, where: str) -> str:
    """Turn msgspec's ``… - at `$.optimizer.lr` `` into a sentence that begins with the place."""
    match = re.fullmatch(r"(?s)(.*?)(?: - at `\$\.?(.*)`)?", message)
    text, path = (match.group(1), match.group(2) or "") if match else (message, "")
    path = path.replace("[...]", "")
    place = _join(where, path) if path else where
    if " = " in text.split(":")[0] or text.startswith(("network.", "output_", "bias ", "activation ")):
        return f"{_join(place, text)}"
    missing = re.fullmatch(r"Object missing required field `(\w+)`", text)
    if missing:
        return f"{_join(place, missing.group(1))}: this field is required."
    wrong = re.fullmatch(r"Expected `(.+?)`, got `(.+?)`", text)
    if wrong:
        wanted = " or ".join(_PLAIN.get(word, word) for word in wrong.group(1).split(" | "))
        return f"{place or 'the experiment'}: must be {wanted}, not {_PLAIN.get(wrong.group(2), wrong.group(2))}."
    return f"{place}: {text}" if place else text


_PLAIN = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
