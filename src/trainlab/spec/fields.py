"""The fields of a struct: the same types in Python as in a file, and msgspec's errors made readable."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, cast

import msgspec
import numpy as np

from trainlab.errors import DataError, SpecError, listing, nearest, shown
from trainlab.spec.checks import OutOfBoundsError, check_choice, check_depth, place

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
    hints = typing.get_type_hints(kind)
    return {name: hints[name] for name in kind.__struct_fields__}


@cache
def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Return the types that an annotation allows: those of a union, or the one itself."""
    is_union = isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union
    return typing.get_args(annotation) if is_union else (annotation,)


@cache
def structs_of(annotation: Any) -> tuple[type[msgspec.Struct], ...]:
    """Return the structs among an annotation's types."""
    types_allowed = alternatives(annotation)
    return tuple(
        item for item in types_allowed if isinstance(item, type) and issubclass(item, msgspec.Struct)
    )


@cache
def kinds_of(annotation: Any) -> dict[str, type[msgspec.Struct]]:
    """Return the structs among an annotation's types that have a name, by that name."""
    return {
        str(item.__struct_config__.tag): item for item in structs_of(annotation) if item.__struct_config__.tag
    }


@cache
def items_of(annotation: Any) -> Any:
    """Return the type of a list's items, if the annotation allows a list; else None."""
    lists = (item for item in alternatives(annotation) if typing.get_origin(item) is tuple)
    return next((typing.get_args(item)[0] for item in lists), None)


@cache
def _as_declared(kind: type[msgspec.Struct]) -> tuple[tuple[str, Any, frozenset[type]], ...]:
    """Return each field of a struct: name, annotation, and the types that need no conversion."""
    return tuple(
        (name, annotation, frozenset(item for item in alternatives(annotation) if isinstance(item, type)))
        for name, annotation in field_types(kind).items()
    )


def convert_fields(struct: msgspec.Struct) -> None:
    """Give every field of a new struct its declared type, or raise SpecError naming the field.

    So ``SGD(lr=1)`` becomes ``SGD(lr=1.0)``, ``loss="mse"`` becomes ``loss=MSE()``, lists become tuples,
    NumPy scalars become Python's, and −0 becomes 0: equal structs have equal fingerprints.
    """
    for name, annotation, declared in _as_declared(type(struct)):
        given: Any = getattr(struct, name)
        # Structs converted their own fields when they were made; of plain values, only floats have two zeros.
        if type(given) in declared:
            if type(given) is float and given == 0:
                msgspec.structs.force_setattr(struct, name, 0.0)
            continue
        value = converted(named(annotation, _plain(given), name), annotation, name)
        msgspec.structs.force_setattr(struct, name, value)


def converted(value: Any, annotation: Any, where: str) -> Any:
    """Make what the annotation says of plain data, or raise SpecError: the place, and what is allowed."""
    try:
        return msgspec.convert(value, annotation, strict=True)
    except (msgspec.ValidationError, TypeError, LookupError) as error:
        # Whatever has items is asked for those of a table, an array or a range as well.
        if isinstance(error, msgspec.ValidationError) and not _only_has_items(value):
            raise SpecError(readable(error, where, value)) from None
        raise SpecError(
            f"{where or 'the experiment'} = {shown(value)}: must be of numbers, texts, lists and tables."
        ) from None


def _only_has_items(value: object) -> bool:
    return hasattr(value, "__getitem__") and not isinstance(value, Mapping | str | bytes | list | tuple)


def named(annotation: Any, value: Any, where: str) -> Any:
    """Make a kind from its name alone, in lists too; refuse a name or word that isn't allowed here."""
    if isinstance(value, tuple):
        item = items_of(annotation)
        return tuple(named(item, each, f"{where}[{index}]") for index, each in enumerate(value))  # type: ignore[misc]
    if not isinstance(value, str):
        return value
    if typing.get_origin(annotation) is Literal:
        check_choice(where, value, typing.get_args(annotation))
    kinds = kinds_of(annotation)
    if not kinds or str in alternatives(annotation):
        return value
    if value not in kinds:
        raise SpecError(f"{where} = {shown(value)}: must be {listing(kinds)}.{nearest(value, kinds)}")
    return _made(kinds[value], where)


