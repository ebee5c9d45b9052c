"""Plain data to frozen structs, strictly: an unknown field names its neighbour, a wrong value its place."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec

from trainlab.errors import SpecError, listing, nearest
from trainlab.spec.checks import check_depth, place, shown
from trainlab.spec.fields import field_types, readable
from trainlab.spec.network import Network, parse_widths

T = TypeVar("T")
Kind = type[msgspec.Struct]


def decode(kind: type[T], data: Mapping[str, Any], *, where: str = "") -> T:
    """Make a `kind` from `data`; raise SpecError with the place (below `where`) and what is allowed."""
    check_depth(data)
    expanded = _expand(kind, data, where)
    try:
        return msgspec.convert(expanded, kind, strict=True)
    except msgspec.ValidationError as error:
        raise SpecError(readable(error, where, expanded)) from None


def _expand(annotation: Any, value: Any, where: str) -> Any:
    """Resolve shorthands and refuse unknown fields, all the way down."""
    if annotation is Network and isinstance(value, str | list | tuple):
        value = {"widths": cast("object", value)}
    options = _structs(annotation)
    if not options:
        return value
    if len(options) > 1:
        value, kind = _choose(options, value, where)
    else:
        kind = options[0]
    if not isinstance(value, Mapping):
        raise SpecError(f"{where or 'the experiment'} = {shown(value)}: must be a table of fields.")
    table = dict(cast("Mapping[str, Any]", value))
    hints, tag = field_types(kind), kind.__struct_config__.tag_field
    known = [*kind.__struct_fields__, *([tag] if tag else [])]
    for name in table:
        if name not in known:
            raise unknown_field(where, name, known)
    if kind is Network and isinstance(table.get("widths"), str):
        try:
            table["widths"] = parse_widths(table["widths"])
        except SpecError as error:
            raise SpecError(f"{where}.{error}" if where else str(error)) from None
    return {name: _expand(hints.get(name), item, place(where, name)) for name, item in table.items()}


def unknown_field(where: str, name: object, known: list[str]) -> SpecError:
    """Return the error for a field that a table doesn't have, with the nearest that it has."""
    return SpecError(
        f"{place(where, name)}: unknown field; known are {listing(known)}.{nearest(str(name), known)}"
    )


def _choose(options: list[Kind], value: Any, where: str) -> tuple[Any, Kind]:
    """Find which of several structs is meant, by its name."""
    table: Any = {"name": value} if isinstance(value, str) else value
    names = {str(option.__struct_config__.tag): option for option in options}
    name: object = cast("Mapping[str, Any]", table).get("name") if isinstance(table, Mapping) else None
    if name is None:
        wanted = f"must be {listing(names)}, or a table with one of these as its name"
        raise SpecError(f"{where} = {shown(value)}: {wanted}.")
    if not isinstance(name, str) or name not in names:
        wanted = f"must be {listing(names)}.{nearest(str(name), names)}"
        raise SpecError(f"{place(where, 'name')} = {shown(name)}: {wanted}")
    return cast("Any", table), names[name]


def _structs(kind: Any) -> list[Kind]:
    """Return the struct types among the alternatives of an annotation."""
    is_union = isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union
    alternatives = typing.get_args(kind) if is_union else (kind,)
    return [item for item in alternatives if isinstance(item, type) and issubclass(item, msgspec.Struct)]
