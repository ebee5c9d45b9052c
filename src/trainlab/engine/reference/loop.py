"""The reference engine's training loop: one network at a time, step by step, as a user would write it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import rng
from trainlab.engine.evaluation import Evaluation, History, runs_at
from trainlab.engine.layout import drawing_seeds
from trainlab.engine.reference.module import (
    Chosen,
    Equaliser,
    Meter,
    build_module,
    clip_gradients,
    equaliser_of,
    forget_frozen,
    penalty_of,
)
from trainlab.engine.reference.optimizers import build_optimizer
from trainlab.engine.runs import NEVER, Runs, curve_rows, encode
from trainlab.maths import SCHEDULES
from trainlab.maths.formula import evaluate_factor
from trainlab.spec import (
    Batch,
    CyclicLR,
    Experiment,
    Full,
    LambdaLR,
    MultiplicativeLR,
    NoSchedule,
    OneCycleLR,
    Patience,
    ReduceLROnPlateau,
    StopSolved,
    name_of,
)
from trainlab.spec.schedules import resolved

# What each training step sees: its examples, the noise on their inputs, and the masks of dropout.


Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The draws of one seed's training: every array is a function of experiment, seed and step alone."""

    experiment: Experiment
    seed: int
    dtype: str

    @cached_property
    def key(self) -> int:
        """The seed that is drawn from; see `rng.phase_seeds`."""
        return int(drawing_seeds(self.experiment, np.array([self.seed], dtype=np.uint64))[0])

    def examples(self, epoch: int) -> list[Indices | None]:
        """Return which examples each step of an epoch sees, ``[batch]``; None is all of them, in order."""
        experiment, points = self.experiment, self.experiment.data().points
        sampling, steps = experiment.sampling, experiment.steps_per_epoch
        if isinstance(sampling, Full):
            return [None]
        if isinstance(sampling, Batch) and not sampling.replacement:
            order = rng.shuffled(self.key, epoch=epoch, points=points)
            starts = range(0, steps * sampling.batch_size, sampling.batch_size)
            return [order[start : start + sampling.batch_size] for start in starts]
        size = sampling.batch_size if isinstance(sampling, Batch) else 1
        first = epoch * steps * size
        drawn = rng.batch_indices(self.key, first=first, count=steps * size, points=points)
        return list(drawn.reshape(steps, size))

    def first_examples(self, epoch: int) -> Indices | None:
        """Return which examples the first step of an epoch sees, whether there is such an epoch or not."""
        return self.examples(epoch)[0]

    def noise(self, step: int, slots: int) -> npt.NDArray[Any] | None:
        """Return what is added to the inputs, ``[slots, features]``; None if nothing is."""
        std = self.experiment.noise.std
        if not std:
            return None
        units = self.experiment.data().features
        drawn = rng.step_words(self.key, stream=rng.NOISE, step=step, slots=slots, units=units)
        return (std * rng.normals(drawn)).astype(self.dtype)

    def masks(self, step: int, slots: int) -> list[npt.NDArray[Any] | None]:
        """Return what each hidden layer's values are multiplied by, ``[slots, units]``; None: by 1."""
        network = self.experiment.network
        layers = list(zip(network.widths[1:-1], network.dropouts, strict=True))
        units = sum(width for width, p in layers if p)
        if not units:
            return [None] * len(layers)
        drawn = rng.step_words(self.key, stream=rng.DROPOUT, step=step, slots=slots, units=units)
        masks: list[npt.NDArray[Any] | None] = []
        first = 0
        for width, p in layers:
            if p:
                kept = rng.keeps(drawn[:, first : first + width], p)
                masks.append(np.where(kept, 1.0 / (1.0 - p), 0.0).astype(self.dtype))
                first += width
            else:
                masks.append(None)
        return masks


# Learning rate and momentum of every step, by the schedulers of torch.optim.lr_scheduler.


