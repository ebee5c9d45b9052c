"""Training and held-out examples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trainlab.errors import SpecError
from trainlab.tasks.draws import shuffled
from trainlab.tasks.task import Task

if TYPE_CHECKING:
    from trainlab.spec.tasks import Split


def parted(task: Task, split: Split) -> Task:
    """Hold out a share of the examples, drawn by the split's seed; both parts keep the drawn order.

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
