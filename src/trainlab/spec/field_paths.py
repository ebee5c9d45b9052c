"""The fields of an experiment by their dotted paths: listed, found by a short name, read, set, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

import msgspec

from trainlab.errors import SpecError, listing, nearest, shown
from trainlab.spec.change import Edit, apply_edits
from trainlab.spec.checks import place
from trainlab.spec.decode import unknown_field
from trainlab.spec.experiment import Experiment
from trainlab.spec.fields import alternatives, field_types, items_of, kinds_of, name_of, structs_of

Number = int | float
NumberKind = Literal["whole", "real"]


def numeric_fields(experiment: Experiment) -> dict[str, NumberKind]:
    """Return the path of every number that training depends on, such as ``optimizer.lr``, with its kind.

    The entries of a list are numbered from 0: ``network.widths.1``. What is recorded doesn't affect training
    and is left out.
    """
    fields: dict[str, NumberKind] = {}
    for path, value, annotation in _walk(experiment, Experiment, ""):
        # A number, or None where a number is allowed.
        if isinstance(value, int | float | None) and not isinstance(value, bool):
            types = alternatives(annotation)
            if float in types or int in types:
                fields[path] = "real" if float in types else "whole"
    # A training that continues another ignores these.
    # The numbers of frozen layers are labels, not sizes; those of examples are data, not settings.
    unused = ("record.", "frozen.", "task.inputs.", "task.targets.")
    if experiment.after is not None:
        unused = (*unused, "init.", "network.widths.")
    return {path: kind for path, kind in fields.items() if not path.startswith(unused)}


def find_field(experiment: Experiment, name: str) -> str:
    """Return the path of the numeric field that `name` means.

    A name may leave out parts of the path, but not the last: ``lr`` is ``optimizer.lr`` and ``init.std``
    is ``init.weight.std``, as long as it can't mean another field.

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
    """Return the experiment with these fields set, all at once, checked like one from a file.

    Raises:
        SpecError: beginning with the path of the field, as from `Experiment.from_dict`.
    """
    return apply_edits(experiment, tuple(Edit(path=path, value=value) for path, value in values.items()))


def check_path(path: str) -> None:
    """Refuse a path that no experiment has, whatever its kinds and lists, naming the nearest field."""
    types: list[Any] = [Experiment]
    where = ""
    for name in path.split("."):
        kinds = [kind for each in types for kind in structs_of(each)]
        items = [item for each in types if (item := items_of(each)) is not None]
        known = list(dict.fromkeys(field for kind in kinds for field in kind.__struct_fields__))
        tags = [tag for kind in kinds if (tag := kind.__struct_config__.tag_field)]
        if name.isdecimal() and items:
            types = items
        elif name in tags:
            types = []
        elif name in known:
            types = [found for kind in kinds if (found := field_types(kind).get(name)) is not None]
        elif known:
            raise unknown_field(where, name, [*tags[:1], *known])
        else:
            fault = (
                "entries go by their place, from 0"
                if items
                else f"{where} is a single value and has no fields"
            )
            raise SpecError(f"{place(where, name)}: {fault}.")
        where = place(where, name)


def _walk(value: Any, annotation: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield everything in an experiment, from the outside in: path, value, and declared type."""
    yield path, value, annotation
    if isinstance(value, msgspec.Struct):
        for name, inner in field_types(type(value)).items():
            if name == "after":
                continue  # a training before this one: its fields are its own
            yield from _walk(getattr(value, name), inner, f"{path}.{name}" if path else name)
    elif isinstance(value, tuple):
        for index, item in enumerate(cast("tuple[Any, ...]", value)):
            yield from _walk(item, items_of(annotation), f"{path}.{index}")


def _shortens(name: str, path: str) -> bool:
    """Whether the parts of `name` are among those of `path`, in order, and the last is the last."""
    parts, rest = name.split("."), iter(path.split("."))
    return path.split(".")[-1] == parts[-1] and all(part in rest for part in parts)


def _other_kind(experiment: Experiment, name: str) -> str:
    """Say where another kind of a part, such as a normal init, would have the field."""
    leaf = name.split(".")[-1]
    for path, value, annotation in _walk(experiment, Experiment, ""):
        if not isinstance(value, msgspec.Struct):
            continue
        having = [kind for kind, struct in kinds_of(annotation).items() if leaf in struct.__struct_fields__]
        if having and _shortens(name, f"{path}.{leaf}"):
            return f" {path} is {name_of(value)!r}; {listing(having)} has {leaf!r}."
    return ""