class Rates:
    """Sets an optimizer's learning rate, and its momentum where that cycles, before each step.

    The rate is the product of schedule and warmup, and torch's schedulers compute the next rate from the one
    that they find; so each moves an optimizer of its own, with one parameter that is never trained.
    """

    def __init__(self, torch: Any, experiment: Experiment, optimizer: Any) -> None:
        self._optimizer = optimizer
        self._schedule = experiment.schedule
        self._per = getattr(experiment.schedule, "per", "epoch")
        self._warmup_per = experiment.warmup.per
        # After the last step and epoch there is none whose rate could be asked for.
        steps = experiment.epochs * experiment.steps_per_epoch
        self._moves = {"step": steps - 1, "epoch": experiment.epochs - 1}
        self._shadow = _shadow(torch, optimizer.param_groups[0])
        self._scheduler = (
            None if isinstance(self._schedule, NoSchedule) else _scheduler(torch, experiment, self._shadow)
        )
        self._warmup = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        self._warmer = None
        if experiment.warmup.total_iters:
            self._warmer = torch.optim.lr_scheduler.LinearLR(
                self._warmup,
                start_factor=experiment.warmup.start_factor,
                end_factor=1.0,
                total_iters=experiment.warmup.total_iters,
            )

    def apply(self) -> None:
        """Give the optimizer what the next step has."""
        if self._scheduler is None and self._warmer is None:
            return
        group, shadow = self._optimizer.param_groups[0], self._shadow.param_groups[0]
        group["lr"] = shadow["lr"] * self._warmup.param_groups[0]["lr"]
        if isinstance(self._schedule, CyclicLR | OneCycleLR) and self._schedule.cycle_momentum:
            if "betas" in group:
                group["betas"] = (shadow["betas"][0], group["betas"][1])
            else:
                group["momentum"] = shadow["momentum"]

    def after_step(self) -> None:
        """Move on what moves with every step."""
        self._advance("step")

    def after_epoch(self) -> None:
        """Move on what moves with every epoch."""
        self._advance("epoch")

    def after_reading(self, loss: float) -> None:
        """Tell a schedule that waits for a plateau the loss after an epoch."""
        if isinstance(self._schedule, ReduceLROnPlateau) and self._scheduler is not None:
            self._scheduler.step(loss)

    def _advance(self, per: str) -> None:
        if not self._moves[per]:
            return
        self._moves[per] -= 1
        scheduled = self._scheduler is not None and not isinstance(self._schedule, ReduceLROnPlateau)
        if scheduled and self._per == per:
            self._shadow.step()
            self._scheduler.step()  # type: ignore[union-attr]
        if self._warmer is not None and self._warmup_per == per:
            self._warmup.step()
            self._warmer.step()


def _shadow(torch: Any, group: dict[str, Any]) -> Any:
    """Return an optimizer of nothing with the same rate, and the same kind of momentum."""
    nothing = [torch.zeros(1)]
    if "betas" in group:
        return torch.optim.Adam(nothing, lr=group["lr"], betas=group["betas"])
    return torch.optim.SGD(nothing, lr=group["lr"], momentum=group.get("momentum", 0.0))


def _scheduler(torch: Any, experiment: Experiment, shadow: Any) -> Any:
    schedule = resolved(
        experiment.schedule, epochs=experiment.epochs, steps_per_epoch=experiment.steps_per_epoch
    )
    kind = getattr(torch.optim.lr_scheduler, str(SCHEDULES[name_of(schedule)].torch_class))
    if isinstance(schedule, LambdaLR | MultiplicativeLR):
        factor = schedule.factor

        def at(t: int) -> float:
            return float(evaluate_factor(factor, np.array([float(t)]))[0])

        return kind(shadow, lr_lambda=at)
    settings = msgspec.structs.asdict(schedule)
    settings.pop("per", None)
    settings.pop("on", None)
    return kind(shadow, **settings)


# When a network is frozen: solved, or out of patience.


class Stopper:
    """Watches one network, epoch by epoch."""

    def __init__(self, experiment: Experiment) -> None:
        self._rule = experiment.stopping
        self._best = math.inf
        self._waited = 0

    def stops(self, epoch: int, *, meter: Meter, module: Any, solved: bool) -> bool:
        """Return whether the network is to be frozen at this epoch; `solved` if a check just found it so."""
        if isinstance(self._rule, StopSolved):
            return solved
        if not isinstance(self._rule, Patience) or epoch == 0 or epoch % self._rule.every:
            return False
        loss = meter.loss(module, self._rule.on)
        # A loss that isn't a number is no improvement.
        better = loss < self._best - self._rule.min_delta
        self._waited = 0 if better else self._waited + 1
        self._best = loss if better else self._best
        return self._waited >= self._rule.patience


# The training loop of one network.


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
