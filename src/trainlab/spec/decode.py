"""Plain data to frozen structs, strictly: errors name the nearest known field, and the place of a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec

from trainlab.errors import SpecError, listing, nearest, shown
from trainlab.spec.checks import check_depth, place
from trainlab.spec.fields import converted, field_types, items_of, kinds_of, named, structs_of
from trainlab.spec.network import Init, Network, parse_widths

T = TypeVar("T")
Kind = type[msgspec.Struct]
NUMBERS = (bool, int, float)
"""Types that need no decoding."""


def decode(kind: type[T], data: Mapping[str, Any], *, where: str = "") -> T:
    """Make a `kind` from `data`; raise SpecError with the path (below `where`) and what is allowed."""
    check_depth(data)
    return decode_value(kind, data, where=where)


def decode_value(annotation: Any, data: Any, *, where: str) -> Any:
    """Make a value for a field of this type; raise SpecError as `decode` does."""
    return converted(_expand(annotation, data, where), annotation, where)


def _expand(annotation: Any, value: Any, where: str) -> Any:
    """Resolve shorthands and refuse unknown fields, recursively."""
    if type(value) in NUMBERS and not structs_of(annotation):
        return value
    if annotation is Network and isinstance(value, str | list | tuple):
        value = {"widths": cast("object", value)}
    if annotation is Init and is_scheme(value):
        value = {"weight": cast("object", value)}
    options = structs_of(annotation)
    item = items_of(annotation)
    if item is not None and isinstance(value, list | tuple):
        items = cast("list[object]", value)
        return [_expand(item, each, f"{where}[{index}]") for index, each in enumerate(items)]
    if not options:
        return named(annotation, cast("object", value), where)
    kinds = kinds_of(annotation)
    value, kind = _choose(kinds, value, where) if kinds else (value, options[0])
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


def is_scheme(value: object) -> bool:
    """Whether an init is given as just the scheme of the weights: its name, or a table with its name."""
    return isinstance(value, str) or (isinstance(value, Mapping) and "name" in value)


def unknown_field(where: str, name: object, known: list[str]) -> SpecError:
    """Return the error for an unknown field, naming the nearest known one."""
    return SpecError(
        f"{place(where, name)}: unknown field; known are {listing(known)}.{nearest(str(name), known)}"
    )


def implied(kinds: Mapping[str, Kind], table: Mapping[str, Any]) -> str | None:
    """Return the kind that a table without a name means: the one with a field of the kind's own name.

    So ``solved.within = 0.1`` needs no name.
    """
    return next((name for name in kinds if name in table and name in kinds[name].__struct_fields__), None)


def _choose(kinds: Mapping[str, Kind], value: Any, where: str) -> tuple[Any, Kind]:
    """Find one of several kinds by its name."""
    if isinstance(value, str):
        named_kind = {"name": value}
        if value not in kinds:
            raise SpecError(f"{where} = {shown(value)}: must be {listing(kinds)}.{nearest(value, kinds)}")
        return named_kind, kinds[value]
    if not isinstance(value, Mapping):
        raise SpecError(f"{where} = {shown(value)}: must be {listing(kinds)}, or a table with its fields.")
    table = dict(cast("Mapping[str, Any]", value))
    name: object = table.get("name", implied(kinds, table))
    if name is None:
        wanted = f"must be {listing(kinds)}, or a table with one of these as its name"
        raise SpecError(f"{where} = {shown(table)}: {wanted}.")
    if not isinstance(name, str) or name not in kinds:
        wanted = f"must be {listing(kinds)}.{nearest(str(name), kinds)}"
        raise SpecError(f"{place(where, 'name')} = {shown(name)}: {wanted}")
    return {**table, "name": name}, kinds[name]
