# pyright: basic
"""A recorded training as an experiment, proven by replaying it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.diagnosis.lift.experiment import Draft, draft_of, same_data, task_of
from trainlab.diagnosis.lift.recording import Array, Recording, Refused
from trainlab.engine.reference import build_module, build_optimizer
from trainlab.engine.reference.module import build_criterion, predictions_of
from trainlab.spec import Experiment, Full

# The proof of a lift: begun with the script's own weights and batches, the experiment gives its losses.


TOLERANCE = {"float32": 1e-3, "float64": 1e-8}
"""The largest difference of two losses, divided by the larger of the script's and `FLOOR` times its first."""
FLOOR = 1e-3
MOST_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """How the replay went: steps compared, the largest relative difference, and what it ended with.

    `loss`, `accuracy` and `squared`, the mean squared error of the predictions, are over all the data after
    the last step; None where the replay stopped before it.
    """

    steps: int
    difference: float
    tolerance: float
    loss: float | None
    accuracy: float | None
    squared: float | None
    seconds: float

    @property
    def agrees(self) -> bool:
        """Whether every compared loss is the script's."""
        return self.difference <= self.tolerance


def replay(recording: Recording, experiment: Experiment, *, targets: Any) -> Replayed:
    """Train the experiment with what the script drew; `targets` ``[rows, outputs]`` are those of all rows."""
    import torch

    dtype = str(recording.first[recording.layers[0].weight].dtype)
    if dtype not in TOLERANCE:
        raise Refused(f"its weights are {dtype}")
    started = time.monotonic()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        module = build_module(torch, experiment, 0, dtype)
        _load(torch, module, recording)
        optimizer = build_optimizer(torch, experiment, module)
        criterion = build_criterion(torch, experiment.loss)
        x, y = (torch.from_numpy(np.ascontiguousarray(v, dtype=dtype)) for v in (recording.inputs, targets))
        worst, done, floor = 0.0, 0, FLOOR * abs(recording.losses[0])
        for rows, said in zip(recording.each, recording.losses, strict=True):
            chosen = torch.from_numpy(rows)
            optimizer.zero_grad()
            loss = criterion(module(x[chosen]), y[chosen])
            worst = max(worst, _difference(float(loss.detach()), said, floor))
            done += 1
            if worst > TOLERANCE[dtype] or time.monotonic() - started > MOST_SECONDS:
                break
            loss.backward()
            optimizer.step()
        whole = done == recording.steps and worst <= TOLERANCE[dtype]
        end = _end(torch, module, experiment, criterion, x, y, recording) if whole else (None, None, None)
    finally:
        torch.set_num_threads(threads)
    return Replayed(
        steps=done,
        difference=worst,
        tolerance=TOLERANCE[dtype],
        loss=end[0],
        accuracy=end[1],
        squared=end[2],
        seconds=time.monotonic() - started,
    )


def _load(torch: Any, module: Any, recording: Recording) -> None:
    linears = [part for part in module if isinstance(part, torch.nn.Linear)]
    with torch.no_grad():
        for linear, layer in zip(linears, recording.layers, strict=True):
            linear.weight.copy_(torch.from_numpy(recording.first[layer.weight]))
            if layer.bias is not None:
                linear.bias.copy_(torch.from_numpy(recording.first[layer.bias]))


def _difference(ours: float, said: float, floor: float) -> float:
    if not np.isfinite(said) or not np.isfinite(ours):
        return 0.0 if np.isfinite(said) == np.isfinite(ours) else float("inf")
    return abs(ours - said) / max(abs(said), floor, 1e-30)


def _end(
    torch: Any, module: Any, experiment: Experiment, criterion: Any, x: Any, y: Any, recording: Recording
) -> Any:
    """Return loss, accuracy and squared error over the data, a row as often as it is there."""
    rows = torch.from_numpy(np.unique(recording.batches))
    with torch.no_grad():
        outputs = module(x[rows])
        predictions = predictions_of(torch, experiment.loss, outputs)
        loss = float(criterion(outputs, y[rows]))
        squared = float(((predictions - y[rows]) ** 2).mean())
    if experiment.data().kind == "regression":
        return loss, None, squared
    if y.shape[1] > 1:
        right = predictions.argmax(1) == y[rows].argmax(1)
    else:
        right = (predictions > 0.5) == (y[rows] > 0.5)
    return loss, float(right.float().mean()), squared


# Try to lift a training: the script's own run and those of two other seeds must be one experiment.


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
    return replace(lift, replayed=tuple(replayed))


def _begins_as(own: Recording, other: Recording) -> bool:
    """Whether two runs were given the same rows in the same order, as far as one epoch and `MANY` rows go."""
    mine, its = (np.array(run.keys)[run.batches[:MANY]] for run in (own, other))
    return np.array_equal(mine, its)


def _rows(draft: Draft, recording: Recording) -> Array:
    """Return the targets of every different row, in the order in which rows are numbered."""
    targets = np.empty((len(recording.inputs), draft.targets.shape[1]))
    targets[draft.order.data] = draft.targets
    return targets
