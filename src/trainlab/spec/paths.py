"""The numeric fields of an experiment by their dotted paths: listed, found by a short name, set."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

import msgspec

from trainlab.errors import SpecError, listing, nearest
from trainlab.spec.checks import shown
from trainlab.spec.experiment import Experiment
from trainlab.spec.fields import field_types

Number = int | float
NumberKind = Literal["whole", "real"]


def numeric_fields(experiment: Experiment) -> dict[str, NumberKind]:
    """Return the path of every number that training depends on, such as ``optimizer.lr``, with its kind.

    Entries of a list go by their place, from 0: ``network.widths.1``. What is recorded changes no training
    and is left out.
    """
    return {path: kind for path, kind in _numbers(experiment, "") if not path.startswith("record.")}


def find_field(experiment: Experiment, name: str) -> str:
    """Return the path of the numeric field that `name` means.

    A name may leave out parts of the path, but not the last: ``lr`` is ``optimizer.lr`` and ``init.std``
    is ``init.weight.std``, as long as no other field is meant by it.

    Raises:
        SpecError: no numeric field is meant, or several are.
    """
    known = list(numeric_fields(experiment))
    if name in known:
        return name
    meant = [path for path in known if _shortens(name, path)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise SpecError(f"{shown(name)}: could be {listing(meant)}. Write the whole path.")
    raise SpecError(
        f"{shown(name)}: no numeric field of this experiment; it has {listing(known)}."
        f"{_other_kind(experiment, name) or nearest(name, known)}"
    )


def value_of(experiment: Experiment, path: str) -> Number | None:
    """Return the number at the path of a numeric field; None where the experiment leaves it to a rule."""
    value: Any = experiment
    for part in path.split("."):
        value = cast("Any", value[int(part)] if isinstance(value, tuple) else getattr(value, part))
    return cast("Number | None", value)


def with_values(experiment: Experiment, values: Mapping[str, Number]) -> Experiment:
    """Return the experiment with the fields of these paths set, all at once, and checked as a file's are.

    Raises:
        SpecError: beginning with the path of the field, as from `Experiment.from_dict`.
    """
    tree: dict[str, Any] = {}
    for path, value in values.items():
        *parents, leaf = path.split(".")
        table = tree
        for parent in parents:
            table = table.setdefault(parent, {})
        table[leaf] = value
    return cast("Experiment", _replaced(experiment, tree))


def _numbers(struct: msgspec.Struct, prefix: str) -> Iterator[tuple[str, NumberKind]]:
    for name, annotation in field_types(type(struct)).items():
        yield from _numbers_in(getattr(struct, name), annotation, f"{prefix}{name}")


def _numbers_in(value: Any, annotation: Any, path: str) -> Iterator[tuple[str, NumberKind]]:
    if isinstance(value, msgspec.Struct):
        yield from _numbers(value, f"{path}.")
    elif isinstance(value, tuple):
        for place, item in enumerate(cast("tuple[Any, ...]", value)):
            yield from _numbers_in(item, type(item), f"{path}.{place}")
    elif not isinstance(value, str | bool):
        # A number, or nothing where a number may stand.
        alternatives = _alternatives(annotation)
        if float in alternatives or int in alternatives:
            yield path, "real" if float in alternatives else "whole"


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    is_union = isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union
    return typing.get_args(annotation) if is_union else (annotation,)


def _shortens(name: str, path: str) -> bool:
    """Whether the parts of `name` are among those of `path`, in order, and the last is the last."""
    parts, rest = name.split("."), iter(path.split("."))
    return path.split(".")[-1] == parts[-1] and all(part in rest for part in parts)


def _other_kind(experiment: Experiment, name: str) -> str:
    """Say where another kind of a part, as a normal init instead of the default one, would have the field."""
    leaf = name.split(".")[-1]
    for path, struct, annotation in _choices(experiment, ""):
        options = {str(kind.__struct_config__.tag): kind for kind in _alternatives(annotation)}
        having = [tag for tag, kind in options.items() if leaf in kind.__struct_fields__]
        if having and _shortens(name, f"{path}.{leaf}"):
            return f" {path} is {struct.__struct_config__.tag!r}; {listing(having)} has {leaf!r}."
    return ""


def _choices(struct: msgspec.Struct, prefix: str) -> Iterator[tuple[str, msgspec.Struct, Any]]:
    """Yield every part that is one of several kinds, with its path and the annotation that lists them."""
    for name, annotation in field_types(type(struct)).items():
        value = getattr(struct, name)
        if isinstance(value, msgspec.Struct):
            kinds = [kind for kind in _alternatives(annotation) if isinstance(kind, type)]
            if len(kinds) > 1 and all(issubclass(kind, msgspec.Struct) for kind in kinds):
                yield f"{prefix}{name}", value, annotation
            yield from _choices(value, f"{prefix}{name}.")


def _replaced(value: Any, tree: Mapping[str, Any]) -> Any:
    """Return a struct or a tuple with what the tree says replaced in it."""
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        return tuple(_inner(item, tree.get(str(place), _SAME)) for place, item in enumerate(items))
    changed: dict[str, Any] = {}
    for name, below in tree.items():
        try:
            changed[name] = _inner(getattr(value, name), below)
        except SpecError as error:
            raise SpecError(f"{name}.{error}") from None
    return msgspec.structs.replace(value, **changed)


def _inner(value: Any, below: Any) -> Any:
    if below is _SAME:
        return value
    return _replaced(value, cast("dict[str, Any]", below)) if isinstance(below, dict) else below


_SAME: Any = object()
