"""What the targets of a user's data mean: numbers, one of two classes, or one of many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trainlab.errors import SpecError, printable, shown
from trainlab.tasks.csv_format import has_decimal_comma
from trainlab.tasks.raw_data import Column, RawData, is_missing, number
from trainlab.tasks.task import MAX_CLASSES, MAX_FEATURES, Array, Task, classified, examples


def task_of_kind(raw: RawData, kind: str) -> Task:
    """Make a task of the columns, of the kind asked for: "auto", "regression", "binary" or "classes"."""
    for what, count in (("features", raw.inputs.shape[1]), ("targets", len(raw.targets))):
        if count > MAX_FEATURES:
            raise SpecError(f"{raw.source}: has {count:,} {what}; at most {MAX_FEATURES:,} are allowed.")
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
    if kind != "classes":
        _check_labels(raw, column)
    numeric = [number(text) is not None for text in column]
    if kind == "regression" or (kind == "auto" and any(numeric)):
        row = numeric.index(False)
        cure = "" if kind == "regression" else " If the column holds labels, say kind = 'classes'."
        raise SpecError(
            f"{raw.source}: {raw.where(row)}: the target {shown(column[row])} is not a number"
            f"{', though others are' if any(numeric) else ''}.{cure}"
        )
    labels = sorted(set(column))
    _check_count(raw, len(labels))
    if kind == "binary" and len(labels) > 2:
        raise SpecError(
            f"{raw.source}: kind = 'binary': the target has {len(labels):,} different labels; it must have "
            "two. Use kind = 'classes'."
        )
    place = {label: index for index, label in enumerate(labels)}
    return np.array([place[label] for label in column]), tuple(labels)


def _check_labels(raw: RawData, column: list[str]) -> None:
    """Refuse text that doesn't seem to be a label: missing values, and numbers that were misread."""
    missing = next((row for row, text in enumerate(column) if is_missing(text)), None)
    if missing is not None:
        raise SpecError(
            f"{raw.source}: {raw.where(missing)}: the target is {shown(column[missing])}, a missing value. "
            "Fill it in, or leave this example out; if it is a label, say kind = 'classes'."
        )
    comma = next((row for row, text in enumerate(column) if has_decimal_comma(text)), None)
    if raw.advice or (comma is not None and all(map(has_decimal_comma, column))):
        row = comma or 0
        raise SpecError(
            f"{raw.source}: {raw.where(row)}: the target {shown(column[row])} is not a number. If the column "
            f"holds labels, say kind = 'classes'.{raw.advice}"
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
        raise SpecError(
            f"{raw.source}: {len(raw.targets)} columns are targets and some hold texts; texts are classes, "
            "which need a single column."
        )
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
