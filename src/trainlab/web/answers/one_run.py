"""One run of a population, trained alone and read at its steps: the same numbers as among the others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs, engine_of, get_engine
from trainlab.engine.layout import LayerLayout
from trainlab.engine.network_pass import forward, layers_from
from trainlab.engine.run_steps import UNREAD, RunSteps, read_steps, step_rates, steps_made, train_alone
from trainlab.engine.warm_start import starting_parameters
from trainlab.explain.subject.loss import Objective, examples_gradients
from trainlab.maths import LINKS
from trainlab.spec import Experiment, Gradients, NoStopping, ReduceLROnPlateau, loss_entry
from trainlab.spec.schedules import resolved
from trainlab.web.wanted import check_wanted

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
