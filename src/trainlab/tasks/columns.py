"""Which columns of a table are the targets, which are left out, and what messages call them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from trainlab.errors import SpecError, listing, nearest, printable, shown
from trainlab.tasks.task import MAX_CLASSES, MAX_FEATURES, Array, Task, classified, examples

# Columns as a file or a user's arrays hold them, before deciding what the targets mean.


Column = Array | list[str]
"""One target column: numbers, or the texts as they stand if some aren't numbers."""

MISSING = ("na", "n/a", "#n/a", "nan", "null", "?")
"""What stands for a missing value in tables, in lower case."""

MAX_NUMBERS = 125_000_000
"""The most numbers that data may have: 1 GB in double precision. Packed in a file they may take far less."""

MAX_LETTERS = 1_000
"""The most letters of a cell that is read: of a number, or of a class's name."""

TEXT_BYTES = 64
"""What Python takes for a text besides its letters, and for the place that refers to it."""
_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")


def has_decimal_comma(text: str) -> bool:
    """Whether a text is a number written with a decimal comma."""
    return _COMMA.fullmatch(text) is not None


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


def check_letters(source: str, where: str, text: str) -> None:
    """Refuse a text that is too long for a number, or for the name of a class."""
    if len(text) > MAX_LETTERS:
        raise SpecError(
            f"{source}: {where} is a text of {len(text):,} letters, {shown(text)}; at most {MAX_LETTERS:,} "
            "are allowed. Leave the column out, or write numbers or short names for classes."
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


def texts_among_targets(source: str, targets: int) -> SpecError:
    """Return the error for texts in one of several targets."""
    return SpecError(
        f"{source}: {targets} columns are targets and some hold texts; texts are classes, which need a "
        "single column."
    )


def no_number(source: str, place: str, holds: str, names: tuple[str, ...], index: int) -> SpecError:
    """Return the error for an input that `holds` text, in that place if it is known."""
    column = column_value(names, index)
    where = f"{place}, {column_name(names, index)}" if place else column_name(names, index)
    return SpecError(
        f"{source}: {where} {holds}; inputs must be numbers. Write numbers instead, leave the column "
        f"out with task.ignore = {column}, or, if it is what is to be predicted, set task.target = {column}."
    )


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
    (column,) = named_columns(names, [index])
    return shown(column) if isinstance(column, str) else str(column)


def named_columns(names: tuple[str, ...], columns: Iterable[int]) -> tuple[str | int, ...]:
    """Return headings of columns, or a column's number where its heading is empty or another's, too."""
    if not names:
        return tuple(columns)
    often = Counter(names)
    return tuple(
        names[index] if names[index].strip() and often[names[index]] == 1 else index for index in columns
    )


def display_names(names: tuple[str, ...], columns: Iterable[int]) -> tuple[str, ...]:
    """Return columns' names for display: headings, or `column 3` where a heading is ambiguous."""
    return tuple(
        printable(column) if isinstance(column, str) else f"column {column}"
        for column in named_columns(names, columns)
    )


def check_width(source: str, *, features: int, targets: int) -> None:
    """Refuse more features or targets than an example may have, before any is read."""
    for what, count in (("features", features), ("targets", targets)):
        if count > MAX_FEATURES:
            raise SpecError(f"{source}: has {count:,} {what}; at most {MAX_FEATURES:,} are allowed.")


def choose_columns(source: str, asked: AskedColumns, names: tuple[str, ...], width: int) -> ChosenColumns:
    """Return which of `width` columns are targets and which are inputs; by default the last is the target.

    Raises SpecError if a name matches no column or several, if no input is left, if there are too many, or if
    no target is named although a heading suggests a column other than the last.
    """
    left_out = set(_found(source, "ignore", asked.ignore, names, width))
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
    chosen = set(targets)
    inputs = [index for index in left if index not in chosen]
    if not inputs:
        every = f"it has {width} and all are targets" if len(left) == width else "the others are targets"
        raise SpecError(
            f"{source}: no column is left for the inputs: {every}; at least one must be an input."
        )
    check_width(source, features=len(inputs), targets=len(targets))
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
    often, places = Counter(names), {name: index for index, name in enumerate(names)}
    found = dict[int, None]()
    for item in wanted:
        where = f"{source}: {field} = {shown(item)}"
        if isinstance(item, str) and often[item] == 1:
            index = places[item]
        else:
            index = _numbered(where, item, names, width)
        if index in found:
            raise SpecError(
                f"{source}: {field} = {shown(asked)}: name {column_name(names, index)} only once."
            )
        found[index] = None
    return list(found)


def _numbered(where: str, item: str | int, names: tuple[str, ...], width: int) -> int:
    """Return the column of this number; refuse a name, which none or several have."""
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
    raise SpecError(f"{where}: {names.count(item)} columns have this heading; give the column's number.")


def _commas(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names[:MAX_LISTED])


# What the targets of a user's data mean: numbers, one of two classes, or one of many.


def task_of_kind(raw: RawData, kind: str) -> Task:
    """Make a task of the columns, of the kind asked for: "auto", "regression", "binary" or "classes"."""
    task = _one(raw, raw.targets[0], kind) if len(raw.targets) == 1 else _many(raw, kind)
    return replace(task, target_names=raw.target_names, input_columns=raw.input_columns)


def _one(raw: RawData, column: Column, kind: str) -> Task:
    if isinstance(column, list):
        return _labelled(raw, kind, *_texts(raw, column, kind))
    values = np.unique(column)
    if kind == "regression" or (kind == "auto" and values.tolist() != [0, 1]):
        return _numbers(raw, column[:, None])
    if kind == "classes" or len(values) == 2:
        _check_count(raw, len(values))
        # Two values are two classes of one target, unless "classes" is asked for.
        return _labelled(raw, kind, np.searchsorted(values, column), tuple(f"{value:g}" for value in values))
    raise SpecError(
        f"{raw.source}: kind = 'binary': the target has {len(values):,} different values; it must have two. "
        "Use kind = 'classes' or 'regression'."
    )


def _texts(
    raw: RawData, column: list[str], kind: str
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], tuple[str, ...]]:
    """Return the class of each label, and the sorted labels."""
    # What is asked of a label is asked once: a label of many letters may stand in a million rows.
    met = list(dict.fromkeys(column))
    for text in met:
        if len(text) > MAX_LETTERS:
            check_letters(raw.source, f"{raw.where(column.index(text))}: the target", text)
    if kind != "classes":
        _check_labels(raw, column, met)
    numeric = [number(text) is not None for text in met]
    if kind != "classes" and all(numeric):
        raise SpecError(
            f"{raw.source}: {raw.where(0)}: the target {shown(met[0])} is a text, as all others are. Save "
            "them as numbers, or, if they are labels, say kind = 'classes'."
        )
    if kind == "regression" or (kind == "auto" and any(numeric)):
        text = met[numeric.index(False)]
        cure = "" if kind == "regression" else " If the column holds labels, say kind = 'classes'."
        raise SpecError(
            f"{raw.source}: {raw.where(column.index(text))}: the target {shown(text)} is not a number"
            f"{', though others are' if any(numeric) else ''}.{cure}"
        )
    labels = sorted(met)
    _check_count(raw, len(labels))
    if kind == "binary" and len(labels) > 2:
        raise SpecError(
            f"{raw.source}: kind = 'binary': the target has {len(labels):,} different labels; it must have "
            "two. Use kind = 'classes'."
        )
    place = {label: index for index, label in enumerate(labels)}
    return np.array([place[label] for label in column]), tuple(labels)


