"""Which columns of a table are the targets, which are left out, and what messages call them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainlab.errors import SpecError, listing, nearest, printable, shown

Names = str | int | tuple[str | int, ...]
"""A column by its heading or its number from 0 (negative from the end), or several."""

MAX_LISTED = 12
_LIKE_TARGET = re.compile(r"y|targets?|labels?|class(es)?|outcomes?|responses?|outputs?", re.IGNORECASE)
"""Headings that usually belong to target columns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedColumns:
    """The columns that a task names: one `target` or several `targets`, and those to `ignore`."""

    target: str | int | None = None
    targets: Names = ()
    ignore: Names = ()

    @property
    def field(self) -> str:
        """The field that names the targets; empty where none does."""
        return "target" if self.target is not None else "" if self.targets == () else "targets"

    @property
    def value(self) -> Names:
        """The value of that field."""
        return self.targets if self.target is None else self.target


@dataclass(frozen=True, kw_only=True, slots=True)
class ChosenColumns:
    """The numbers of the target columns, in the order asked for, and of the input columns."""

    targets: list[int]
    inputs: list[int]


def column_name(names: tuple[str, ...], index: int) -> str:
    """Return what messages call a column: its heading, or its number from 0."""
    return f"column {column_value(names, index)}"


def column_value(names: tuple[str, ...], index: int) -> str:
    """Return how a study file names a column: by its heading, or by number where the heading is ambiguous."""
    column = named_column(names, index)
    return shown(column) if isinstance(column, str) else str(column)


def named_column(names: tuple[str, ...], index: int) -> str | int:
    """Return a column's heading, or its number where the heading is empty or another column has it too."""
    return names[index] if names and names[index].strip() and names.count(names[index]) == 1 else index


def display_name(names: tuple[str, ...], index: int) -> str:
    """Return a column's name for display: its heading, or `column 3` where the heading is ambiguous."""
    column = named_column(names, index)
    return printable(column) if isinstance(column, str) else f"column {column}"


def choose_columns(source: str, asked: AskedColumns, names: tuple[str, ...], width: int) -> ChosenColumns:
    """Return which of `width` columns are targets and which are inputs; by default the last is the target.

    Raises SpecError if a name matches no column or several, if no input is left, or if no target is named
    although a heading suggests a column other than the last.
    """
    left_out = _found(source, "ignore", asked.ignore, names, width)
    left = [index for index in range(width) if index not in left_out]
    if not left:
        raise SpecError(f"{source}: ignore = {shown(asked.ignore)}: leaves no column of {width}; name fewer.")
    if asked.field:
        targets = _found(source, asked.field, asked.value, names, width)
    else:
        targets = left[-1:]
        _check_last(source, names, left)
    both = next((index for index in targets if index in left_out), None)
    if both is not None:
        raise SpecError(
            f"{source}: ignore = {shown(asked.ignore)}: {column_name(names, both)} is the target; name "
            "others."
        )
    inputs = [index for index in left if index not in targets]
    if not inputs:
        every = f"it has {width} and all are targets" if len(left) == width else "the others are targets"
        raise SpecError(
            f"{source}: no column is left for the inputs: {every}; at least one must be an input."
        )
    return ChosenColumns(targets=targets, inputs=inputs)


def looks_like_target(names: tuple[str, ...], index: int) -> bool:
    """Whether a heading says that its column is the target; y doesn't if a column before it is called x."""
    name = names[index].strip()
    if name in ("y", "Y") and any(other.strip() in ("x", "X") for other in names[:index]):
        return False
    return _LIKE_TARGET.fullmatch(name) is not None


def _check_last(source: str, names: tuple[str, ...], left: list[int]) -> None:
    """Refuse to take the last column as the target if another one's heading is that of a target."""
    if not names or looks_like_target(names, left[-1]):
        return
    like = next((index for index in left[:-1] if looks_like_target(names, index)), None)
    if like is not None:
        raise SpecError(
            f"{source}: which column is to be predicted? {column_name(names, like)} has a target's name, but "
            f"the last column is {column_value(names, left[-1])}. Set "
            f"task.target = {column_value(names, like)} or task.target = {column_value(names, left[-1])}."
        )


def _found(source: str, field: str, asked: Names, names: tuple[str, ...], width: int) -> list[int]:
    """Return the numbers of the columns that a field names."""
    wanted = asked if isinstance(asked, tuple) else (asked,)
    found = [_find(f"{source}: {field} = {shown(item)}", item, names, width) for item in wanted]
    twice = next((index for place, index in enumerate(found) if index in found[:place]), None)
    if twice is not None:
        raise SpecError(f"{source}: {field} = {shown(asked)}: name {column_name(names, twice)} only once.")
    return found


def _find(where: str, item: str | int, names: tuple[str, ...], width: int) -> int:
    if isinstance(item, int):
        if not -width <= item < width:
            raise SpecError(f"{where}: must be a column from 0 to {width - 1}, or from -{width} to -1.")
        return item % width
    if not names:
        raise SpecError(f"{where}: the file has no headings; give the column's number, 0 to {width - 1}.")
    if item not in names:
        more = f" and {len(names) - MAX_LISTED:,} more" if len(names) > MAX_LISTED else ""
        have = listing(names[:MAX_LISTED]).replace(" or ", " and ") if not more else _commas(names) + more
        raise SpecError(f"{where}: no such column; it has {have}.{nearest(item, names)}")
    if names.count(item) > 1:
        raise SpecError(f"{where}: {names.count(item)} columns have this heading; give the column's number.")
    return names.index(item)


def _commas(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names[:MAX_LISTED])
