"""One step of one weight, with a network's own numbers: w_new = w − lr × gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from trainlab.draw import Cell, format_number, join
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.explain.questions.learning_rate.full_loss import FullLoss
from trainlab.explain.subject.optimizer import OwnOptimizer
from trainlab.page.section import Section, Table
from trainlab.spec import Experiment, Full, NoSchedule, Penalty, name_of

Array = npt.NDArray[np.float64]

MULTIPLES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A step of all weights at some `rate`: the loss after it, and the one that the slope alone foretells."""

    rate: float
    loss: float
    foretold: float


@dataclass(frozen=True, kw_only=True, slots=True)
class OneStep:
    """A weight of layer `layer` (from 1), from input `source` to neuron `target` (both from 1), and its step.

    `place` is its column in the row of parameters. `after` is `before` − `rate` × `gradient`; `own_after` is
    what the experiment's own optimizer makes of the same gradient in its first step, clipped and at the rate
    of its schedule and warm-up, if it has them.
    `loss` is that before the step, over all examples; `trials` are steps of all weights at once.
    """

    seed: int
    layer: int
    target: int
    source: int
    place: int
    rate: float
    before: float
    gradient: float
    after: float
    own_after: float
    loss: float
    trials: tuple[Trial, ...]


def one_step(experiment: Experiment, *, seed: int = 0) -> OneStep:
    """Return the first step of the weight whose gradient is the largest in size, over all the examples."""
    full, rate = FullLoss.of(experiment), experiment.optimizer.lr
    start = initial_parameters(experiment, range(seed, seed + 1))[0]
    gradient = full.gradient(start)
    place = int(np.argmax(np.where(full.weights, np.abs(gradient), -1.0)))
    layer, target, source = _named(experiment, place)
    loss, slope = full.value(start), float(gradient @ gradient)
    with np.errstate(all="ignore"):
        trials = [
            Trial(
                rate=tried,
                loss=full.value(start - tried * gradient),
                foretold=loss - tried * slope,
            )
            for tried in (rate * multiple for multiple in MULTIPLES)
        ]
    return OneStep(
        seed=seed,
        layer=layer,
        target=target,
        source=source,
        place=place,
        rate=rate,
        before=float(start[place]),
        gradient=float(gradient[place]),
        after=float(start[place] - rate * gradient[place]),
        own_after=float(own_step(experiment, start)[place]),
        loss=loss,
        trials=tuple(trials),
    )


def own_step(experiment: Experiment, start: Array) -> Array:
    """Return all parameters after the first step of the experiment's own optimizer, over all the examples."""
    # The optimizer adds the penalty's gradient by itself.
    bare = FullLoss.of(replace(experiment, penalty=Penalty())).gradient(start)
    return OwnOptimizer(experiment, start).step(start, bare, 0)


def step_words(step: OneStep, experiment: Experiment) -> tuple[str, ...]:
    """Return the step in words, with its numbers."""
    name = name_of(experiment.optimizer)
    before, after, own = (_signed(each) for each in (step.before, step.after, step.own_after))
    slope = _signed(step.gradient)
    factor = f"({slope})" if step.gradient < 0 else slope
    words = (
        f"Seed {step.seed} begins with a loss of {step.loss:.6g} over all examples. The weight from input "
        f"{step.source} to neuron {step.target} of layer {step.layer} has the largest gradient, {slope}: so "
        "fast the loss rises with it.",
        f"w_new = w − lr × gradient = {before} − {step.rate:g} × {factor} = {after}",
    )
    some = "" if isinstance(experiment.sampling, Full) else " In training each step sees only some of them."
    if step.own_after == step.after:
        same = "The first step of this experiment's own optimizer on all examples is this one."
        return (*words, f"{same}{some}")
    return (
        *words,
        f"This experiment's own optimizer, {name}{_around(experiment)}, makes something else of the same "
        f"gradient first: its step leads to {own}. The learning rate still multiplies what comes out.{some}",
    )


def _around(experiment: Experiment) -> str:
    """Return what else shapes the first step."""
    clip, parts = experiment.clip, list[str]()
    if experiment.gradient == "equalised":
        parts.append("every layer's gradient made as large as the last one's")
    if experiment.frozen:
        layers = join([str(layer) for layer in experiment.frozen])
        parts.append(f"layer{'s' if len(experiment.frozen) > 1 else ''} {layers} frozen")
    if clip.norm is not None:
        parts.append(f"the gradient's norm clipped to {clip.norm:g}")
    if clip.value is not None:
        parts.append(f"the gradient's entries clipped to ±{clip.value:g}")
    if not isinstance(experiment.schedule, NoSchedule):
        parts.append("a schedule")
    if experiment.warmup.total_iters:
        parts.append("warm-up")
    return f" with {join(parts)}" if parts else ""


def _signed(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _named(experiment: Experiment, place: int) -> tuple[int, int, int]:
    """Return layer, neuron and input of a weight, each from 1."""
    for number, layer in enumerate(layers_of(experiment.network), start=1):
        if layer.weights.start <= place < layer.weights.stop:
            target, source = divmod(place - layer.first_weight, layer.fan_in)
            return number, target + 1, source + 1
    raise AssertionError("every weight lies in a layer")


def step_section(step: OneStep, experiment: Experiment) -> Section:
    """Return the section on the step rule."""
    rows: list[list[Cell]] = [
        [
            f"{trial.rate:.3g}{' (its own)' if trial.rate == step.rate else ''}",
            format_number(trial.loss, digits=5),
            format_number(trial.foretold, digits=5),
            "falls" if trial.loss < step.loss else "rises" if trial.loss > step.loss else "stays",
        ]
        for trial in step.trials
    ]
    return Section(
        name="step",
        heading="One step: w_new = w − lr × gradient",
        text=(
            *step_words(step, experiment),
            "All weights move at once. A small step lowers the loss by about lr × ‖gradient‖², as the slope "
            "foretells; a large one leaves the place where that slope holds.",
        ),
        tables=(
            Table(
                title=f"The loss after one such step of all weights; before it, {step.loss:.5g}",
                headers=("Learning rate", "Loss after the step", "Foretold by the slope", "The loss"),
                rows=rows,
            ),
        ),
    )
