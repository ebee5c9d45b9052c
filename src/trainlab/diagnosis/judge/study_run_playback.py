# pyright: basic
"""A run of an experiment as a PyTorch training under the probe: played back from its trail, or trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from trainlab.diagnosis.observed.losses import LossCurve, LossRecord
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.torch_names import BY_HAND
from trainlab.diagnosis.probe.fits import Fits
from trainlab.diagnosis.probe.probe import Probe
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.trainings import is_compared, is_sampled
from trainlab.engine import Engine, Runs
from trainlab.engine.layout import layers_of, starting_parameters
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.reference.loop import (
    Chosen,
    Log,
    Rates,
    Steps,
    backpropagate,
    penalised_loss,
    train_epoch,
)
from trainlab.engine.reference.module import Meter, build_module, equaliser_of
from trainlab.engine.reference.optimizers import build_optimizer
from trainlab.maths import OPTIMIZERS
from trainlab.spec import Batch, Experiment, NoStopping, Record, ReduceLROnPlateau, Single, Warmup, name_of
from trainlab.spec.schedules import resolved

# A run of an experiment trained once more by the engine that recorded it, its weights read at many steps.

Row = npt.NDArray[np.floating]

EVERY_LOSS = 4095
"""Of a training of so many steps every loss is looked at, as a probe keeps them."""
FIRST_LOSSES = 200
"""Of a longer one, so many of the first."""
MOST_NUMBERS = 20_000_000
"""As many weights are read, over all the steps, 80 MB in single precision."""
READING = 4
"""Reading the network's answers may take so many times as long as the training itself."""
SMALL = 1_000_000
"""A million examples are read in a moment, however short the training was."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trail:
    """The weights ``[P]`` of one run before its steps, by the step's number; the last are those at the end.

    `experiment` has epochs of one step. `closely` are the steps that are looked at closely: the weights after
    each of them are there, too. `ends_as_recorded`: the loss at the end, and the weights if they were kept,
    are to the bit those of the record.
    """

    experiment: Experiment
    seed: int
    weights: dict[int, Row]
    closely: tuple[int, ...]
    ends_as_recorded: bool

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return self.experiment.epochs

    @property
    def end(self) -> Row:
        """The weights after the last step."""
        return self.weights[self.steps]


def trail_of(run: Runs, engine: Engine) -> Trail | None:
    """Return the trail of one run, ``Runs`` of a single seed; None if it can't be read step by step.

    It can where a training whose epochs have one step is the same training, and reading it is no more work
    than the training by far.
    """
    experiment = step_by_step(run)
    if experiment is None:
        return None
    closely = _closely(experiment.epochs, int(run.diverged_step[0]))
    wanted = {0, experiment.epochs, *closely, *(step + 1 for step in closely)}
    wanted |= set(range(experiment.epochs if experiment.epochs <= EVERY_LOSS else FIRST_LOSSES))
    if _is_costly(experiment, len(wanted)):
        return None
    marks = tuple(sorted(wanted - {0}))
    read = engine.train(experiment, run.seeds, marks=marks)
    weights: dict[int, Row] = {mark: runs.parameters[0] for mark, runs in zip(marks, read, strict=True)}
    weights[0] = starting_parameters(engine, experiment, run.seeds)[0].astype(run.loss.dtype)
    return Trail(
        experiment=experiment,
        seed=run.first_seed,
        weights=weights,
        closely=closely,
        ends_as_recorded=_same(read[-1], run),
    )


def _same(again: Runs, run: Runs) -> bool:
    kept = run.parameters.shape[1] > 0
    return np.array_equal(again.loss, run.loss, equal_nan=True) and (
        not kept or np.array_equal(again.parameters, run.parameters, equal_nan=True)
    )


def step_by_step(run: Runs) -> Experiment | None:
    """Return the same training, as far as it went, with epochs of one step; None if there is no such."""
    experiment = run.experiment
    steps, per_epoch = experiment.epochs, experiment.steps_per_epoch
    if 0 <= int(run.stopped_epoch[0]) < experiment.epochs:
        steps = int(run.stopped_epoch[0])
    schedule = resolved(experiment.schedule, epochs=experiment.epochs, steps_per_epoch=per_epoch)
    if steps == 0 or isinstance(schedule, ReduceLROnPlateau):
        return None
    # What a step makes of its gradient depends on all steps before it, most of which aren't read.
    if experiment.gradient == "equalised":
        return None
    changed = msgspec.structs.replace(
        experiment,
        epochs=steps * per_epoch,
        schedule=schedule,
        stopping=NoStopping(),
        record=Record(loss_every=0, gradient_every=0, solved_every=0, curves=0, predictions=0),
    )
    if per_epoch == 1:
        return changed
    if not isinstance(_sampling(experiment), Single) or _moves_by_epoch(experiment):
        return None
    return msgspec.structs.replace(changed, sampling=Single(steps_per_epoch=1))


def _sampling(experiment: Experiment) -> object:
    """Return the sampling; batches of one, drawn with replacement, are single examples."""
    sampling = experiment.sampling
    alone = isinstance(sampling, Batch) and sampling.replacement and sampling.batch_size == 1
    return Single() if alone else sampling


def _moves_by_epoch(experiment: Experiment) -> bool:
    warms = experiment.warmup != Warmup() and experiment.warmup.per == "epoch"
    return warms or getattr(experiment.schedule, "per", "step") == "epoch"


def _closely(steps: int, diverged: int) -> tuple[int, ...]:
    """Return the steps that a probe looks at closely, and those around the first output that isn't finite."""
    there = {step for step in range(steps) if is_sampled(step) or is_compared(step)}
    around = range(diverged - 1, diverged + 2) if diverged >= 0 else ()
    return tuple(sorted(there | {step for step in around if 0 <= step < steps}))


