"""A study file's [race] table: a grid of fields, each with the values that race."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, cast

import msgspec

from trainlab.errors import SpecError, shown
from trainlab.spec.change import Edit, apply_edits, flatten, nest
from trainlab.spec.checks import check_depth
from trainlab.spec.experiment import Experiment
from trainlab.spec.field_paths import check_path
from trainlab.spec.fields import convert_fields

MAX_CANDIDATES = 100_000
CHANGES = "changes"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a field: the edits that set it, and how it is written."""

    label: str
    edits: tuple[Edit, ...]

    def __post_init__(self) -> None:
        convert_fields(self)


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """A field of an experiment, by its dotted path, and the values that race."""

    path: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        convert_fields(self)
        check_path(self.path)
        if not self.choices:
            raise SpecError(f"{self.path} = []: must list at least one value.")
        labels = [choice.label for choice in self.choices]
        for label in labels:
            if labels.count(label) > 1:
                raise SpecError(f"{self.path}: lists {label} twice; list each value once.")


class Race(msgspec.Struct, frozen=True, kw_only=True):
    """The fields to cross; with `changes`, they are crossed with the study's own cells as well."""

    axes: tuple[Axis, ...] = ()
    changes: bool = False

    def __post_init__(self) -> None:
        convert_fields(self)
        # A part is set before its fields, in whichever order they are written.
        ordered = sorted(self.axes, key=lambda axis: _part(axis.path).count("."))
        msgspec.structs.force_setattr(self, "axes", tuple(ordered))
        paths = [_part(axis.path) for axis in ordered]
        for path in paths:
            if paths.count(path) > 1:
                raise SpecError(f"{path}: appears twice; list all of its values in one place.")
        if self.combinations > MAX_CANDIDATES:
            sizes = " × ".join(f"{len(axis.choices):,}" for axis in self.axes)
            raise SpecError(
                f"race: {shown(sizes)} values make more than {MAX_CANDIDATES:,} combinations, "
                "which is the most allowed. List fewer."
            )

    @property
    def combinations(self) -> int:
        """The number of combinations of values; 1 without a field."""
        return math.prod(len(axis.choices) for axis in self.axes)

    def variants(self, experiment: Experiment) -> Iterator[tuple[str, Experiment]]:
        """Yield each combination's name, as ``lr 0.01, activation tanh``, and the edited experiment.

        Raises SpecError, naming the combination, if one can't be carried out.
        """
        names = _short_names([_part(axis.path) for axis in self.axes])
        *outer, last = self.axes or (None,)
        if last is None:
            yield "", experiment
            return
        for choices in product(*(axis.choices for axis in outer)):
            begun = [f"{name} {choice.label}" for name, choice in zip(names, choices, strict=False)]
            edited = _edited(experiment, choices, ", ".join(begun))
            for choice in last.choices:
                label = ", ".join([*begun, f"{names[-1]} {choice.label}"])
                yield label, _edited(edited, (choice,), label)


def race_from_dict(data: Mapping[str, Any]) -> Race:
    """Make a race from the [race] table; raise SpecError with the path of the first error."""
    check_depth(data)
    table = dict(data)
    changes = table.pop(CHANGES, False)
    if not isinstance(changes, bool):
        raise SpecError(
            f"race.{CHANGES} = {shown(changes)}: must be true, to race the study's own cells, or false."
        )
    try:
        axes = tuple(_axes(table, ""))
        if not axes and not changes:
            raise SpecError(
                'race: names nothing to race; list a field\'s values, as in "optimizer.lr" = [0.01, 0.1], '
                "or set changes = true."
            )
        return Race(axes=axes, changes=changes)
    except SpecError as error:
        raise SpecError(str(error) if str(error).startswith("race:") else f"race.{error}") from None


def race_to_dict(race: Race) -> dict[str, Any]:
    """Return the table from which `race_from_dict` makes an equal race."""
    table: dict[str, Any] = {CHANGES: True} if race.changes else {}
    for axis in race.axes:
        table[axis.path] = [_value(axis.path, choice) for choice in axis.choices]
    return table


def _axes(table: Mapping[str, Any], prefix: str) -> Iterator[Axis]:
    for name, value in table.items():
        path = f"{prefix}{name}"
        if not path.isprintable():
            raise SpecError(f"{shown(path)}: is not the path of a field.")
        if isinstance(value, Mapping):
            yield from _axes(cast("Mapping[str, Any]", value), f"{path}.")
            continue
        check_path(path)
        if not isinstance(value, list | tuple):
            raise SpecError(f"{path} = {shown(value)}: must be a list of the values that race.")
        values = cast("list[object]", value)
        yield Axis(path=path, choices=tuple(_choice(path, item) for item in values))


def _choice(path: str, value: object) -> Choice:
    edits = flatten(_nested(path, value))
    if not edits:
        raise SpecError(f"{path}: the value {shown(value)} sets nothing; leave it out.")
    return Choice(label=_label(value), edits=edits)


def _nested(path: str, value: object) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return cast("dict[str, Any]", value)


def _value(path: str, choice: Choice) -> Any:
    value: Any = nest(choice.edits)
    for name in path.split("."):
        value = value[name]
    return value


def _label(value: object) -> str:
    """Return ``0.01``, ``tanh``, ``adam(lr 0.02)`` or ``[tanh, linear]``."""
    if isinstance(value, Mapping):
        table = dict(cast("Mapping[str, object]", value))
        name = str(table.pop("name", ""))
        fields = ", ".join(f"{key} {_label(item)}" for key, item in table.items())
        return f"{name}({fields})" if fields else name
    if isinstance(value, list | tuple):
        return f"[{', '.join(_label(item) for item in cast('list[object]', value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _part(path: str) -> str:
    """Return the path of the part that a name resets, or the path itself: both set the same thing."""
    return path.removesuffix(".name")


def _short_names(paths: list[str]) -> list[str]:
    """Return the last part of each path, or as many of its parts as make it unique."""
    names: list[str] = []
    for path in paths:
        parts = path.split(".")
        starts = (place for place in reversed(range(len(parts))) if not parts[place].isdecimal())
        ends = [".".join(parts[start:]) for start in starts]
        others = [other for other in paths if other != path]
        names.append(
            next((end for end in ends if not any(f".{o}".endswith(f".{end}") for o in others)), path)
        )
    return names


def _edited(experiment: Experiment, choices: tuple[Choice, ...], label: str) -> Experiment:
    try:
        for choice in choices:
            experiment = apply_edits(experiment, choice.edits)
    except SpecError as error:
        raise SpecError(f"race, {label}: {error}") from None
    return experiment
