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
ending               ``solved``, or how it failed: `run_words.Ending`
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
shares are NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.layout import layers_of
from trainlab.engine.run_steps import steps_made
from trainlab.errors import SpecError
from trainlab.spec import Experiment, loss_entry
from trainlab.tasks import Task
from trainlab.web.answers.first_bad import first_bad
from trainlab.web.answers.layer_strip import BINS, EXAMPLES, GRADIENT_EDGES, Strip, flat_words, strip_of
from trainlab.web.answers.layer_verdicts import layer_verdicts
from trainlab.web.answers.one_run import evenly, exact, overview_moments, overview_of, read_run, run_of
from trainlab.web.answers.run_words import ending_of, how_it_went, why_it_failed
from trainlab.web.frames import Frame
from trainlab.web.limits import Limits
from trainlab.web.questions import Replay
from trainlab.web.reading import weighed

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