def _check_labels(raw: RawData, column: list[str], met: list[str]) -> None:
    """Refuse text that doesn't seem to be a label: missing values, and numbers that were misread."""
    missing = next((text for text in met if is_missing(text)), None)
    if missing is not None:
        raise SpecError(
            f"{raw.source}: {raw.where(column.index(missing))}: the target is {shown(missing)}, a missing "
            "value. Fill it in, or leave this example out; if it is a label, say kind = 'classes'."
        )
    commas = [text for text in met if has_decimal_comma(text)]
    if raw.advice or commas == met:
        text = (commas or met)[0]
        raise SpecError(
            f"{raw.source}: {raw.where(column.index(text))}: the target {shown(text)} is not a number. If "
            f"the column holds labels, say kind = 'classes'.{raw.advice}"
        )


def _check_count(raw: RawData, count: int) -> None:
    if not 2 <= count <= MAX_CLASSES:
        raise SpecError(
            f"{raw.source}: the target has {count:,} class{'' if count == 1 else 'es'}; "
            f"it must have 2 to {MAX_CLASSES:,}."
        )


def _labelled(
    raw: RawData, kind: str, classes: np.ndarray[tuple[int], np.dtype[np.int64]], labels: tuple[str, ...]
) -> Task:
    # A few bytes a row in the file are a number for each class here.
    check_size(raw.source, f"a target for each of {len(labels):,} classes", len(labels) * len(classes))
    return classified(
        "file",
        raw.inputs,
        classes,
        count=len(labels),
        one_hot=kind == "classes",
        feature_names=raw.feature_names,
        class_names=tuple(map(printable, labels)),
    )


def _many(raw: RawData, kind: str) -> Task:
    columns = [column for column in raw.targets if not isinstance(column, list)]
    if len(columns) < len(raw.targets):
        raise texts_among_targets(raw.source, len(raw.targets))
    if kind == "binary":
        raise SpecError(
            f"{raw.source}: kind = 'binary': {len(columns)} columns are targets; there must be one."
        )
    targets = np.stack(columns, axis=1)
    one_hot = bool(np.isin(targets, (0, 1)).all() and (targets.sum(axis=1) == 1).all())
    if kind == "classes" and not one_hot:
        raise SpecError(
            f"{raw.source}: kind = 'classes': {len(columns)} columns are targets, but not every row has one "
            "1 among 0s; give one column of labels, or one-hot columns."
        )
    if one_hot and kind != "regression":
        return examples(
            "file",
            raw.inputs,
            targets,
            kind="classes",
            feature_names=raw.feature_names,
            class_names=raw.target_names,
        )
    return _numbers(raw, targets)


def _numbers(raw: RawData, targets: Array) -> Task:
    return examples("file", raw.inputs, targets, kind="regression", feature_names=raw.feature_names)
