"""The chain rule at one step of a run: one example, one weight, every path from it to the loss.

Frames of kind ``microscope``, without arrays; the second has what autograd says, where PyTorch is installed.

============== ===========================================================================================
field          what it holds
============== ===========================================================================================
step, of_steps steps made before, from 0; all of the run's; with `epoch`, `steps_per_epoch` and `seed`
network        `label`, `widths`, `parameters`; beside it `activations`, a layer each, and `loss`, its name
point          which example, in words; `inputs`, `targets`, `outputs` (before the link), `loss_value`
weight         its name, as ``w2[1,3]``; `weight_words`, `weight_value`, and `derivative`, ∂L/∂w
forward        a layer each: `z` sums, `a` outputs, `slope` ∂a/∂z (a matrix if outputs depend on all sums)
backward       a layer each: `delta` ∂L/∂z, `grad_output` ∂L/∂a, `weight` and `bias` (null if they are many)
paths          `count` (null beyond 4,000 digits), `count_text`, `sum` (null where they are too many), and
               `listed`, at most 50, the largest first: `through`, `factors` (`derivative`, `formula`,
               `value`), `product`
checks         ∂L/∂w by `paths`, `backward`, `central_difference` (null across a kink), `autograd` (null
               where unknown yet; `autograd_note` says why)
steps          both passes, operation by operation, as `explain.chain_rule` has them; up to 500 parameters
made           what the run's next step made of it, null at the end; see `_made`
sentence, text the answer in a sentence; more of them, in order
============== ===========================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.engine.choose import has_torch
from trainlab.engine.layout import layers_of
from trainlab.engine.network_pass import layers_from
from trainlab.engine.reference.loop import Steps
from trainlab.engine.run_steps import RunSteps, steps_made
from trainlab.errors import SpecError
from trainlab.explain.network import OwnOptimizer, network_numbers
from trainlab.explain.questions.chain_rule.evidence import (
    LISTED,
    backward_numbers,
    paths_numbers,
    paths_sentence,
    point_numbers,
)
from trainlab.explain.questions.chain_rule.example_pass import Entry, exactly
from trainlab.explain.questions.chain_rule.options import Question, question_at
from trainlab.explain.questions.chain_rule.passes import pass_steps
from trainlab.explain.questions.chain_rule.paths import (
    Autograd,
    autograd_check,
    difference_of,
    find_paths,
    paths_section,
)
from trainlab.maths import OPTIMIZERS
from trainlab.plain import plain
from trainlab.spec import NAdam, name_of
from trainlab.web.answers.one_run import read_run, run_of
from trainlab.web.experiment_forms import experiment_of
from trainlab.web.frames import Frame
from trainlab.web.questions import Limits, Microscope

MOST_STEPS: Final = 500
"""Of networks with more parameters the steps of both passes aren't listed: nobody would go through them."""


def answer_microscope(question: Microscope, limits: Limits) -> Iterator[Frame]:
    """Yield the chain rule at one step, at once; then again with autograd beside it."""
    experiment = experiment_of(question.experiment, limits)
    run = run_of(experiment, question.seed)
    last = steps_made(run)
    if question.step > last:
        raise SpecError(f"step = {question.step:,}: must be at most {last:,}, the end of the run.")
    read = read_run(run, [question.step], gradients="step")
    if not np.isfinite(read.parameters).all():
        raise SpecError(
            f"step = {question.step:,}: some weights are no longer finite numbers there: the run diverged. "
            "Take an earlier step; the replay says which was the first that went wrong."
        )
    asked = question_at(
        experiment,
        layers_from(experiment.network, read.parameters[0]),
        seed=question.seed,
        point=question.point,
        weight=question.weight,
    )
    torch, point = has_torch(), question.point
    yield Frame(kind="microscope", fields=_fields(run, read, asked, point, None, waits=torch), last=not torch)
    if torch:
        autograd = autograd_check(experiment, question.seed, asked.example, asked.entry)
        yield Frame(kind="microscope", fields=_fields(run, read, asked, point, autograd, waits=False))


