"""A user's own examples: of a file, or written in the experiment itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from trainlab.errors import SpecError, shown
from trainlab.spec.checks import check_number
from trainlab.spec.fields import Kind, convert_fields

MAX_ROWS = 2_000
"""The most examples that an experiment holds itself."""

MAX_WRITTEN = 20_000
"""The most numbers that an experiment holds itself, inputs and targets together."""

IN_A_FILE = "What is larger belongs in a file, as a task of the kind 'file'."

Meaning = Literal["auto", "regression", "binary", "classes"]
Row = tuple[float, ...]


class File(Kind, frozen=True, kw_only=True, tag="file"):
    """Examples of a CSV, Parquet or ``.npz`` file.

    A relative path starts at the study file's folder, or in Python at the working directory. `target` names
    the column to predict, by its heading or by its number from 0 (negative from the end), `targets` several;
    without either it is the last. Columns that `ignore` names are left out, and all others are inputs. An
    ``.npz`` instead holds arrays `inputs` and `targets`, or the array that `target` names and one other.
    `kind` says what targets mean: "regression", "binary" (one target of 0 or 1) or "classes" (one-hot).
    "auto" takes two different texts, or 0 and 1, for binary, more texts or one-hot columns for classes, and
    all other numbers for regression. Classes are sorted. In CSV `decimal` may be ",", and `delimiter` one
    character, " " for any number of blanks; left out, the first line tells whether it is commas, semicolons
    or tabs.
    """

    path: str
    target: str | int | None = None
    targets: str | int | tuple[str | int, ...] = ()
    ignore: str | int | tuple[str | int, ...] = ()
    kind: Meaning = "auto"
    decimal: Literal[".", ","] = "."
    delimiter: str | None = None
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        convert_fields(self)
        _check_file(self)


class Points(Kind, frozen=True, kw_only=True, tag="points"):
    """Examples written in the experiment itself: `inputs` has a list of numbers for each example.

    `targets` has a number for each, or a list of numbers. At most 2,000 examples and 20,000 numbers; what is
    larger belongs in a file. `kind` says what targets mean, as for a file.
    """

    inputs: tuple[Row, ...]
    targets: tuple[float | Row, ...]
    kind: Meaning = "auto"

    def __post_init__(self) -> None:
        convert_fields(self)
        _check_points(self)


def _check_file(part: File) -> None:
    """Refuse fields that no file can have."""
    if not part.path.strip():
        raise SpecError(f"path = {shown(part.path)}: must name a CSV, Parquet or .npz file.")
    if "\0" in part.path:
        raise SpecError(f"path = {shown(part.path)}: a path can't contain a null character.")
    if part.target is not None and part.targets != ():
        raise SpecError(f"target = {shown(part.target)}: targets is set as well; leave one of them out.")
    mark = part.delimiter
    if mark is not None and (len(mark) != 1 or mark.isalnum() or mark in '"\r\n\0+-.'):
        raise SpecError(f"delimiter = {shown(mark)}: must be one character, such as ';', '\\t' or '|'.")
    try:
        "a".encode(part.encoding)
    except (LookupError, ValueError):
        raise SpecError(
            f"encoding = {shown(part.encoding)}: no such encoding of text; there are 'utf-8', 'utf-16', "
            "'cp1252' (Windows), 'latin-1' and others."
        ) from None


def _check_points(part: Points) -> None:
    """Refuse what isn't two tables of finite numbers with as many rows, or is too large to be written."""
    rows = len(part.inputs)
    if not rows:
        raise SpecError("inputs = (): must list the numbers of one example or more.")
    if rows > MAX_ROWS:
        raise SpecError(f"inputs: has {rows:,} examples; at most {MAX_ROWS:,} are allowed. {IN_A_FILE}")
    if len(part.targets) != rows:
        raise SpecError(
            f"targets: has {len(part.targets):,} examples, but inputs has {rows:,}; every example needs both."
        )
    numbers = _numbers("inputs", part.inputs) + _numbers("targets", part.targets)
    if numbers > MAX_WRITTEN:
        raise SpecError(
            f"inputs: has {numbers:,} numbers with the targets; at most {MAX_WRITTEN:,} are allowed. "
            f"{IN_A_FILE}"
        )


def _numbers(field: str, rows: Sequence[float | Row]) -> int:
    """Return how many numbers a table has; refuse rows of different lengths, and what isn't finite."""
    first = rows[0]
    width = len(first) if isinstance(first, tuple) else None
    if width == 0:
        raise SpecError(f"{field}[0] = (): must list one number or more.")
    for index, row in enumerate(rows):
        where = f"{field}[{index}]"
        if (len(row) if isinstance(row, tuple) else None) != width:
            wanted = "a number" if width is None else f"a list of {width:,}"
            raise SpecError(f"{where} = {shown(row)}: must be {wanted}, as {field}[0] is.")
        if not isinstance(row, tuple):
            check_number(where, row)
            continue
        for column, value in enumerate(row):
            check_number(f"{where}[{column}]", value)
    return len(rows) * (width or 1)
