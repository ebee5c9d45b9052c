"""Learning rate and momentum of every step, from the tables of ``maths``; on a plateau, of each network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from trainlab.engine.evaluation import Evaluation, History, runs_at
from trainlab.engine.layout import drawing_seeds, initial_parameters
from trainlab.engine.rng import seed_keys
from trainlab.engine.runs import NEVER, FloatArray, Runs, curve_rows, encode, recorded_epochs
from trainlab.engine.torch.draws import Disturbances, Examples
from trainlab.engine.torch.meter import Divergence, Meter
from trainlab.engine.torch.stack import Equaliser, Stack, StackedOptimizer, clipped, penalised
from trainlab.maths import learning_rates, momenta, plateau_start, plateau_step, warmup_factors
from trainlab.spec import Experiment, Patience, ReduceLROnPlateau, Stopping, StopSolved, name_of


class Rates:
    """Says what rate and momentum a step has; `rates_of_networks` whether each network has its own."""

    def __init__(self, experiment: Experiment, networks: int, *, dtype: str, device: str) -> None:
        self._lr = experiment.optimizer.lr
        self._place: dict[str, Any] = {"dtype": getattr(torch, dtype), "device": device}
        self._schedule = experiment.schedule
        self._rates: npt.NDArray[np.float64] | None = None
        self._momenta: npt.NDArray[np.float64] | None = None
        self._plateau = plateau_start(self._lr, networks)
        if not experiment.scheduled:
            return
        length = {"epochs": experiment.epochs, "steps_per_epoch": experiment.steps_per_epoch}
        warmup = msgspec.structs.asdict(experiment.warmup)
        if self.rates_of_networks:
            self._rates = warmup_factors(**length, **warmup)
            return
        settings = msgspec.structs.asdict(experiment.schedule)
        name = name_of(experiment.schedule)
        self._rates = learning_rates(name, lr=self._lr, **length, warmup=warmup, **settings)
        self._momenta = momenta(name, **length, **settings)

    @property
    def rates_of_networks(self) -> bool:
        """Whether each network has a rate of its own."""
        return isinstance(self._schedule, ReduceLROnPlateau)

    def at(self, step: int) -> float | torch.Tensor:
        """Return the learning rate of a step: a number, or ``[n, 1, 1]``."""
        if self.rates_of_networks:
            factor = 1.0 if self._rates is None else self._rates[step]
            return torch.as_tensor(self._plateau.rate * factor, **self._place)[:, None, None]
        return self._lr if self._rates is None else float(self._rates[step])

    def momentum_at(self, step: int) -> float | None:
        """Return the momentum of a step, or None if it doesn't cycle."""
        return None if self._momenta is None else float(self._momenta[step])

    def after_epoch(self, losses: npt.NDArray[Any]) -> None:
        """Tell a schedule that waits for a plateau the losses ``[n]`` after an epoch."""
        if isinstance(self._schedule, ReduceLROnPlateau):
            settings = msgspec.structs.asdict(self._schedule)
            settings.pop("on")
            self._plateau = plateau_step(self._plateau, losses, **settings)


# Which networks of a block are frozen: solved, or out of patience; and that they stay what they are.