def _made(kind: type[msgspec.Struct], where: str) -> msgspec.Struct:
    """Return a kind with its defaults; some kinds have a required field."""
    missing = [field.name for field in msgspec.structs.fields(kind) if field.required]
    if missing:
        name = str(kind.__struct_config__.tag)
        written = "".join(f", {field} = …" for field in missing)
        raise SpecError(
            f"{where} = {name!r}: needs {' and '.join(missing)}; write {{name = {name!r}{written}}}."
        )
    return kind()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return _plain(cast("Any", value.item()))
    if isinstance(value, list | tuple):
        check_depth(cast("object", value))
        return tuple(_plain(item) for item in cast("list[Any]", value))
    return value + 0.0 if isinstance(value, float) else value


def readable(error: msgspec.ValidationError, where: str, data: Any) -> str:
    """Turn msgspec's ``… - at `$.optimizer.lr` `` into a sentence that begins with the path."""
    match = re.fullmatch(r"(?s)(.*?)(?: - at `\$(.*)`)?", str(error))
    text, path = (match.group(1), match.group(2) or "") if match else (str(error), "")
    names = re.findall(r"\w+", path.replace("[...]", ""))
    value: Any = data
    for name in names:
        where = f"{where}[{name}]" if name.isdigit() else place(where, name)
        # A set, or an array, is shown whole.
        if isinstance(value, Mapping | list | tuple):
            value = cast("Any", value)[int(name) if name.isdigit() else name]
    if isinstance(error.__cause__, DataError):
        return str(error.__cause__)
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
    bound = re.fullmatch(r"Expected `(.+?)`( of length)? (>=|<=|>|<) (\S+)", text)
    if bound:
        kind, long, sign, number = bound.groups()
        words = PLAIN.get(kind, "a list" if kind == "array" else kind)
        sign = {">=": "≥", "<=": "≤"}.get(sign, sign)
        return f"must be {words}{' of a length' if long else ''} {sign} {number}"
    return text[:1].lower() + text[1:]


# The bounds of a kind's numbers, as its own checks have them: no second list of them.


FAR = 10**15
"""A whole number beyond every bound."""


def bounds_of(kind: type[msgspec.Struct], given: Mapping[str, object]) -> dict[str, dict[str, float]]:
    """Return ``{"lr": {"at_least": 0}}``: what `check_number` asks of each number of a kind.

    `given` has values for fields without a default. Of a list it is what is asked of its numbers.
    """
    return {
        name: bounds
        for name, annotation in field_types(kind).items()
        if (bounds := _asked(kind, name, annotation, given))
    }


def _asked(
    kind: type[msgspec.Struct], name: str, annotation: Any, given: Mapping[str, object]
) -> dict[str, float]:
    """Give a field a number that no check lets pass, and read what the check asks for."""
    item = items_of(annotation)
    types = alternatives(annotation if item is None else item)
    wrong = [math.nan] if float in types else [-FAR, FAR] if int in types else []
    for number in wrong:
        value = number if item is None else (number,) * _length(annotation)
        try:
            kind(**{**given, name: value})
        except OutOfBoundsError as error:
            if error.field == name:
                return error.bounds
        except SpecError:
            pass  # another demand, which isn't about a number's size
    return {}


def _length(annotation: Any) -> int:
    """Return how many entries a list has that is long enough: a pair takes two."""
    return next((len(each.__args__) for each in alternatives(annotation) if hasattr(each, "__args__")), 1)


# The base classes of an experiment's parts: of those that come in several kinds, and of the others.


class Kind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name"):
    """A part that is written with its `name`: ``{name = "adam", lr = 0.02}``, or ``"adam"`` for its defaults.

    Each kind gives its name as `tag`; the union of a part's kinds is the type of the experiment's field.
    """

    def __post_init__(self) -> None:
        convert_fields(self)


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part that comes in only one kind: a table of fields without a name."""

    def __post_init__(self) -> None:
        convert_fields(self)


def name_of(part: msgspec.Struct) -> str:
    """Return the name under which a part's kind is written: ``adam`` for ``Adam()``."""
    return str(part.__struct_config__.tag)
