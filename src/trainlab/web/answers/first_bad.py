"""The first step of a run whose numbers aren't finite: what overflowed, in which layer, and what led to it.

The numbers of that step are made once more in the precision of the run, in the order in which a step makes
them: sums and outputs of each layer, the loss's slope, then from the last layer back each layer's δ and
gradient, then what the optimizer adds. Noise and dropout are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.engine.layout import layers_of
from trainlab.engine.reference.draws import Steps
from trainlab.engine.run_steps import RunSteps, read_steps, steps_made
from trainlab.explain.questions.learning_rate.network_sharpness import start_sharpness
from trainlab.explain.subject.loss import Objective
from trainlab.maths import ACTIVATIONS
from trainlab.spec import SGD, Experiment
from trainlab.web.answers.one_run import exact, own_parameters

Numbers = npt.NDArray[Any]

LOOKED_AT: Final = 200
"""So many steps before an output isn't finite, something else may have broken."""
TOLD: Final = 6
"""Of so many steps it is told how they began."""
CHEAP: Final = 400_000
"""Up to so many parameters × examples, the sharpness of the start takes some hundredths of a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overflow:
    """What wasn't finite first: `what` of a layer, counted from 1, or of the loss, layer 0."""

    layer: int
    what: str


def first_bad(run: Runs) -> dict[str, Any] | None:
    """Return the first step of a run whose numbers aren't finite; None if all are, or can't be read."""
    diverged = int(run.diverged_step[0])
    if diverged < 0 or exact(run.experiment) != "steps":
        return None
    experiment, last = run.experiment, min(diverged, steps_made(run))
    many = LOOKED_AT
    while True:
        read = read_steps(run, range(max(0, last - many), last + 1), gradients="step")
        broken = _first_broken(run, read)
        if broken is None:
            return None
        if broken[0] or many >= last:
            break
        # Broken before the first of these.
        many *= 4
    place, found = broken
    step = int(read.steps[place])
    edge = _edge(experiment, run.first_seed)
    return {
        "step": step,
        "layer": found.layer or None,
        "what": found.what,
        "before": [_told(experiment, read, each) for each in _led(read, place)],
        "rate": float(read.rate[place]),
        "edge": edge,
        "sentence": _sentence(experiment, read, place, found, edge),
    }


def _first_broken(run: Runs, read: RunSteps) -> tuple[int, Overflow] | None:
    """Return which of the steps read makes the first number that isn't finite, and which that is.

    At the end, where no step follows, all examples are answered.
    """
    experiment = run.experiment
    steps, data = Steps(experiment=experiment, seed=run.first_seed, dtype="float32"), experiment.data()
    layers = layers_of(experiment.network)
    drawn, of_epoch = steps.examples(0), 0
    for place, step in enumerate(int(step) for step in read.steps):
        epoch, within = divmod(step, experiment.steps_per_epoch)
        if epoch != of_epoch:
            drawn, of_epoch = steps.examples(epoch), epoch
        chosen = None if step == steps_made(run) else drawn[within]
        x, y = (data.inputs, data.targets) if chosen is None else (data.inputs[chosen], data.targets[chosen])
        found = overflow_of(experiment, read.parameters[place], x, y)
        if found is not None:
            return place, found
        for index, layer in enumerate(layers, 1):
            if not np.isfinite(read.after[place, own_parameters(layer)]).all():
                return place, Overflow(layer=index, what="step")
    return None