class Stopper:
    """Watches a block's networks, epoch by epoch, and puts back those that are frozen after each step."""

    def __init__(self, rule: Stopping, parameters: Sequence[torch.Tensor]) -> None:
        networks = len(parameters[0])
        self.stopped_epoch = np.full(networks, NEVER, dtype=np.int64)
        self._rule = rule
        self._parameters = parameters
        self._best = np.full(networks, np.inf)
        self._waited = np.zeros(networks, dtype=np.int64)
        self._rows: torch.Tensor | None = None
        self._kept: list[torch.Tensor] = []

    def after_epoch(self, epoch: int, *, meter: Meter, found: npt.NDArray[np.bool_]) -> None:
        """Freeze what is to be frozen at this epoch; `found` are those a check just found solved, ``[n]``."""
        stops = self._stops(epoch, meter, found) & (self.stopped_epoch == NEVER)
        if not stops.any():
            return
        self.stopped_epoch[stops] = epoch
        rows = np.flatnonzero(self.stopped_epoch != NEVER)
        self._rows = torch.as_tensor(rows, device=str(self._parameters[0].device))
        self._kept = [parameter.detach()[self._rows] for parameter in self._parameters]

    def put_back(self) -> None:
        """Undo a step for the networks that are frozen."""
        if self._rows is None:
            return
        with torch.no_grad():
            for parameter, kept in zip(self._parameters, self._kept, strict=True):
                parameter.index_copy_(0, self._rows, kept)

    def _stops(self, epoch: int, meter: Meter, found: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        rule = self._rule
        if isinstance(rule, StopSolved):
            return found
        if not isinstance(rule, Patience) or epoch == 0 or epoch % rule.every:
            return np.zeros_like(found)
        loss = meter.loss(rule.on)
        # A loss that isn't a number is no improvement.
        better = loss < self._best - rule.min_delta
        self._waited = np.where(better, 0, self._waited + 1)
        self._best = np.where(better, loss, self._best)
        return self._waited >= rule.patience


# The training loop of one block of networks.


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Log:
    """What a block has recorded so far: losses of the networks `wanted`, gradients of the first `kept`.

    ``solved_epoch`` and ``solved_since`` are of all networks of the block: when each was first solved, and
    where the readings that are solved up to now begin, `NEVER` if the last wasn't.
    """

    wanted: slice
    kept: slice
    loss_curve: npt.NDArray[Any]
    gradient_curve: npt.NDArray[Any]
    solved_epoch: npt.NDArray[np.int64]
    solved_since: npt.NDArray[np.int64]
    at_marks: dict[int, Evaluation] = field(default_factory=dict[int, Evaluation])
    since_at_marks: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict[int, npt.NDArray[np.int64]])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Block:
    """The networks of a block, with everything that moves them."""

    experiment: Experiment
    stack: Stack
    meter: Meter
    optimizer: StackedOptimizer
    rates: Rates
    examples: Examples
    disturbances: Disturbances
    equaliser: Equaliser | None
    stopper: Stopper
    divergence: Divergence


def train_block(
    experiment: Experiment,
    seeds: range,
    *,
    start: FloatArray | None,
    wanted: range,
    marks: tuple[int, ...],
    dtype: str,
    device: str,
) -> tuple[Runs, ...]:
    """Train the networks of `seeds` and return the runs of those `wanted` at each mark.

    `start` has their parameters ``[n, P]`` at the beginning; without it they are drawn.
    """
    block = _build(experiment, seeds, start=start, dtype=dtype, device=device)
    rows = slice(wanted.start - seeds.start, wanted.stop - seeds.start)
    log = _log(experiment, wanted, rows, networks=len(seeds), dtype=dtype)
    for epoch in range(experiment.epochs + 1):
        found = _record(log, block, epoch)
        if epoch in marks:
            log.at_marks[epoch] = block.meter.evaluate(rows, block.examples.first_of_epoch(epoch))
            log.since_at_marks[epoch] = log.solved_since[rows].copy()
        block.stopper.after_epoch(epoch, meter=block.meter, found=found)
        running = bool((block.stopper.stopped_epoch[rows] == NEVER).any())
        if epoch < experiment.epochs and running:
            _train_epoch(block, epoch)
    history = History(
        loss_curve=log.loss_curve,
        gradient_curve=log.gradient_curve,
        coarse_loss=encode(log.loss_curve[len(log.gradient_curve) :]),
        solved_epoch=log.solved_epoch[rows],
        stopped_epoch=block.stopper.stopped_epoch[rows],
        diverged_step=block.divergence.first[rows],
    )
    return tuple(
        runs_at(
            mark,
            log.at_marks[mark],
            history,
            experiment=experiment,
            first_seed=wanted.start,
            solved_since=log.since_at_marks[mark],
        )
        for mark in marks
    )


