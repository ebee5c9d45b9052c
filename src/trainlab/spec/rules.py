"""What the parts of an experiment demand of each other; each error names the field and what to do."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from trainlab.errors import SpecError
from trainlab.maths import learning_rates
from trainlab.spec.checks import check_number
from trainlab.spec.fields import name_of
from trainlab.spec.losses import BCE, NLL, CrossEntropy, Custom, loss_entry
from trainlab.spec.optimizers import cycles
from trainlab.spec.record import Accuracy, StopSolved
from trainlab.spec.sampling import Full, check_batches
from trainlab.spec.schedules import (
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    Schedule,
    StepLR,
)
from trainlab.spec.tasks import File, Points, TaskSpec
from trainlab.tasks import Task

if TYPE_CHECKING:
    from trainlab.spec.experiment import Experiment

MAX_STEPS = 1_000_000_000
MAX_SCHEDULED_STEPS = 20_000_000
"""The most steps of a training whose learning rate changes: the rate of every step is held in memory."""

GROWING = (StepLR, MultiStepLR, ExponentialLR, LambdaLR, MultiplicativeLR)
"""The schedules whose rate may grow without end, or come from a formula."""

MAX_PHASES = 8
MAX_REDRAW = 65_535
"""Which draws a training makes and its number in a chain are the two halves of 32 bits."""

PROBABILITIES = ("sigmoid", "softmax")


def check_rules(experiment: Experiment) -> None:
    """Raise SpecError at the first rule that the parts of an experiment break together."""
    _check_steps(experiment)
    _check_widths(experiment)
    _check_after(experiment)
    _check_layers(experiment)
    _check_frozen(experiment)
    _check_redraw(experiment)
    _check_loss(experiment)
    _check_length(experiment)
    _check_momentum(experiment)
    if isinstance(experiment.schedule, GROWING):
        check_rates(
            experiment.schedule, experiment.optimizer.lr, experiment.epochs, experiment.steps_per_epoch
        )
    _check_held_out(experiment)
    _check_classes(experiment)
    if isinstance(experiment.stopping, StopSolved) and not experiment.record.solved_every:
        raise SpecError(
            "stopping = 'solved': needs record.solved_every > 0, how often to look whether a run is solved."
        )


def _check_steps(experiment: Experiment) -> None:
    check_batches(experiment.sampling, experiment.data().points)
    steps = experiment.epochs * experiment.steps_per_epoch
    if steps > MAX_STEPS:
        raise SpecError(
            f"epochs = {experiment.epochs:,}: with {experiment.steps_per_epoch:,} steps each that is more "
            f"than {MAX_STEPS:,} steps; lower epochs or the steps of an epoch (sampling)."
        )
    if experiment.scheduled and steps > MAX_SCHEDULED_STEPS:
        raise SpecError(
            f"epochs = {experiment.epochs:,}: {steps:,} steps are more than {MAX_SCHEDULED_STEPS:,}, the "
            "most with a schedule or warmup; lower epochs or the steps of an epoch, or use no schedule."
        )


def _check_after(experiment: Experiment) -> None:
    """A training that continues another: the weights must fit, and the split must be the same."""
    if experiment.after is None:
        return
    mine, before = experiment.network, experiment.after.network
    if (mine.widths, mine.biases) != (before.widths, before.biases):
        raise SpecError(
            f"after.network: {before.label}, but the training that continues it has {mine.label}; both must "
            "have the same widths and biases, since the weights stay."
        )
    same_rows = experiment.task == experiment.after.task
    if same_rows and experiment.split.held_out and experiment.split != experiment.after.split:
        raise SpecError(
            "after.split: holds out other rows than the training that continues it, whose held-out rows "
            "would then have been trained on; give both the same split."
        )
    if len(experiment.phases) > MAX_PHASES:
        raise SpecError(f"after: at most {MAX_PHASES} trainings may continue one another.")


def _check_widths(experiment: Experiment) -> None:
    data, network = experiment.data(), experiment.network
    for end, width, wanted in (
        ("first", network.widths[0], data.features),
        ("last", network.widths[-1], data.outputs),
    ):
        if width != wanted:
            reason = outputs_words(experiment.task, data) if end == "last" else inputs_words(data)
            raise SpecError(
                f"network.widths = {network.label!r}: the {end} width is {width}, "
                f"but the task {name_of(experiment.task)!r} needs {wanted}{reason}"
            )


def _check_layers(experiment: Experiment) -> None:
    layers, init = experiment.network.layers, experiment.init
    for field, schemes in (("weight", init.weight), ("bias", init.bias)):
        if isinstance(schemes, tuple) and len(schemes) != layers:
            raise SpecError(
                f"init.{field} lists {len(schemes)} values, but the network has {layers} layers: "
                "list one per layer, or give one for all."
            )


def _check_frozen(experiment: Experiment) -> None:
    layers, frozen = experiment.network.layers, experiment.frozen
    shown = list(frozen)
    for layer in frozen:
        if not 1 <= layer <= layers:
            raise SpecError(
                f"frozen = {shown}: {layer} is no layer of {experiment.network.label!r}, whose layers are "
                f"{'1 and 2' if layers == 2 else f'1 to {layers}' if layers > 1 else '1 alone'}."
            )
    if len(frozen) == layers:
        raise SpecError(f"frozen = {shown}: names all layers, so nothing would be trained; leave one out.")
    if experiment.gradient == "equalised" and layers in frozen:
        raise SpecError(
            f"frozen = {shown}: gradient = 'equalised' scales every layer's gradient to that of the last, "
            f"{layers}, which has none when it is frozen; leave {layers} out, or set gradient = 'plain'."
        )


def _check_redraw(experiment: Experiment) -> None:
    check_number("redraw", experiment.redraw, at_least=0, at_most=MAX_REDRAW)
    nothing_drawn = isinstance(experiment.sampling, Full) and not experiment.noise.std
    if experiment.redraw and nothing_drawn and not any(experiment.network.dropouts):
        raise SpecError(
            f"redraw = {experiment.redraw}: nothing is drawn in this training, as every step sees all "
            "examples, without noise or dropout; leave it out, or set sampling = 'single' or 'batch'."
        )


def _check_loss(experiment: Experiment) -> None:
    loss, network, data = experiment.loss, experiment.network, experiment.data()
    name = name_of(loss)
    if isinstance(loss, CrossEntropy | NLL) and data.outputs < 2:
        raise SpecError(
            f"loss = {name!r}: needs two outputs or more, but the task {name_of(experiment.task)!r} has "
            f"one{one_output_words(experiment.task, data)}"
        )
    if isinstance(loss, BCE) and network.activations[-1] not in PROBABILITIES:
        raise SpecError(
            f"loss = 'bce': needs outputs that are probabilities, but the last activation is "
            f"{network.activations[-1]!r}; set network.output_activation = 'sigmoid' or 'softmax', "
            "or use 'bce_with_logits'."
        )
    if not isinstance(loss, Custom) and loss_entry(loss).targets == "shares":
        both = np.concatenate([data.targets.ravel(), data.held_out_targets.ravel()])
        if both.min() < 0 or both.max() > 1:
            meant = class_words(experiment.task, data)
            cure = f". {meant}" if meant else "; use 'mse' or 'l1'."
            raise SpecError(
                f"loss = {name!r}: needs targets from 0 to 1, but those of the task "
                f"{name_of(experiment.task)!r} go from {both.min():g} to {both.max():g}{cure}"
            )


def _check_length(experiment: Experiment) -> None:
    schedule = experiment.schedule
    if not isinstance(schedule, OneCycleLR):
        return
    length = experiment.epochs * (1 if schedule.per == "epoch" else experiment.steps_per_epoch)
    total = length if schedule.total_steps is None else schedule.total_steps
    if schedule.pct_start * total == 1.0:
        counted = f"{total:,} {schedule.per}{'s' if total > 1 else ''}"
        raise SpecError(
            f"schedule.pct_start = {schedule.pct_start:g}: of {counted} the rise to max_lr would begin and "
            "end with the first, where PyTorch divides by 0; set another, or 0 for no rise."
        )
    if total < length:
        raise SpecError(
            f"schedule.total_steps = {total:,}: the training has {length:,}, and the cycle "
            "must not end before it; raise total_steps, or leave it out."
        )


def _check_momentum(experiment: Experiment) -> None:
    schedule, optimizer = experiment.schedule, experiment.optimizer
    if isinstance(schedule, CyclicLR | OneCycleLR) and schedule.cycle_momentum and not cycles(optimizer):
        raise SpecError(
            f"schedule.cycle_momentum = True: the optimizer {name_of(optimizer)!r} has neither momentum nor "
            "betas to cycle; set cycle_momentum = false."
        )


@lru_cache(maxsize=64)
def check_rates(schedule: Schedule, lr: float, epochs: int, steps_per_epoch: int) -> None:
    """Raise SpecError if a formula isn't a valid factor somewhere in the training, or a rate overflows."""
    settings = msgspec.structs.asdict(schedule)
    try:
        learning_rates(name_of(schedule), lr=lr, epochs=epochs, steps_per_epoch=steps_per_epoch, **settings)
    except SpecError as error:
        raise SpecError(f"schedule.{error}" if str(error).startswith("factor") else str(error)) from None


