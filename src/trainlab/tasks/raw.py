"""Columns as a file or a user's arrays hold them, before it is decided what the targets mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trainlab.errors import SpecError, listing, nearest, shown
from trainlab.tasks.task import Array

Column = Array | list[str]
"""One column of targets: numbers, or texts as they stand where not every one is a number."""

MAX_LISTED = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """What was read: ``inputs [points, features]`` and columns of targets, all finite.

    `source` is what messages begin with, `where` names an example, such as ``line 7``. Names are empty where
    the columns have no headings.
    """

    source: str
    inputs: Array
    targets: tuple[Column, ...]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    where: Callable[[int], str]


def number(text: str) -> float | None:
    """Return the number that a text is, or None; Python's underscores between digits don't count."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def column_name(names: tuple[str, ...], index: int) -> str:
    """Return how messages call a column: by its heading, or by its number from 0."""
    return f"column {shown(names[index])}" if names else f"column {index}"


def check_finite(source: str, values: Array, cell: Callable[[int, int], str]) -> None:
    """Refuse NaN and infinity among ``values [points, columns]``, naming the first cell."""
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = int(bad[0, 0]), int(bad[0, 1])
        raise SpecError(
            f"{source}: {cell(row, column)} is {values[row, column]}; every number must be finite. "
            "Fill it in, or leave this example out."
        )


def chosen_targets(
    source: str, asked: str | int | tuple[str | int, ...], names: tuple[str, ...], width: int
) -> list[int]:
    """Return the numbers of the target columns among `width`, in the order asked for; by default the last."""
    wanted = asked if isinstance(asked, tuple) else (asked,)
    found = [_find(source, item, names, width) for item in wanted] or [width - 1]
    twice = next((index for place, index in enumerate(found) if index in found[:place]), None)
    if twice is not None:
        raise SpecError(f"{source}: targets = {shown(asked)}: name {column_name(names, twice)} twice.")
    if len(found) == width:
        raise SpecError(
            f"{source}: no column is left for the inputs: it has {width} and all are targets; "
            "at least one must be an input."
        )
    return found


def _find(source: str, item: str | int, names: tuple[str, ...], width: int) -> int:
    where = f"{source}: targets = {shown(item)}"
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