def _fields(
    run: Runs, read: RunSteps, asked: Question, point: int, autograd: Autograd | None, *, waits: bool
) -> dict[str, Any]:
    experiment, example = run.experiment, asked.example
    paths = find_paths(example, asked.entry, listed=LISTED)
    difference = difference_of(asked)
    derivative = example.derivative(asked.entry)
    small = experiment.network.parameters <= MOST_STEPS
    section = paths_section(asked, paths, autograd, difference)
    numbers = paths_numbers(paths, derivative, autograd, difference)
    if waits:
        numbers["checks"]["autograd_note"] = "PyTorch is being asked"
    step = int(read.steps[0])
    back = backward_numbers(asked, pass_steps(example) if small else ())
    for layer, part in enumerate(back["backward"]):
        following = example.gradients[layer + 1].inputs if layer + 1 < len(example.layers) else None
        part["grad_output"] = (example.grad_output if following is None else following)[0]
    told = {
        "step": step,
        "of_steps": steps_made(run),
        "epoch": step // experiment.steps_per_epoch,
        "steps_per_epoch": experiment.steps_per_epoch,
        "network": network_numbers(experiment),
        **point_numbers(asked),
        "weight_words": asked.entry.words,
        "forward": [
            {"z": part.sums[0], "a": part.outputs[0], "slope": example.slope(layer)}
            for layer, part in enumerate(example.passes)
        ],
        **back,
        **numbers,
        "made": _made(run, read, asked, point),
        "sentence": paths_sentence(paths, derivative, autograd, difference.value),
        "text": [words for words in section.text if not (waits and "PyTorch" in words)],
    }
    return plain(told)


def _made(run: Runs, read: RunSteps, asked: Question, point: int) -> dict[str, Any] | None:
    """Return what the run's next step did to the weight, and what it would have done on this example alone.

    `rate` is the learning rate, `examples` those that the step saw, from 1, null for all; `gradient` is ∂L/∂w
    over these, `change` what the step added. `alone` is what the same optimizer, with what it remembers, adds
    for this example's gradients; null where that can't be said.
    """
    column, step, experiment = column_of(run, asked.entry), int(read.steps[0]), run.experiment
    before, after = float(read.parameters[0, column]), float(read.after[0, column])
    if step == steps_made(run) or not np.isfinite(after):
        return None
    epoch, within = divmod(step, experiment.steps_per_epoch)
    drawn = Steps(experiment=experiment, seed=run.first_seed, dtype="float32").examples(epoch)[within]
    rows = None if drawn is None else (drawn + 1).tolist()
    alone = None if rows == [point] else _alone(run, read, asked, column)
    gradient, rate = float(read.gradient[0, column]), float(read.rate[0])
    name = name_of(experiment.optimizer)
    words = (
        f"Step {step + 1:,} of the run saw {_seen(rows)}: there ∂L/∂{asked.entry} is "
        f"{format_number(gradient)}, and {name} at a learning rate of {format_number(rate)} moves the weight "
        f"from {exactly(before)} to {exactly(after)}, by {format_number(after - before)}."
    )
    if alone is not None:
        words += f" Had it seen example {point:,} alone, it would have moved it by {format_number(alone)}."
    return {
        "optimizer": name,
        "formula": OPTIMIZERS[name].formula,
        "rate": rate,
        "examples": rows,
        "gradient": gradient,
        "before": before,
        "after": after,
        "change": after - before,
        "alone": alone,
        "sentence": words,
    }


def _seen(rows: list[int] | None) -> str:
    if rows is None:
        return "all examples"
    return f"example {rows[0]:,}" if len(rows) == 1 else f"a batch of {len(rows):,} examples"


def _alone(run: Runs, read: RunSteps, asked: Question, column: int) -> float | None:
    """Return by how much a step on the example alone moves the weight; None where the state isn't known.

    NAdam's product of momenta is in the tables of a training, not among what is read of it; nor is what a
    layer's gradient is equalised by.
    """
    experiment = run.experiment
    if not read.state.size or experiment.gradient != "plain" or isinstance(experiment.optimizer, NAdam):
        return None
    w, state = read.parameters[0].astype(np.float64), tuple(read.state[0].astype(np.float64))
    parts = [
        each for part in asked.example.gradients for each in (part.weight, part.bias) if each is not None
    ]
    optimizer = OwnOptimizer(experiment, w, state=state, factor=float(read.factor[0]))
    moved = optimizer.step(w, np.concatenate([part.ravel() for part in parts]), int(read.steps[0]))
    return float(moved[column] - w[column])


def column_of(run: Runs, entry: Entry) -> int:
    """Return where a weight or bias stands in a row of parameters."""
    layer = layers_of(run.experiment.network)[entry.layer - 1]
    if entry.source is None:
        return layer.biases.start + entry.unit - 1
    return layer.first_weight + (entry.unit - 1) * layer.fan_in + entry.source - 1
