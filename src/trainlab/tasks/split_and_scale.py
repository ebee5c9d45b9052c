"""Hold out examples, and scale columns by statistics of the training examples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trainlab.errors import SpecError
from trainlab.tasks.random_numbers import shuffled
from trainlab.tasks.task import Array, Task

if TYPE_CHECKING:
    from trainlab.spec.tasks import Scaling, Split


def parted(task: Task, split: Split) -> Task:
    """Hold out a share of the examples, drawn with the split's seed; both parts keep the drawn order.

    The held-out part has ``round(held_out · points)`` examples, halves rounded up.
    """
    if split.held_out == 0:
        return task
    count = int(split.held_out * task.points + 0.5)
    if not 1 <= count < task.points:
        raise SpecError(
            f"split.held_out = {split.held_out}: would hold out {count:,} of the {task.points:,} examples of "
            f"{task.name!r}; at least one must be held out and one trained on. "
            "Change held_out or add examples."
        )
    order = shuffled(split.seed, task.points)
    held, kept = order[:count], order[count:]
    return replace(
        task,
        inputs=task.inputs[kept],
        targets=task.targets[kept],
        held_out_inputs=task.inputs[held],
        held_out_targets=task.targets[held],
    )


def scaled(task: Task, scaling: Scaling) -> Task:
    """Scale the columns of inputs and targets; held-out examples are scaled by the same numbers."""
    if scaling.targets != "none" and task.kind != "regression":
        raise SpecError(
            f"scaling.targets = {scaling.targets!r}: the targets of {task.name!r} are classes, which must "
            "stay 0 and 1; leave scaling.targets out."
        )
    inputs, held_out_inputs = _columns("inputs", scaling.inputs, task.inputs, task.held_out_inputs)
    targets, held_out_targets = _columns("targets", scaling.targets, task.targets, task.held_out_targets)
    return replace(
        task,
        inputs=inputs,
        targets=targets,
        held_out_inputs=held_out_inputs,
        held_out_targets=held_out_targets,
    )


def _columns(field: str, how: str, train: Array, held_out: Array) -> tuple[Array, Array]:
    if how == "none":
        return train, held_out
    low: Array = train.min(axis=0)
    high: Array = train.max(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        # As scikit-learn's StandardScaler and MinMaxScaler do it.
        shift: Array = train.mean(axis=0) if how == "standard" else low
        spread: Array = train.std(axis=0) if how == "standard" else high - low
        # Compare minimum and maximum: the deviation of a constant column may be a rounding error, not 0.
        constant = (low == high) | (spread == 0)
        shift, spread = np.where(low == high, low, shift), np.where(constant, 1.0, spread)
        parts = (train - shift) / spread, (held_out - shift) / spread
    if not all(np.isfinite(part).all() for part in parts):
        raise SpecError(
            f"scaling.{field} = {how!r}: numbers are too large to be scaled in double precision; "
            "divide them first."
        )
    return parts