def _check_held_out(experiment: Experiment) -> None:
    if experiment.data().held_out_targets.size:
        return
    for field, part in (
        ("solved", experiment.solved),
        ("stopping", experiment.stopping),
        ("schedule", experiment.schedule),
    ):
        if getattr(part, "on", "train") == "held_out":
            raise SpecError(
                f"{field}.on = 'held_out': no examples are held out; set split.held_out to their share, "
                "such as 0.2."
            )


def _check_classes(experiment: Experiment) -> None:
    data = experiment.data()
    if isinstance(experiment.solved, Accuracy) and data.kind == "regression":
        cure = class_words(experiment.task, data) or "Use solved.within or solved.loss."
        raise SpecError(
            f"solved.accuracy = {experiment.solved.accuracy:g}: the task {name_of(experiment.task)!r} is a "
            f"regression and has no classes. {cure}"
        )


MAX_LISTED = 12
"""The most classes that a message names, and the most distinct numbers that look like classes."""


def outputs_words(task: TaskSpec, data: Task) -> str:
    """Return, as the end of a sentence, why the task has this many targets, and what may help."""
    if data.kind == "classes" and data.class_names:
        names = ", ".join(repr(name) for name in data.class_names[:MAX_LISTED])
        more = f" and {data.outputs - MAX_LISTED:,} more" if data.outputs > MAX_LISTED else ""
        return f", one for each of its classes: {names}{more}."
    return f". {class_words(task, data)}".rstrip(" ")


def inputs_words(data: Task) -> str:
    """Return, as the end of a sentence, which inputs a task has."""
    if not data.feature_names:
        return "."
    names = ", ".join(repr(name) for name in data.feature_names[:MAX_LISTED])
    more = f" and {data.features - MAX_LISTED:,} more" if data.features > MAX_LISTED else ""
    return f", one for each of its inputs: {names}{more}."


def one_output_words(task: TaskSpec, data: Task) -> str:
    """Return, as the end of a sentence, what to do if classes are needed and the task has one target."""
    meant = class_words(task, data)
    if meant:
        return f". {meant}"
    as_classes = "task.kind = 'classes'" if isinstance(task, File | Points) else "a task with one_hot = true"
    return f"; use 'bce_with_logits', or {as_classes}."


def class_words(task: TaskSpec, data: Task) -> str:
    """Return what to set if a user's targets were taken for numbers but are a few whole ones; else ""."""
    if not isinstance(task, File | Points) or data.kind != "regression" or data.outputs != 1:
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
