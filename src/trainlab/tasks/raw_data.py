"""Columns as a file or a user's arrays hold them, before deciding what the targets mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trainlab.errors import SpecError, shown
from trainlab.tasks.columns import column_name, column_value
from trainlab.tasks.task import Array

Column = Array | list[str]
"""One target column: numbers, or the texts as they stand if some aren't numbers."""

MISSING = ("na", "n/a", "#n/a", "nan", "null", "?")
"""What stands for a missing value in tables, in lower case."""

MAX_NUMBERS = 125_000_000
"""The most numbers that data may have: 1 GB in double precision. Packed in a file they may take far less."""

TEXT_BYTES = 64
"""What Python takes for a text besides its letters, and for the place that refers to it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RawData:
    """What was read: ``inputs [points, features]`` and columns of targets, all finite.

    Messages begin with `source`; `where` names an example, such as ``line 7``. Names are empty if the columns
    have no headings; `input_columns` is how a study file names the inputs. `advice` says how the file should
    have been read, if it looks misread.
    """

    source: str
    inputs: Array
    targets: tuple[Column, ...]
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    where: Callable[[int], str]
    advice: str = ""
    input_columns: tuple[str | int, ...] = ()


def number(text: str, decimal: str = ".") -> float | None:
    """Return a text as a number, or None; Python's underscores between digits aren't accepted.

    With decimal commas, text with a dot is no number: the dot may separate thousands.
    """
    if decimal == ",":
        text = "no number" if "." in text else text.replace(",", ".")
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def is_missing(text: str) -> bool:
    """Whether a cell is empty or holds one of the usual marks of a missing value."""
    return not text or text.lower() in MISSING


def check_size(source: str, what: str, numbers: int) -> None:
    """Refuse more numbers than memory should be taken for."""
    if numbers > MAX_NUMBERS:
        raise SpecError(
            f"{source}: {what} has {numbers:,} numbers, {8 * numbers:,} bytes in double precision; at most "
            f"{MAX_NUMBERS:,} are allowed. Train on a part of it."
        )


def check_texts(source: str, what: str, texts: int, *, letters: float) -> None:
    """Refuse texts, of so many letters each, that take more memory than as many numbers as are allowed."""
    size = int(texts * (TEXT_BYTES + 4 * letters))
    if size > 8 * MAX_NUMBERS:
        raise SpecError(
            f"{source}: the texts of {what} take {size:,} bytes; at most {8 * MAX_NUMBERS:,} are allowed. "
            "Write numbers for classes, or train on a part of it."
        )


def check_finite(source: str, values: Array, cell: Callable[[int, int], str]) -> None:
    """Refuse NaN and infinity among ``values [points, columns]``, naming the first cell."""
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = int(bad[0, 0]), int(bad[0, 1])
        raise SpecError(
            f"{source}: {cell(row, column)} is {values[row, column]}; every number must be finite. "
            "Fill it in, or leave this example out."
        )


def no_value(source: str, cell: str, text: str) -> SpecError:
    """Return the error for a cell without a value; `text` is what stands there."""
    what = f"{shown(text)}, a missing value" if text else "empty"
    return SpecError(f"{source}: {cell} is {what}. Fill it in, or leave this example out.")


def no_number(source: str, place: str, text: str, names: tuple[str, ...], index: int) -> SpecError:
    """Return the error for text where an input should be; `place` gives the line or row, if any."""
    column = column_value(names, index)
    where = f"{place}, {column_name(names, index)}" if place else column_name(names, index)
    return SpecError(
        f"{source}: {where} is {shown(text)}; inputs must be numbers. Write numbers instead, leave the "
        "column "
        f"out with task.ignore = {column}, or, if it is what is to be predicted, set task.target = {column}."
    )