def _build(
    experiment: Experiment, seeds: range, *, start: FloatArray | None, dtype: str, device: str
) -> Block:
    drawn = initial_parameters(experiment, seeds) if start is None else start
    stack = Stack.of(experiment, drawn, dtype=dtype, device=device)
    rates = Rates(experiment, len(seeds), dtype=dtype, device=device)
    data = experiment.data()
    keys = seed_keys(drawing_seeds(experiment, np.arange(seeds.start, seeds.stop, dtype=np.uint64)))
    return Block(
        experiment=experiment,
        stack=stack,
        meter=Meter.of(experiment, stack, dtype=dtype, device=device),
        optimizer=StackedOptimizer(
            experiment.optimizer, stack.parameters, rates_of_networks=rates.rates_of_networks
        ),
        rates=rates,
        examples=Examples(
            sampling=experiment.sampling,
            points=data.points,
            steps=experiment.steps_per_epoch,
            keys=keys,
            device=device,
        ),
        disturbances=Disturbances(
            std=experiment.noise.std,
            features=data.features,
            network=experiment.network,
            keys=keys,
            dtype=dtype,
            device=device,
        ),
        equaliser=Equaliser(stack) if experiment.gradient == "equalised" else None,
        stopper=Stopper(experiment.stopping, stack.parameters),
        divergence=Divergence(len(seeds)),
    )


def _log(experiment: Experiment, wanted: range, rows: slice, *, networks: int, dtype: str) -> Log:
    record, epochs = experiment.record, experiment.epochs
    curves = curve_rows(experiment, wanted)
    losses = len(recorded_epochs(record.loss_every, epochs))
    gradients = len(recorded_epochs(record.gradient_every, epochs))
    return Log(
        wanted=rows,
        kept=slice(rows.start, rows.start + curves),
        loss_curve=np.empty((len(wanted), losses), dtype=dtype),
        gradient_curve=np.empty((curves, gradients, experiment.network.layers), dtype=dtype),
        solved_epoch=np.full(networks, NEVER, dtype=np.int64),
        solved_since=np.full(networks, NEVER, dtype=np.int64),
    )


def _record(log: Log, block: Block, epoch: int) -> npt.NDArray[np.bool_]:
    """Record what falls due, and return which networks were just found solved for the first time."""
    meter, record = block.meter, block.experiment.record
    found = np.zeros(len(log.solved_epoch), dtype=np.bool_)
    if record.solved_every and epoch % record.solved_every == 0:
        solved = meter.solved()
        found = solved & (log.solved_epoch == NEVER)
        log.solved_epoch[found] = epoch
        log.solved_since[solved & (log.solved_since == NEVER)] = epoch
        log.solved_since[~solved] = NEVER
    if record.loss_every and epoch % record.loss_every == 0:
        log.loss_curve[:, epoch // record.loss_every] = meter.loss("train")[log.wanted]
    if len(log.gradient_curve) and record.gradient_every and epoch % record.gradient_every == 0:
        of_step = record.gradients == "step"
        gradient = meter.step_gradient(block.examples.first_of_epoch(epoch)) if of_step else meter.gradient()
        log.gradient_curve[:, epoch // record.gradient_every] = gradient[log.kept]
    return found


def _train_epoch(block: Block, epoch: int) -> None:
    first = epoch * block.experiment.steps_per_epoch
    for index, chosen in enumerate(block.examples.of_epoch(epoch)):
        _train_step(block, first + index, chosen)
    block.divergence.settle()
    block.meter.forget()
    schedule = block.experiment.schedule
    if isinstance(schedule, ReduceLROnPlateau):
        block.rates.after_epoch(block.meter.loss(schedule.on))


def _train_step(block: Block, step: int, chosen: torch.Tensor | None) -> None:
    experiment, stack = block.experiment, block.stack
    inputs, targets = block.meter.parts["train"]
    if chosen is None:
        x, y = inputs.expand(len(stack.weights[0]), -1, -1), targets[None]
    else:
        x, y = inputs[chosen], targets[chosen]
    noise = block.disturbances.noise(step, x.shape[1])
    x = x if noise is None else x + noise
    outputs = stack.forward(x, block.disturbances.masks(step, x.shape[1]))
    block.divergence.watch(step, outputs.detach())
    # Every network's loss counts once in the sum, so each gets the gradient of its own.
    loss = block.meter.criterion(outputs, y).sum()
    gradients = list(torch.autograd.grad(loss, stack.parameters))
    with torch.no_grad():
        gradients = penalised(gradients, stack.moving_weights, experiment.penalty)
        if block.equaliser is not None:
            gradients = block.equaliser.equalised(gradients)
        gradients = clipped(gradients, experiment.clip)
    block.optimizer.step(gradients, block.rates.at(step), block.rates.momentum_at(step))
    block.stopper.put_back()
