"""One step of one weight, with a network's own numbers: w_new = w − lr × gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.explain.rates.full_loss import FullLoss
from trainlab.maths import OPTIMIZERS, initial_state
from trainlab.spec import Experiment, name_of

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
    what the experiment's own optimizer makes of the same gradient in its first step, at the same rate.
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
        own_after=float(own_step(experiment, start, gradient)[place]),
        loss=loss,
        trials=tuple(trials),
    )


def own_step(experiment: Experiment, start: Array, gradient: Array) -> Array:
    """Return all parameters after the first step of the experiment's own optimizer, at its own rate."""
    settings: dict[str, Any] = msgspec.to_builtins(experiment.optimizer)
    name = settings.pop("name")
    state = initial_state(name, start.shape, **settings)
    return OPTIMIZERS[name].step(start, gradient, state, 1, **settings)[0]


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
    if step.own_after == step.after:
        return (*words, "The first step of this experiment's own optimizer is this very one.")
    return (
        *words,
        f"This experiment's own optimizer, {name}, makes something else of the same gradient first: its step "
        f"leads to {own}. The learning rate still multiplies what comes out.",
    )


def _signed(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _named(experiment: Experiment, place: int) -> tuple[int, int, int]:
    """Return layer, neuron and input of a weight, each from 1."""
    for number, layer in enumerate(layers_of(experiment.network), start=1):
        if layer.weights.start <= place < layer.weights.stop:
            target, source = divmod(place - layer.first_weight, layer.fan_in)
            return number, target + 1, source + 1
    raise AssertionError("every weight lies in a layer")
