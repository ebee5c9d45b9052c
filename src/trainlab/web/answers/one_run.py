"""One run of a population, trained alone and read at its steps: the same numbers as among the others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.engine import Runs, engine_of, get_engine
from trainlab.engine.constant_baseline import best_constant_loss
from trainlab.engine.layout import LayerLayout, starting_parameters
from trainlab.engine.network_pass import forward, layers_from
from trainlab.engine.run_steps import UNREAD, RunSteps, read_steps, step_rates, steps_made, train_alone
from trainlab.explain.network import Objective, examples_gradients
from trainlab.maths import LINKS, format_share
from trainlab.spec import Experiment, Gradients, NoStopping, ReduceLROnPlateau, loss_entry
from trainlab.spec.record import solved_words
from trainlab.spec.schedules import resolved
from trainlab.studies.causes import HIGH_LOSS, THRESHOLD, causes_of, gradients_of
from trainlab.web.questions import check_wanted

OVERVIEW: Final = 256
"""So many epochs of a run are looked at."""
OVERVIEW_NUMBERS: Final = 500_000
"""Of a large network fewer: its parameters at all of them are no more numbers than these."""
Exact = Literal["steps", "epochs"]
Rows = npt.NDArray[np.floating]


@lru_cache(maxsize=16)
def run_of(experiment: Experiment, seed: int) -> Runs:
    """Return the run of a seed by the engine that trains its population."""
    name = engine_of("auto", experiment)
    if name == "fast":
        return train_alone(experiment, seed)
    return get_engine(name).train(experiment, range(seed, seed + 1))[0]


@lru_cache(maxsize=4)
def overview_of(experiment: Experiment, seed: int) -> RunSteps:
    """Return the run of a seed at the ends of some epochs, evenly over all of it, start and end included."""
    run = run_of(experiment, seed)
    epochs = evenly(steps_made(run) // experiment.steps_per_epoch + 1, overview_moments(experiment))
    return read_run(run, (epochs * experiment.steps_per_epoch).tolist())


def overview_moments(experiment: Experiment) -> int:
    """Return at how many moments an overview looks at most."""
    return max(8, min(OVERVIEW, OVERVIEW_NUMBERS // experiment.network.parameters))


def exact(experiment: Experiment) -> Exact:
    """Return what a run can be read at: the fast engine's at any step, another's at the ends of epochs."""
    return "steps" if engine_of("auto", experiment) == "fast" else "epochs"


def read_run(
    run: Runs, steps: Sequence[int], *, examples: Sequence[int] = (), gradients: Gradients | None = None
) -> RunSteps:
    """Return a run, ``Runs`` of a single seed, before these steps; of all engines but one, at whole epochs.

    Predictions are for `examples`, of those trained on, from 0. Of another engine it isn't known what a
    single step inside of an epoch does: `after` is NaN. Gradients are then over all examples.

    Raises:
        GivenUpError: nobody waits for it any more.
    """
    if exact(run.experiment) == "steps":
        return read_steps(run, steps, examples=examples, gradients=gradients, on_reading=check_wanted)
    per_epoch = run.experiment.steps_per_epoch
    return _read_epochs(run, sorted({step // per_epoch for step in steps}), examples)


def _read_epochs(run: Runs, epochs: list[int], examples: Sequence[int]) -> RunSteps:
    experiment, per_epoch = run.experiment, run.experiment.steps_per_epoch
    last = steps_made(run) // per_epoch
    follow = [min(epoch + 1, last) for epoch in epochs] if per_epoch == 1 else []
    marks = tuple(sorted({*epochs, *follow} - {0}))
    engine = get_engine(engine_of("auto", experiment))
    rows: dict[int, Rows] = {0: starting_parameters(engine, experiment, run.seeds)[0].astype(run.loss.dtype)}
    losses: dict[int, float] = {}
    if marks:
        schedule = resolved(experiment.schedule, epochs=experiment.epochs, steps_per_epoch=per_epoch)
        changed = msgspec.structs.replace(
            experiment, epochs=marks[-1], schedule=schedule, stopping=NoStopping(), record=UNREAD
        )
        read = engine.train(changed, run.seeds, marks=marks)
        rows |= {mark: runs.parameters[0] for mark, runs in zip(marks, read, strict=True)}
        losses = {mark: float(runs.loss[0]) for mark, runs in zip(marks, read, strict=True)}
    shown = np.asarray(examples, dtype=np.int64)
    data, objective = experiment.data(), Objective.of(experiment.loss)
    link = LINKS[loss_entry(experiment.loss).link]
    gradients: list[Rows] = []
    answers: list[Rows] = []
    with np.errstate(all="ignore"):
        for epoch in epochs:
            check_wanted()
            layers = layers_from(experiment.network, rows[epoch])
            outputs = forward(layers, data.inputs)[-1].outputs
            losses.setdefault(epoch, objective.value(outputs, data.targets))
            answers.append(link.value(outputs)[shown])
            parts = examples_gradients(experiment, layers)
            flat = [each.ravel() for part in parts for each in (part.weight, part.bias) if each is not None]
            gradients.append(np.concatenate(flat))
    parameters = np.array([rows[epoch] for epoch in epochs])
    steps, rates = np.array(epochs) * per_epoch, step_rates(experiment)
    if isinstance(experiment.schedule, ReduceLROnPlateau):
        # When it fell isn't recorded.
        rates = np.full(1, np.nan)
    return RunSteps(
        steps=steps,
        parameters=parameters,
        after=np.array([rows[epoch] for epoch in follow]) if follow else np.full_like(parameters, np.nan),
        gradient=np.array(gradients),
        loss=np.array([losses[epoch] for epoch in epochs]),
        predictions=np.array(answers),
        rate=rates[np.minimum(steps, len(rates) - 1)],
        factor=np.full(len(steps), np.nan),
        state=np.empty((len(steps), 0, parameters.shape[1])),
    )


def own_parameters(layer: LayerLayout) -> slice:
    """Return where a layer's parameters stand in a row of all: its weights, then its biases."""
    return slice(layer.first_weight, max(layer.weights.stop, layer.biases.stop))


def evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """Return at most so many of 0 … count − 1, evenly spaced, both ends among them; all if they fit."""
    return np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(np.int64))


# How one run went and ended, and why it failed, in a sentence each: by the rule of `studies.causes`.


Ending = Literal["solved", "diverged", "vanishing gradient", "standing still", "stuck", "low loss"]


def ending_of(run: Runs) -> Ending:
    """Return how a run, ``Runs`` of a single seed, ended: solved, or the way in which it failed."""
    if run.solved[0]:
        return "solved"
    if run.diverged[0]:
        return "diverged"
    causes = causes_of(run)
    if causes.vanishing is not None and causes.vanishing.k:
        return "vanishing gradient"
    if causes.standing_still is not None and causes.standing_still.k:
        return "standing still"
    return "stuck" if causes.high_loss else "low loss"


def how_it_went(run: Runs, start: float) -> str:
    """Return how a run went, whose loss was `start` at first."""
    experiment, seed = run.experiment, run.first_seed
    first, settled = int(run.solved_epoch[0]), int(run.settled_epoch[0])
    begun, ended = format_number(start), format_number(float(run.loss[0]))
    losses = f"its loss went from {begun} to {ended}" if begun != ended else f"its loss stayed at {ended}"
    if run.solved[0]:
        end = f"of {experiment.epochs:,}"
        if first < 0:
            return f"Seed {seed:,} is solved at the end; {losses}."
        stayed = "and from then on" if settled == first else f"and for good from epoch {settled:,}"
        return f"Seed {seed:,} was first found solved at epoch {first:,} {end}, {stayed}; {losses}."
    if run.diverged[0]:
        return f"Seed {seed:,} diverged: {_when_diverged(run)}."
    lost = f" It had been solved at epoch {first:,}, and unlearned it." if first >= 0 else ""
    return f"Seed {seed:,} isn't solved after {_epochs(run):,} epochs; {losses}.{lost}"


def why_it_failed(run: Runs) -> str | None:
    """Return why a run failed, as far as its record tells; None of one that is solved."""
    ending, seed, loss = ending_of(run), run.first_seed, float(run.loss[0])
    if ending == "solved":
        return None
    if ending == "diverged":
        return f"Seed {seed:,} failed because it diverged: {_when_diverged(run)}."
    experiment = run.experiment
    gradient = gradients_of(run)[0]
    best = best_constant_loss(experiment.loss, experiment.data().targets)
    share = f", {_times(loss / best)} the best constant answer's" if best > 0 else ""
    high = f"with the loss still high ({format_number(loss)}{share})"
    whose = "over all examples" if experiment.record.gradients == "data" else "in one step"
    first, last = (f"{format_number(float(gradient[layer]), digits=2)}" for layer in (0, -1))
    if ending == "vanishing gradient":
        return (
            f"Seed {seed:,} failed {high}: its gradient vanishes on the way back; the mean |∂L/∂w| {whose} "
            f"is {last} in the last layer, and {first} in layer 1, below {format_number(THRESHOLD)}."
        )
    if ending == "standing still":
        return (
            f"Seed {seed:,} failed {high}: it stands still, with a mean |∂L/∂w| {whose} below "
            f"{format_number(THRESHOLD)} in every layer."
        )
    if ending == "stuck":
        return (
            f"Seed {seed:,} failed {high}, though gradients arrive (mean |∂L/∂w| {whose} {first} in "
            "layer 1): it is stuck for another reason, or was still on its way."
        )
    return (
        f"Seed {seed:,} isn't solved, though its loss is low ({format_number(loss)}{share}; high is from "
        f"{format_share(HIGH_LOSS)} % on): a run is solved {solved_words(experiment.solved)}."
    )


def _when_diverged(run: Runs) -> str:
    step, per_epoch = int(run.diverged_step[0]), run.experiment.steps_per_epoch
    epoch = f" (epoch {step // per_epoch + 1:,})" if per_epoch > 1 else ""
    return f"in step {step + 1:,}{epoch} an output is no longer a finite number"


def _times(ratio: float) -> str:
    return f"{format_share(ratio)} % of" if ratio < 1.005 else f"{format_number(ratio)} times"


def _epochs(run: Runs) -> int:
    stopped = int(run.stopped_epoch[0])
    return run.experiment.epochs if stopped < 0 else stopped