def _is_costly(experiment: Experiment, readings: int) -> bool:
    trained = experiment.epochs * experiment.examples_per_step
    return (
        readings * experiment.network.parameters > MOST_NUMBERS
        or readings * experiment.data().points > READING * trained + SMALL
    )


READINGS = 60
"""How often all examples are read, evenly over a training."""


def play(trail: Trail) -> tuple[TrainingRecord, LossRecord]:
    """Return what the probe sees of the run in those steps that it would have looked at.

    Also returned are readings of all its examples, from the start to the end.

    Each is a forward and a backward pass of the step's own examples at the run's own weights; in place of the
    optimizer's formula the weights after it are put in, as the engine has them.
    """
    experiment, dtype = trail.experiment, str(trail.end.dtype)
    meter = Meter.of(torch, experiment, dtype)
    module = build_module(torch, experiment, trail.seed, dtype, start=trail.weights[0])
    steps = Steps(experiment=experiment, seed=trail.seed, dtype=dtype)
    chosen = _examples(trail)
    probe = Probe(search_memory=False, asking=False)
    probe.start()
    try:
        optimizer = _played_optimizer(experiment, module)
        rates = _UnheardRates(experiment, optimizer, probe.state)
        for step in trail.closely:
            rates.move_to(step)
            probe.state.jump(step)
            put(module, trail.weights[step])
            backpropagate(torch, meter, module, optimizer, steps, step=step, chosen=chosen[step])
            optimizer.after = trail.weights[step + 1]
            optimizer.step()
        rates.move_to(trail.steps - 1)
        put(module, trail.end)
    finally:
        record = probe.stop()
    _complete(record, trail, _losses(trail, meter, module, steps, chosen))
    record.optimizers[0].lr = rates.changes
    whole = _empty_reading(record)
    for step in _evenly(trail):
        _point_at(module, trail, step)
        _read_all(whole, meter, module)
    _know_all_targets(record, whole)
    return record, whole


def train(experiment: Experiment, seed: int, dtype: str) -> tuple[TrainingRecord, LossRecord, float]:
    """Train the run in PyTorch under the probe; return the same, and the loss at the end.

    It isn't the other engine's run to the bit, and may end elsewhere.
    """
    meter = Meter.of(torch, experiment, dtype)
    start = starting_parameters(ReferenceEngine(dtype=dtype), experiment, range(seed, seed + 1))[0]
    module = build_module(torch, experiment, seed, dtype, start=start)
    steps = Steps(experiment=experiment, seed=seed, dtype=dtype)
    probe = Probe(search_memory=False, asking=False)
    probe.start()
    try:
        optimizer = build_optimizer(torch, experiment, module)
        rates, log = _UnheardRates(experiment, optimizer, probe.state), Log()
        equaliser = equaliser_of(torch, experiment, module)
        for epoch in range(experiment.epochs):
            train_epoch(log, meter, module, optimizer, rates, steps, epoch, equaliser)
    finally:
        record = probe.stop()
    whole = _empty_reading(record)
    _read_all(whole, meter, module)
    _know_all_targets(record, whole)
    return record, whole, meter.loss(module, "train")


def put(module: nn.Module, row: Row) -> None:
    """Make the parameters what a row ``[P]`` says."""
    values = torch.from_numpy(np.ascontiguousarray(row))
    first = 0
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(values[first : first + parameter.numel()].view_as(parameter))
            first += parameter.numel()


class _UnheardRates(Rates):
    """Rates whose own optimizers, which have no parameters, the probe doesn't hear."""

    def __init__(self, experiment: Experiment, optimizer: Any, state: ProbeState) -> None:
        self._state = state
        self._step = 0
        self._scheduled = experiment.scheduled
        self.changes: list[tuple[int, float]] = []
        state.busy = True
        super().__init__(torch, experiment, optimizer)
        state.busy = False

    def move_to(self, step: int) -> None:
        """Set the rate of a later step, in a training whose epochs have one; keep the changes on the way."""
        while self._scheduled and self._step < step:
            self._note()
            self.after_step()
            self.after_epoch()
            self._step += 1
        self._note()

    def _note(self) -> None:
        self.apply()
        rate = float(self._optimizer.param_groups[0]["lr"])
        if not self.changes or self.changes[-1][1] != rate:
            self.changes.append((self._step, rate))

    def _advance(self, per: str) -> None:
        self._state.busy = True
        super()._advance(per)
        self._state.busy = False


