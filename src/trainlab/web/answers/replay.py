"""How one run went: its parameters at any of its steps, and what each layer made of them.

Frames of kind ``replay``; F moments, P parameters, L layers.

A row of `parameters` ``[P]`` holds layer after layer; of each its weights ``[fan_out, fan_in]``, row by row,
then its biases ``[fan_out]``, if it has any. The field `layers` says where: the weight of layer l to unit i
from unit j of the layer before stands at ``first_weight + i · fan_in + j``, the bias of unit i at
``first_bias + i`` (null without biases); i and j from 0. With the inputs x a page computes z = W x + b and
a = f(z), layer by layer. `gradient` and `update` lie alike. The loss's `link` makes
predictions of the outputs.

==================== ============== =========================================================================
array                shape          what it holds
==================== ============== =========================================================================
steps                i4[F]          steps made before, from 0 to `of_steps`
parameters           f4[F, P]       to the bit those of the population's run
gradient             f4[F, P]       ∂L/∂w over `gradients`: all examples, or those of the step that follows;
                                    without noise, dropout, penalty and clipping
update               f4[F, P]       what the next step adds; 0 at the end of the run
loss                 f8[F]          over all examples trained on
rate                 f8[F]          learning rate of the next step; at the end that of the last
outputs              f4[F, K, out]  predictions for the examples `output_rows`, K ≤ 64
saturated            f4[F, L]       share of unit × example where the activation is flat: `flat` of the layer
dead                 f4[F, L]       share of units whose slope is 0 for every example
update_ratio         f4[F, L]       log10(‖update‖ / ‖weights‖), of the weights
gradient_mean        f4[F, L]       mean |∂L/∂w| of the weights
activation_histogram u2[F, L, 24]   outputs for `histogram_examples`, from the layer's `low` to `high`
gradient_histogram   u2[F, L, 24]   log10 |∂L/∂w| of the weights, from −12 to 0
example_inputs       f4[N, in]      N ≤ 512 examples trained on, evenly spaced; strips are over these
example_targets      f4[N, out]
example_rows         i4[N]          which they are, from 0
output_rows          i4[K]          which of the N examples `outputs` are of, from 0
==================== ============== =========================================================================

==================== ======================================================================================
field                what it holds
==================== ======================================================================================
seed, epochs         what was trained; with `steps_per_epoch`, and `of_steps`, all that the run made
exact                ``steps``, or ``epochs`` where the population's engine can't be read inside of them
gradients            whose they are: ``data``, all examples, or ``step``, those of the next step
link                 what turns the last layer's outputs into predictions (`maths.LINKS`)
layers               a layer each: `fan_in`, `fan_out`, `bias`, `activation`, `first_weight`, `first_bias`;
                     `flat`, what counts as saturated; `low` and `high`, the ends of its histogram
gradient_low, …_high the ends of the histogram of gradients, powers of ten; `histogram_examples`
inputs               their names
ending               ``solved``, or how it failed: `one_run.Ending`
sentence, why        how the run went; why it failed, null if it didn't
first_bad            the first step whose numbers aren't finite, null if all are: `step` (made before it),
                     `layer` (null: the loss's), `what`, `rate`, `edge` (the largest rate at which descent
                     converges where the run begins, or null), `before` (`step`, `loss`, `rate`, and a
                     layer each `largest_weight` and `largest_gradient`), `sentence`
verdicts             a layer each: `layer` (from 1), `kind`, `since_epoch` and `since_step` (null where
                     unknown), `gradient`, `vanished`, `sentence`
solved_step          when it was first found solved, null if never; `solved_at_end`
diverged_step        steps made before the first output that isn't finite, null if none
==================== ======================================================================================

What lies beyond the ends of a histogram counts in its first or last bin. Where the run isn't finite any more,
shares are NaN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.engine.layout import layers_of
from trainlab.engine.reference.loop import Steps
from trainlab.engine.run_steps import RunSteps, read_steps, steps_made
from trainlab.errors import SpecError
from trainlab.explain.network import Objective
from trainlab.explain.questions.learning_rate.sharpness import start_sharpness
from trainlab.maths import ACTIVATIONS
from trainlab.spec import SGD, Experiment, loss_entry
from trainlab.tasks import Task
from trainlab.web.answers.layers import (
    BINS,
    EXAMPLES,
    GRADIENT_EDGES,
    Strip,
    flat_words,
    layer_verdicts,
    strip_of,
)
from trainlab.web.answers.one_run import (
    ending_of,
    evenly,
    exact,
    how_it_went,
    overview_moments,
    overview_of,
    own_parameters,
    read_run,
    run_of,
    why_it_failed,
)
from trainlab.web.experiment_forms import weighed
from trainlab.web.frames import Frame
from trainlab.web.questions import Limits, Replay

# The first step of a run whose numbers aren't finite: what overflowed, in which layer, and what led to it.
#
# The numbers of that step are made once more in the precision of the run, in the order in which a step makes
# them: sums and outputs of each layer, the loss's slope, then from the last layer back each layer's δ and
# gradient, then what the optimizer adds. Noise and dropout are left out.


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


OUTPUTS: Final = 64
FILLED: Final = 0.9
"""Moments fill so much of the largest frame; of a large network there are fewer."""
LEAST: Final = 2
"""Moments: both ends of the run."""


def answer_replay(question: Replay, limits: Limits) -> Iterator[Frame]:
    """Yield one frame: the run at some of its moments, evenly spaced, both ends among them."""
    experiment, work = weighed(question.experiment, limits)
    data = experiment.data()
    fitting = int(limits.frame_bytes * FILLED / _bytes_of_a_moment(experiment, data.outputs))
    most = min(max(LEAST, fitting), _affordable(experiment, data.points, limits.work - work))
    run = run_of(experiment, question.seed)
    steps = moments(question, steps_made(run), most=most)
    rows = evenly(data.points, EXAMPLES)
    outputs = evenly(len(rows), OUTPUTS)
    read = read_run(run, steps.tolist(), examples=rows[outputs].tolist())
    strip = strip_of(run, read, data.inputs[rows])
    with np.errstate(invalid="ignore"):
        moved = read.after.astype(np.float64) - read.parameters
    yield Frame(
        kind="replay",
        fields=_fields(run, strip),
        arrays={
            "steps": read.steps.astype(np.int32),
            "parameters": read.parameters.astype(np.float32),
            "gradient": read.gradient.astype(np.float32),
            "update": moved.astype(np.float32),
            "loss": read.loss.astype(np.float64),
            "rate": read.rate,
            "outputs": read.predictions.astype(np.float32),
            "saturated": strip.saturated.astype(np.float32),
            "dead": strip.dead.astype(np.float32),
            "update_ratio": strip.update_ratio.astype(np.float32),
            "gradient_mean": strip.gradient_mean.astype(np.float32),
            "activation_histogram": strip.activation_histogram,
            "gradient_histogram": strip.gradient_histogram,
            "example_inputs": data.inputs[rows].astype(np.float32),
            "example_targets": data.targets[rows].astype(np.float32),
            "example_rows": rows.astype(np.int32),
            "output_rows": outputs.astype(np.int32),
        },
    )


def moments(question: Replay, last: int, *, most: int) -> npt.NDArray[np.int64]:
    """Return the steps to show of a run of `last` steps, `most` of them, both ends among them."""
    stop = last if question.stop is None else min(question.stop, last)
    if question.start > stop:
        raise SpecError(
            f"start = {question.start:,}: must be at most {stop:,}, where the moments asked for end; the run "
            f"has {last:,} steps."
        )
    return question.start + evenly(stop - question.start + 1, min(question.frames, most))


def _affordable(experiment: Experiment, points: int, work: float) -> int:
    """Return how many moments may be read, beside those of the overview, of what is left of the work."""
    each = points * experiment.network.parameters
    most = int(work / each) - overview_moments(experiment)
    if most < LEAST:
        raise SpecError(
            f"epochs = {experiment.epochs:,}: training the run and reading it at some moments is more "
            "work than a question may take here; lower the epochs, examples or parameters, or train on your "
            "own machine."
        )
    return most


def _bytes_of_a_moment(experiment: Experiment, outputs: int) -> int:
    """Return how much of a frame a moment takes: parameters, gradient and update, outputs, the strips."""
    strips = experiment.network.layers * (4 * 4 + 2 * 2 * BINS)
    return 3 * 4 * experiment.network.parameters + 4 * OUTPUTS * outputs + strips + 20


def input_names(data: Task) -> list[str]:
    """Return what the inputs are called; x1, x2, … where they have no names."""
    return list(data.feature_names) or [f"x{number}" for number in range(1, data.features + 1)]


def _fields(run: Runs, strip: Strip) -> dict[str, Any]:
    experiment = run.experiment
    per_epoch = experiment.steps_per_epoch
    solved, diverged = int(run.solved_epoch[0]), int(run.diverged_step[0])
    low, high = GRADIENT_EDGES
    return {
        "seed": run.first_seed,
        "epochs": experiment.epochs,
        "steps_per_epoch": per_epoch,
        "of_steps": steps_made(run),
        "exact": exact(experiment),
        "gradients": experiment.record.gradients if exact(experiment) == "steps" else "data",
        "link": loss_entry(experiment.loss).link,
        "layers": [
            {
                "fan_in": layer.fan_in,
                "fan_out": layer.fan_out,
                "bias": layer.first_bias is not None,
                "activation": layer.activation,
                "first_weight": layer.first_weight,
                "first_bias": layer.first_bias,
                "flat": flat_words(layer.activation),
                "low": edges[0],
                "high": edges[1],
            }
            for layer, edges in zip(layers_of(experiment.network), strip.edges, strict=True)
        ],
        "gradient_low": low,
        "gradient_high": high,
        "histogram_examples": strip.counted,
        "inputs": input_names(experiment.data()),
        "ending": ending_of(run),
        "sentence": how_it_went(run, float(overview_of(experiment, run.first_seed).loss[0])),
        "why": why_it_failed(run),
        "first_bad": first_bad(run),
        "verdicts": [each.to_dict(per_epoch) for each in layer_verdicts(experiment, run.first_seed)],
        "solved_step": None if solved < 0 else solved * per_epoch,
        "solved_at_end": bool(run.solved[0]),
        "diverged_step": None if diverged < 0 else diverged,
    }
