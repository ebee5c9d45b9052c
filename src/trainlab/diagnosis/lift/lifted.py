"""Try to lift a training: the script's own run and those of two other seeds must be one experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.diagnosis.lift.experiment import Draft, draft_of, same_data, task_of
from trainlab.diagnosis.lift.recording import Array, Recording, Refused
from trainlab.diagnosis.lift.replay import Replayed, replay
from trainlab.spec import Experiment, Full

MANY = 1000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lift:
    """The experiment, its data, and how the replays of its own run and of others compared."""

    experiment: Experiment
    inputs: Array
    targets: Array
    replayed: tuple[Replayed, ...]
    judges_other_rows: bool

    @property
    def difference(self) -> float:
        """The largest relative difference of any loss."""
        return max(one.difference for one in self.replayed)

    @property
    def steps(self) -> int:
        """How many losses were compared."""
        return sum(one.steps for one in self.replayed)

    def checks(self) -> dict[str, Any]:
        """Return what was shown, as JSON has it."""
        return {
            "runs": len(self.replayed),
            "steps": self.steps,
            "largest_relative_difference": self.difference,
            "tolerance": self.replayed[0].tolerance,
        }


def lift_own(recording: Recording, *, folder: str | Path) -> Lift:
    """Lift the script's own run; raise Refused with the reason where that can't be done.

    A file with its data is written into `folder`, unless a built-in task has them.
    """
    draft = draft_of(recording)
    task = task_of(draft.inputs, draft.targets, folder=folder)
    tried: list[tuple[Experiment, Replayed]] = []
    for loss in draft.losses:
        experiment = draft.experiment(loss, task)
        tried.append((experiment, replay(recording, experiment, targets=_rows(draft, recording))))
        if tried[-1][1].agrees:
            break
    experiment, replayed = tried[-1]
    if not replayed.agrees:
        raise Refused(
            "the experiment begun with the script's own weights and batches has another loss curve, "
            f"from step {replayed.steps:,} on"
        )
    return Lift(
        experiment=experiment,
        inputs=draft.inputs,
        targets=draft.targets,
        replayed=(replayed,),
        judges_other_rows=recording.judges_other_rows,
    )


def with_others(lift: Lift, own: Recording, others: Sequence[Recording]) -> Lift:
    """Return the lift checked on other seeds, too; raise Refused where the seed changes too much."""
    mine, replayed = draft_of(own), list(lift.replayed)
    for other in others:
        if not other.refused and other.steps != own.steps:
            raise Refused(f"the number of steps depends on the seed ({own.steps:,}, {other.steps:,})")
        draft = draft_of(other)
        if draft.fields != mine.fields or draft.losses != mine.losses:
            raise Refused("another seed makes it another training")
        if not same_data(own, other):
            raise Refused("its data are drawn anew with each seed")
        replayed.append(replay(other, lift.experiment, targets=_rows(draft, other)))
        if not replayed[-1].agrees:
            raise Refused("with another seed the loss curves differ")
    if not isinstance(lift.experiment.sampling, Full) and all(_begins_as(own, other) for other in others):
        raise Refused("its batches come in the same order with every seed")
    if all((other.first[name] == own.first[name]).all() for other in others for name in own.first):
        raise Refused("its first weights are the same with every seed")
    return Lift(
        experiment=lift.experiment,
        inputs=lift.inputs,
        targets=lift.targets,
        replayed=tuple(replayed),
        judges_other_rows=lift.judges_other_rows,
    )


def _begins_as(own: Recording, other: Recording) -> bool:
    """Whether two runs were given the same rows in the same order, as far as one epoch and `MANY` rows go."""
    mine, its = (np.array(run.keys)[run.batches[:MANY]] for run in (own, other))
    return np.array_equal(mine, its)


def _rows(draft: Draft, recording: Recording) -> Array:
    """Return the targets of every different row, in the order in which rows are numbered."""
    targets = np.empty((len(recording.inputs), draft.targets.shape[1]))
    targets[draft.order.data] = draft.targets
    return targets
