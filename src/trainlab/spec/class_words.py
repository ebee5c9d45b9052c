"""What messages say of a task's inputs and classes, and which numbers of a file look like classes."""

from __future__ import annotations

import numpy as np

from trainlab.spec.tasks import File, TaskSpec
from trainlab.tasks import Task

MAX_LISTED = 12
"""The most classes that a message names, and the most different numbers that look like classes."""


def outputs_words(task: TaskSpec, data: Task) -> str:
    """Return why the task has as many targets as it has, as the end of a sentence, and what may help."""
    if data.kind == "classes" and data.class_names:
        names = ", ".join(repr(name) for name in data.class_names[:MAX_LISTED])
        more = f" and {data.outputs - MAX_LISTED:,} more" if data.outputs > MAX_LISTED else ""
        return f", one for each of its classes: {names}{more}."
    return f". {class_words(task, data)}".rstrip(" ")


def inputs_words(data: Task) -> str:
    """Return which inputs a task has, as the end of a sentence."""
    if not data.feature_names:
        return "."
    names = ", ".join(repr(name) for name in data.feature_names[:MAX_LISTED])
    more = f" and {data.features - MAX_LISTED:,} more" if data.features > MAX_LISTED else ""
    return f", one for each of its inputs: {names}{more}."


def one_output_words(task: TaskSpec, data: Task) -> str:
    """Return what to do where classes are asked for and the task has one target, as the end of a sentence."""
    meant = class_words(task, data)
    if meant:
        return f". {meant}"
    as_classes = "task.kind = 'classes'" if isinstance(task, File) else "a task with one_hot = true"
    return f"; use 'bce_with_logits', or {as_classes}."


def class_words(task: TaskSpec, data: Task) -> str:
    """Return what to set where a file's targets, taken for numbers, are a few whole ones; "" elsewhere."""
    if not isinstance(task, File) or data.kind != "regression" or data.outputs != 1:
        return ""
    values = np.unique(np.concatenate([data.targets, data.held_out_targets]))
    if not 2 <= len(values) <= MAX_LISTED or (values != np.round(values)).any():
        return ""
    *most, last = (f"{value:g}" for value in values)
    kind = "'binary' or 'classes'" if len(values) == 2 else "'classes'"
    return (
        f"Its targets, {', '.join(most)} and {last}, are taken for numbers; if they are classes, set "
        f"task.kind = {kind}."
    )
