"""The training loop of one network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainlab.engine.bfloat16 import encode
from trainlab.engine.evaluation import Evaluation, History, runs_at
from trainlab.engine.reference.draws import Steps
from trainlab.engine.reference.gradients import (
    Equaliser,
    clip_gradients,
    equaliser_of,
    forget_frozen,
    penalty_of,
)
from trainlab.engine.reference.learning_rates import Rates
from trainlab.engine.reference.meter import Chosen, Meter
from trainlab.engine.reference.module import build_module
from trainlab.engine.reference.optimizers import build_optimizer
from trainlab.engine.reference.stopping import Stopper
from trainlab.engine.runs import NEVER, Runs, curve_rows
from trainlab.spec import Experiment, ReduceLROnPlateau


@dataclass(kw_only=True, slots=True, eq=False)
class Log:
    """What one training has recorded so far.

    ``solved_since`` is where the readings that are solved up to now begin, `NEVER` if the last wasn't.
    """

    loss_curve: list[float] = field(default_factory=list[float])
    gradient_curve: list[list[float]] = field(default_factory=list[list[float]])
    at_marks: dict[int, Evaluation] = field(default_factory=dict[int, Evaluation])
    solved_epoch: int = NEVER
    solved_since: int = NEVER
    since_at_marks: dict[int, int] = field(default_factory=dict[int, int])
    stopped_epoch: int = NEVER
    diverged_step: int = NEVER


def train_one(
    torch: Any, experiment: Experiment, seed: int, *, start: Any, marks: tuple[int, ...], dtype: str
) -> tuple[Runs, ...]:
    """Train one network from one seed and return its runs at each mark, each with one row.

    `start` has the parameters ``[P]`` to begin with, or None: they are drawn.
    """
    log, meter = Log(), Meter.of(torch, experiment, dtype)
    module = build_module(torch, experiment, seed, dtype, start=start)
    optimizer = build_optimizer(torch, experiment, module)
    rates, stopper = Rates(torch, experiment, optimizer), Stopper(experiment)
    steps = Steps(experiment=experiment, seed=seed, dtype=dtype)
    equaliser = equaliser_of(torch, experiment, module)
    for epoch in range(experiment.epochs + 1):
        _record(log, meter, module, steps, epoch, marks)
        if log.stopped_epoch == NEVER:
            found = log.solved_epoch == epoch
            if stopper.stops(epoch, meter=meter, module=module, solved=found):
                log.stopped_epoch = epoch
        if epoch == experiment.epochs:
            break
        if log.stopped_epoch == NEVER:
            train_epoch(log, meter, module, optimizer, rates, steps, epoch, equaliser)
    return tuple(_runs(log, experiment, seed, mark, dtype) for mark in marks)


def _record(log: Log, meter: Meter, module: Any, steps: Steps, epoch: int, marks: tuple[int, ...]) -> None:
    record = meter.experiment.record
    due = record.solved_every and epoch % record.solved_every == 0
    if due:
        _note_solved(log, epoch, meter.solved(module))
    if record.gradient_every and epoch % record.gradient_every == 0:
        chosen = steps.first_examples(epoch) if record.gradients == "step" else None
        log.gradient_curve.append(meter.gradient(module, chosen))
    if record.loss_every and epoch % record.loss_every == 0:
        log.loss_curve.append(meter.loss(module, "train"))
    if epoch in marks:
        log.at_marks[epoch] = meter.evaluate(module, steps.first_examples(epoch))
        log.since_at_marks[epoch] = log.solved_since


def _note_solved(log: Log, epoch: int, solved: bool) -> None:
    if not solved:
        log.solved_since = NEVER
    elif log.solved_since == NEVER:
        log.solved_since = epoch
    if solved and log.solved_epoch == NEVER:
        log.solved_epoch = epoch


def backpropagate(
    torch: Any,
    meter: Meter,
    module: Any,
    optimizer: Any,
    steps: Steps,
    *,
    step: int,
    chosen: Chosen,
    equaliser: Equaliser | None = None,
) -> Any:
    """Give the parameters their gradients in one training step, clipped, and return its outputs.

    Frozen layers have none. Without an `equaliser` they are the loss's own.
    """
    optimizer.zero_grad()
    loss, outputs = penalised_loss(torch, meter, module, steps, step=step, chosen=chosen)
    loss.backward()
    experiment = meter.experiment
    forget_frozen(torch, module, experiment.frozen)
    if equaliser is not None:
        equaliser.equalise()
    clip_gradients(torch, experiment, module)
    return outputs


def penalised_loss(
    torch: Any, meter: Meter, module: Any, steps: Steps, *, step: int, chosen: Chosen
) -> tuple[Any, Any]:
    """Return what a training step makes smaller, and its outputs; `chosen` are its examples, None for all."""
    inputs, targets = meter.parts["train"]
    x, y = (inputs, targets) if chosen is None else (inputs[chosen], targets[chosen])
    noise = steps.noise(step, len(x))
    x = x if noise is None else x + torch.from_numpy(noise)
    masks = [None if mask is None else torch.from_numpy(mask) for mask in steps.masks(step, len(x))]
    outputs = module(x, masks)
    return meter.criterion(outputs, y) + penalty_of(torch, meter.experiment, module), outputs


def train_epoch(
    log: Log,
    meter: Meter,
    module: Any,
    optimizer: Any,
    rates: Rates,
    steps: Steps,
    epoch: int,
    equaliser: Equaliser | None,
) -> None:
    """Take the steps of one epoch."""
    torch, experiment = meter.torch, meter.experiment
    for index, chosen in enumerate(steps.examples(epoch)):
        step = epoch * experiment.steps_per_epoch + index
        outputs = backpropagate(
            torch, meter, module, optimizer, steps, step=step, chosen=chosen, equaliser=equaliser
        )
        if log.diverged_step == NEVER and not bool(torch.isfinite(outputs).all()):
            log.diverged_step = step
        rates.apply()
        optimizer.step()
        rates.after_step()
    rates.after_epoch()
    if isinstance(experiment.schedule, ReduceLROnPlateau):
        rates.after_reading(meter.loss(module, experiment.schedule.on))


def _runs(log: Log, experiment: Experiment, seed: int, mark: int, dtype: str) -> Runs:
    layers = experiment.network.layers
    curve, kept = np.array([log.loss_curve], dtype=dtype), curve_rows(experiment, range(seed, seed + 1))
    history = History(
        loss_curve=curve,
        gradient_curve=np.array(log.gradient_curve, dtype=dtype).reshape(1, -1, layers),
        coarse_loss=encode(curve[kept:]),
        solved_epoch=np.array([log.solved_epoch]),
        stopped_epoch=np.array([log.stopped_epoch]),
        diverged_step=np.array([log.diverged_step]),
    )
    return runs_at(
        mark,
        log.at_marks[mark],
        history,
        experiment=experiment,
        first_seed=seed,
        solved_since=np.array([log.since_at_marks[mark]]),
    )
