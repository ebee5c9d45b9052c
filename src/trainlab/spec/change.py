"""A change: a named edit of an experiment, kept as plain (path, value) pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from trainlab.errors import SpecError, listing, nearest, shown
from trainlab.spec.checks import check_depth, place
from trainlab.spec.decode import decode_value, implied, is_scheme, unknown_field
from trainlab.spec.experiment import Experiment
from trainlab.spec.fields import convert_fields, field_types, kinds_of, name_of
from trainlab.spec.network import Init, Network

MAX_DIGITS = 9
Scalar = bool | int | float | str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A table within a list, such as the init of one layer: its (field, value) pairs, sorted by field."""

    fields: tuple[tuple[str, Scalar], ...]


Numbers = tuple[int | float, ...]
"""A list within a list, such as one of a user's own points."""

Item = Scalar | Row | Numbers
Value = Scalar | tuple[Item, ...]


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an experiment, by its dotted path, and its new value."""

    path: str
    value: Value

    def __post_init__(self) -> None:
        convert_fields(self)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A named list of edits, one per field, sorted by path; `label` says in words what changes.

    With `then` the training continues afterwards, with the same weights, a new optimizer, and these edits.
    """

    name: str
    label: str = ""
    edits: tuple[Edit, ...] = ()
    then: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        convert_fields(self)
        tidy(self, "change")
        tidy(self, "change", field="then")
        if not self.edits and not self.then:
            raise SpecError(f"change {shown(self.name)}: must set at least one field.")
        check_then(self.then, where=f"change {shown(self.name)}: then")

    @classmethod
    def from_dict(
        cls, name: str, data: Mapping[str, Any], *, label: str = "", then: Mapping[str, Any] | None = None
    ) -> Change:
        """Make a change from nested tables, such as ``{"optimizer": {"name": "adam", "lr": 0.02}}``."""
        after: Mapping[str, Any] = {} if then is None else then
        for field, table in (("data", data), ("then", after)):
            if not isinstance(table, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise SpecError(f"{field} = {shown(table)}: must be a table of fields.")
            check_depth(table)
        return cls(name=name, label=label, edits=flatten(data), then=flatten(after))

    def apply(self, experiment: Experiment) -> Experiment:
        """Return the edited experiment; raise SpecError naming this change if it can't be made."""
        try:
            return apply_edits(experiment, self.edits)
        except SpecError as error:
            raise SpecError(f"change {shown(self.name)}: {error}") from None


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """The edits with which a training continues from its current weights: one per field, sorted by path."""

    edits: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        convert_fields(self)
        tidy(self, "phase")
        check_then(self.edits, where="phase: set")


def check_then(edits: tuple[Edit, ...], *, where: str) -> None:
    """Refuse edits with which a training can't continue."""
    for edit in edits:
        if edit.path.split(".")[0] in ("init", "after"):
            raise SpecError(
                f"{where}.{edit.path}: can't be changed for a training that continues from its weights."
            )


def go_on(experiment: Experiment, edits: tuple[Edit, ...]) -> Experiment:
    """Return the training that goes on from this one, with the edits made."""
    return msgspec.structs.replace(apply_edits(experiment, edits), after=experiment)


def flatten(data: Mapping[str, Any], *, prefix: str = "") -> tuple[Edit, ...]:
    """Turn a nested table into (path, value) pairs, depth first, in the order written."""
    edits: list[Edit] = []
    for key, value in data.items():
        path = f"{prefix}{key}"
        if not path.isprintable():
            raise SpecError(f"{shown(path)}: is not the path of a field.")
        if isinstance(value, Mapping):
            edits.extend(flatten(cast("Mapping[str, Any]", value), prefix=f"{path}."))
        elif isinstance(value, list | tuple):
            edits.append(_list_edit(path, cast("list[object]", value)))
        elif isinstance(value, bool | int | float | str):
            edits.append(Edit(path=path, value=value))
        else:
            raise SpecError(
                f"{place('', path)} = {shown(value)}: "
                "must be a number, text, true or false, a list or a table."
            )
    return tuple(edits)


def _list_edit(path: str, items: list[object] | tuple[object, ...]) -> Edit:
    return Edit(path=path, value=tuple(_item(path, items, item) for item in items))


def _item(path: str, items: list[object] | tuple[object, ...], item: object) -> Item:
    if isinstance(item, bool | int | float | str):
        return item
    if isinstance(item, list | tuple):
        numbers = cast("list[object]", item)
        row = tuple(each for each in numbers if isinstance(each, int | float) and not isinstance(each, bool))
        if len(row) == len(numbers):
            return row
    if isinstance(item, Mapping):
        table = cast("Mapping[object, object]", item)
        pairs = [
            (str(key), value) for key, value in table.items() if isinstance(value, bool | int | float | str)
        ]
        if len(pairs) == len(table):
            return Row(fields=tuple(sorted(pairs, key=lambda pair: pair[0])))
    raise SpecError(
        f"{place('', path)} = {shown(items)}: must list numbers, texts, true and false, "
        "tables of these, or lists of numbers."
    )


def nest(edits: tuple[Edit, ...]) -> dict[str, Any]:
    """Turn (path, value) pairs back into a nested table."""
    tree: dict[str, Any] = {}
    for edit in edits:
        *parents, leaf = edit.path.split(".")
        table = tree
        for parent in parents:
            below: object = table.setdefault(parent, {})
            if not isinstance(below, dict):
                raise SpecError(
                    f"{place('', edit.path)}: {parent!r} is already set as a whole; set it only once."
                )
            table = cast("dict[str, Any]", below)
        table[leaf] = [_plain(item) for item in edit.value] if isinstance(edit.value, tuple) else edit.value
    return tree


def _plain(item: Item) -> Any:
    if isinstance(item, Row):
        return dict(item.fields)
    return list(item) if isinstance(item, tuple) else item


def tidy(named: Any, kind: str, *, field: str = "edits") -> None:
    """Sort the edits of a new struct by path; if several set one field, keep the last.

    The order of fields in a table means nothing, and TOML doesn't keep it: equal edits must compare equal.
    """
    try:
        edits = sorted(flatten(nest(getattr(named, field))), key=lambda edit: edit.path)
    except SpecError as error:
        name = f" {shown(named.name)}" if hasattr(named, "name") else ""
        raise SpecError(f"{kind}{name}: {error}") from None
    msgspec.structs.force_setattr(named, field, tuple(edits))


def apply_edits(experiment: Experiment, edits: tuple[Edit, ...]) -> Experiment:
    """Return the experiment with all edits made at once, checked like one from a file.

    A part edited with its `name` is reset to that kind's defaults; without it, the other fields stay. The
    entries of a list are numbered from 0: ``network.widths.1``.
    """
    table, types = nest(edits), field_types(Experiment)
    for name in table:
        if name not in types:
            raise unknown_field("", name, list(types))
    parts = {
        name: _edited(getattr(experiment, name), types[name], edit, name) for name, edit in table.items()
    }
    return msgspec.structs.replace(experiment, **parts)


def _edited(part: Any, annotation: Any, edit: Any, name: str) -> Any:
    """Return a part of an experiment with its edit made; other parts are left alone."""
    if annotation is Network and isinstance(edit, str | list):
        # "2-3-1" edits the widths alone, as it does under [networks].
        edit = {"widths": cast("object", edit)}
    if annotation is Init and is_scheme(edit):
        # As in an experiment, a scheme alone is that of the weights.
        edit = {"weight": cast("object", edit)}
    if isinstance(edit, dict) and "name" not in edit:
        # Editing ``solved.within`` when another kind is set switches to that kind's defaults.
        fields = cast("dict[str, Any]", edit)
        meant = implied(kinds_of(annotation), fields)
        if meant is not None and meant != name_of(part):
            edit = {**fields, "name": meant}
    return decode_value(annotation, merge(msgspec.to_builtins(part), edit, where=name), where=name)


def merge(old: Any, edit: Any, *, where: str) -> Any:
    """Merge an edit into plain data; a table that names its kind replaces the whole of what was there."""
    if not isinstance(edit, Mapping) or "name" in edit:
        return cast("object", edit)
    table = cast("Mapping[str, Any]", edit)
    if isinstance(old, Mapping):
        fields = cast("Mapping[str, Any]", old)
        return {
            **fields,
            **{key: merge(fields.get(key), value, where=place(where, key)) for key, value in table.items()},
        }
    if isinstance(old, list | tuple) and table and all(key.isdecimal() for key in table):
        return _with_entries(list(cast("list[Any]", old)), table, where)
    return table


def _with_entries(items: list[Any], entries: Mapping[str, Any], where: str) -> list[Any]:
    """Return the list with some entries edited, by number."""
    changed = items.copy()
    for key, value in entries.items():
        if len(key) > MAX_DIGITS or int(key) >= len(items):
            raise SpecError(
                f"{place(where, key)}: {where} lists {len(items)} values; "
                f"their places are 0 to {len(items) - 1}."
            )
        changed[int(key)] = merge(items[int(key)], value, where=place(where, key))
    return changed


def unknown_name(kind: str, name: str, known: list[str]) -> SpecError:
    """Return the error for a network or change that the study doesn't have."""
    have = listing(known) if known else "none"
    return SpecError(
        f"{kind} {shown(name)}: the study has no such {kind}; it has {have}.{nearest(name, known)}"
    )