def _played_optimizer(experiment: Experiment, module: nn.Module) -> Any:
    """Return an optimizer of the experiment's name and settings whose step puts in the weights `after`."""

    def step(optimizer: Any) -> None:
        put(module, optimizer.after)

    name = OPTIMIZERS[name_of(experiment.optimizer)].torch_class or type(experiment.optimizer).__name__
    kind = type(str(name), (torch.optim.Optimizer,), {"step": step})
    return kind(list(module.parameters()), msgspec.structs.asdict(experiment.optimizer))


def _examples(trail: Trail) -> dict[int, Chosen]:
    """Return which examples each step sees, for the steps whose weights are there."""
    known = [step for step in trail.weights if step < trail.steps]
    if isinstance(trail.experiment.sampling, Single):
        # All in one draw: one by one they would take as long as everything else.
        whole = msgspec.structs.replace(
            trail.experiment, sampling=Single(steps_per_epoch=trail.steps), epochs=1
        )
        drawn = Steps(experiment=whole, seed=trail.seed, dtype="float32").examples(0)
        return {step: drawn[step] for step in known}
    steps = Steps(experiment=trail.experiment, seed=trail.seed, dtype="float32")
    return {step: steps.examples(step)[0] for step in known}


def _losses(
    trail: Trail, meter: Meter, module: nn.Module, steps: Steps, chosen: dict[int, Chosen]
) -> dict[int, float]:
    """Return the losses of the steps whose weights are there, closely looked at or not, in their order."""
    found: dict[int, float] = {}
    with torch.no_grad():
        for step in sorted(chosen):
            _point_at(module, trail, step)
            loss, _ = penalised_loss(torch, meter, module, steps, step=step, chosen=chosen[step])
            found[step] = float(loss)
    return found


def _point_at(module: nn.Module, trail: Trail, step: int) -> None:
    """Make the parameters views of a row: quicker than copies, and nothing is trained any more."""
    row = torch.from_numpy(np.ascontiguousarray(trail.weights[step]))
    linears = [part for part in module.children() if isinstance(part, nn.Linear)]
    for layer, linear in zip(layers_of(trail.experiment.network), linears, strict=True):
        linear.weight.data = row[layer.weights].view(layer.fan_out, layer.fan_in)
        if linear.bias is not None:
            linear.bias.data = row[layer.biases]


def _complete(record: TrainingRecord, trail: Trail, losses: dict[int, float]) -> None:
    """Count the steps that weren't played, and add their losses."""
    record.tick = record.backwards = trail.steps
    for optimizer in record.optimizers:
        optimizer.steps, optimizer.last_tick = trail.steps, trail.steps - 1
    for root in record.networks:
        root.learn_in_train = trail.steps
    for loss_curve in record.loss_curves:
        whole = LossCurve(loss_curve.site)
        for step, loss in losses.items():
            whole.add(step, loss)
        loss_curve.ticks, loss_curve.values, loss_curve.last = whole.ticks, whole.values, whole.last
        loss_curve.first_nonfinite, loss_curve.nonfinite = whole.first_nonfinite, whole.nonfinite
        loss_curve.count = trail.steps
        # The losses have gaps: no rule may take them for successive ones.
        loss_curve.stride = 1 if len(losses) == trail.steps else 2


def _evenly(trail: Trail) -> list[int]:
    """Return some of the steps whose weights are there, evenly over the training, the end included."""
    known = np.array(sorted(trail.weights))
    places = np.searchsorted(known, np.linspace(0, trail.steps, READINGS))
    return sorted({int(step) for step in known[places]})


def _empty_reading(record: TrainingRecord) -> LossRecord:
    """Return an empty entry of the kind that has most of the training."""
    main = _main(record)
    return LossRecord(BY_HAND if main is None else main.kind, None, "", (), (), "float32")


def _main(record: TrainingRecord) -> LossRecord | None:
    return max(record.losses, key=lambda loss: (loss.count, len(loss.fits)), default=None)


def _read_all(whole: LossRecord, meter: Meter, module: nn.Module) -> None:
    """Read how well all examples are answered, by the criterion that batches are read by."""
    inputs, targets = meter.parts["train"]
    with torch.no_grad():
        Fits(ProbeState()).read(whole, module(inputs), targets)


def _know_all_targets(record: TrainingRecord, whole: LossRecord) -> None:
    """Let the targets be those of all examples: what a few steps have drawn is a sample of them."""
    main = _main(record)
    if main is not None and whole.sample:
        main.sample = whole.sample[: whole.rows // len(whole.fits)]