def overflow_of(experiment: Experiment, row: Numbers, x: Numbers, y: Numbers) -> Overflow | None:
    """Return the first number that isn't finite of a step on these examples, in the precision of the row."""
    dtype, layers = row.dtype, layers_of(experiment.network)
    objective = Objective.of(experiment.loss)
    values, kept = x.astype(dtype), list[tuple[Numbers, Numbers, Numbers]]()
    with np.errstate(all="ignore"):
        for index, layer in enumerate(layers, 1):
            weight = row[layer.weights].reshape(layer.fan_out, layer.fan_in)
            if not (np.isfinite(weight).all() and np.isfinite(row[layer.biases]).all()):
                return Overflow(layer=index, what="weights")
            sums = values @ weight.T
            if layer.first_bias is not None:
                sums = sums + row[layer.biases]
            kept.append((values, sums, weight))
            values = ACTIVATIONS[layer.activation].value(sums).astype(dtype)
            for what, numbers in (("sums", sums), ("outputs", values)):
                if not np.isfinite(numbers).all():
                    return Overflow(layer=index, what=what)
        delta = np.asarray(objective.gradient(values, y.astype(dtype))).astype(dtype)
        if not np.isfinite(delta).all():
            return Overflow(layer=0, what="slope")
        for index in range(len(layers), 0, -1):
            inputs, sums, weight = kept[index - 1]
            delta = ACTIVATIONS[layers[index - 1].activation].backward(sums, delta).astype(dtype)
            for what, numbers in (("δ", delta), ("gradient", delta.T @ inputs)):
                if not np.isfinite(numbers).all():
                    return Overflow(layer=index, what=what)
            delta = delta @ weight
    return None


def _led(read: RunSteps, place: int) -> range:
    """Return the places of the steps that led to it: up to the first without a finite loss, or to `place`."""
    endless = np.flatnonzero(~np.isfinite(read.loss[: place + 1]))
    end = int(endless[0]) if len(endless) else place
    return range(max(0, end - TOLD + 1), end + 1)


def _told(experiment: Experiment, read: RunSteps, place: int) -> dict[str, Any]:
    """Return what a step began with, as plain data; a layer's weights and biases together."""
    layers = layers_of(experiment.network)

    def largest(values: Numbers) -> list[float]:
        return [float(np.abs(values[place, own_parameters(layer)]).max()) for layer in layers]

    return {
        "step": int(read.steps[place]),
        "loss": float(read.loss[place]),
        "largest_weight": largest(read.parameters),
        "largest_gradient": largest(read.gradient),
        "rate": float(read.rate[place]),
    }


def _edge(experiment: Experiment, seed: int) -> float | None:
    """Return the rate up to which descent from the start converges, 2/λ for plain SGD; None where unknown."""
    small = experiment.network.parameters * experiment.data().points <= CHEAP
    if not isinstance(experiment.optimizer, SGD) or experiment.after is not None or not small:
        return None
    limit = start_sharpness(experiment, seed=seed).limit
    return limit if np.isfinite(limit) else None


def _sentence(experiment: Experiment, read: RunSteps, place: int, found: Overflow, edge: float | None) -> str:
    step, told = int(read.steps[place]), _told(experiment, read, place)
    epoch = f" (epoch {step // experiment.steps_per_epoch + 1:,})" if experiment.steps_per_epoch > 1 else ""
    words = [f"In step {step + 1:,}{epoch} {_WORDS[found.what].format(found.layer)} no longer finite."]
    words.append("The largest number that a float32 holds is 3.4×10³⁸.")
    weight, gradient = max(told["largest_weight"]), max(told["largest_gradient"])
    if np.isfinite(weight):
        sizes = f"the largest weight is {format_number(weight)}"
        if np.isfinite(gradient):
            sizes += f", the largest gradient {format_number(gradient)}"
        words.append(f"Before it {sizes}, and the loss {format_number(told['loss'])}.")
    led = _led(read, place)
    if len(led) > 1:
        losses = ", ".join(format_number(float(read.loss[each])) for each in led)
        begun, ended = (int(read.steps[each]) + 1 for each in (led[0], led[-1]))
        words.append(f"The loss before steps {begun:,} to {ended:,}: {losses}.")
    rate = float(read.rate[place])
    if edge is not None and rate > edge:
        plain = getattr(experiment.optimizer, "momentum", 0.0) == 0
        how = "2/λ, λ the largest curvature" if plain else "by its momentum and the largest curvature"
        words.append(
            f"The learning rate is {format_number(rate)}; where the run begins, descent on all examples "
            f"converges only below {format_number(edge)} ({how})."
        )
    return " ".join(words)


_WORDS: Final = {
    "weights": "the weights of layer {} are",
    "sums": "the sums of layer {} are",
    "outputs": "the outputs of layer {} are",
    "slope": "the slope of the loss is",
    "δ": "δ = ∂L/∂z of layer {} is",
    "gradient": "the gradient of layer {} is",
    "step": "what the step adds to layer {} is",
}
