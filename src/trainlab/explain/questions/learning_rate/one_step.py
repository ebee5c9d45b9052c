"""One step of one weight, w_new = w − lr × gradient, and the same numbers by PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from trainlab.draw import Cell, format_number, join
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.network_pass import Array, layers_from
from trainlab.engine.reference import build_module
from trainlab.engine.reference.loop import Rates
from trainlab.engine.reference.module import build_criterion, flat, weights_of
from trainlab.explain.module_copy import torch_or_none
from trainlab.explain.network import OwnOptimizer, examples_gradients, examples_loss
from trainlab.explain.questions.learning_rate.schedules import NamedSchedule, rates_of
from trainlab.maths import penalise, penalty_value
from trainlab.page.section import Section, Table
from trainlab.plain import Plain
from trainlab.spec import Experiment, Full, NoSchedule, Penalty, ReduceLROnPlateau, name_of
from trainlab.tasks import Task

# The loss over all the examples trained on, as a function of a row of parameters, with its derivatives.


STEP = 6e-6
"""The cube root of the float64 rounding, where a central difference errs least."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FullLoss:
    """Loss, gradient and curvature of an experiment at parameters ``[P]``, in float64; its penalty included.

    Dropout and noise, as in evaluation, do nothing.
    """

    experiment: Experiment
    task: Task
    weights: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, experiment: Experiment) -> FullLoss:
        """Return the loss of an experiment."""
        weights = np.zeros(experiment.network.parameters, dtype=np.bool_)
        for layer in layers_of(experiment.network):
            weights[layer.weights] = True
        return cls(experiment=experiment, task=experiment.data(), weights=weights)

    def value(self, parameters: Array) -> float:
        """Return the loss."""
        loss = examples_loss(self.experiment, layers_from(self.experiment.network, parameters))
        penalty = self.experiment.penalty
        return loss + float(penalty_value(parameters, self.weights, l1=penalty.l1, l2=penalty.l2))

    def gradient(self, parameters: Array) -> Array:
        """Return ∂L/∂w ``[P]``."""
        parts: list[Array] = []
        for each in examples_gradients(self.experiment, layers_from(self.experiment.network, parameters)):
            parts.append(each.weight.ravel())
            parts += [] if each.bias is None else [each.bias]
        penalty = self.experiment.penalty
        return penalise(np.concatenate(parts), parameters, self.weights, l1=penalty.l1, l2=penalty.l2)

    def hessian_times(self, parameters: Array, direction: Array, *, step: float = STEP) -> Array:
        """Return the Hessian times a direction, both ``[P]``, by a central difference of exact gradients.

        H v = (g(w + h v) − g(w − h v)) / 2h + O(h²), h so that the difference errs by about 10⁻¹⁰ of the
        gradient's own size. Across a kink, of ReLU or L1, it is a mean slope.
        """
        length = float(np.linalg.norm(direction))
        if length == 0.0:
            return np.zeros_like(direction)
        h = step * max(1.0, float(np.abs(parameters).max())) / length
        above, below = self.gradient(parameters + h * direction), self.gradient(parameters - h * direction)
        return (above - below) / (2.0 * h)

    def is_smooth(self, parameters: Array, direction: Array) -> bool:
        """Return whether the gradient bends as gently along a direction over a step eight times as long.

        Where it jumps, a difference divided by the step has no limit, and the two don't agree.
        """
        near, far = (self.hessian_times(parameters, direction, step=each) for each in (STEP, 8.0 * STEP))
        size = max(float(np.linalg.norm(near)), float(np.linalg.norm(far)))
        # Curvatures of 10⁻⁹ of the gradient's own size are rounding.
        rounding = 1e-9 * float(np.linalg.norm(direction)) * float(np.linalg.norm(self.gradient(parameters)))
        return float(np.linalg.norm(near - far)) <= 1e-3 * size + rounding


# One step of one weight, with a network's own numbers: w_new = w − lr × gradient.


MULTIPLES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial(Plain):
    """A step of all weights at some `rate`: the loss after it, and as `foretold` by the slope alone."""

    rate: float
    loss: float
    foretold: float


@dataclass(frozen=True, kw_only=True, slots=True)
class OneStep(Plain):
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
        f"{step.source} to neuron {step.target} of layer {step.layer} has the largest gradient, {slope}: how "
        "fast the loss rises as that weight grows.",
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
            "predicts; a large one leaves the region where that slope holds.",
        ),
        tables=(
            Table(
                title=f"The loss after one such step of all weights; before it, {step.loss:.5g}",
                headers=("Learning rate", "Loss after the step", "Predicted by the slope", "The loss"),
                rows=rows,
            ),
        ),
    )


# The same numbers by PyTorch: its optimizer on autograd's gradient, its schedulers.


@dataclass(frozen=True, kw_only=True, slots=True)
class Check(Plain):
    """A number that was computed twice: what, how `ours` and `theirs` differ relatively, and what did it."""

    what: str
    by: str
    difference: float


def checks_of(
    experiment: Experiment, step: OneStep, schedules: Sequence[NamedSchedule]
) -> tuple[Check, ...] | None:
    """Return the checks against PyTorch that apply; None if it isn't installed."""
    torch = torch_or_none()
    if torch is None:
        return None
    found = [
        Check(
            what="the new weight",
            by="torch.optim.SGD on autograd's gradient",
            difference=_relative(
                step.after, float(sgd_step(torch, experiment, step.seed, step.rate)[step.place])
            ),
        )
    ]
    for named in schedules:
        if isinstance(named.schedule, ReduceLROnPlateau):
            continue
        scheduled = named.of(experiment)
        ours, theirs = rates_of(scheduled), torch_rates(torch, scheduled)
        found.append(
            Check(
                what=f"{len(ours):,} rates of {named.label}",
                by=named.title,
                difference=float(np.abs(ours - theirs).max() / (np.abs(theirs).max() or 1.0)),
            )
        )
    return tuple(found)


def sgd_step(torch: Any, experiment: Experiment, seed: int, rate: float) -> Array:
    """Return the parameters ``[P]`` after one step of torch.optim.SGD over all the examples, in float64."""
    module = build_module(torch, experiment, seed, "float64")
    loss_of(torch, experiment, module).backward()
    torch.optim.SGD(module.parameters(), lr=rate).step()
    return flat(module)


def loss_of(torch: Any, experiment: Experiment, module: Any) -> Any:
    """Return the loss over all the examples, penalty included, as a tensor."""
    data, penalty = experiment.data(), experiment.penalty
    inputs, targets = (torch.from_numpy(np.array(part)) for part in (data.inputs, data.targets))
    loss = build_criterion(torch, experiment.loss)(module(inputs), targets)
    for weight in weights_of(torch, module):
        loss = loss + penalty.l1 * weight.abs().sum() + penalty.l2 * (weight * weight).sum()
    return loss


def torch_rates(torch: Any, experiment: Experiment) -> Array:
    """Return the rate of every step ``[steps]`` by the scheduler objects of the reference engine."""
    momentum: Any = getattr(experiment.optimizer, "betas", None)
    nothing = [torch.zeros(1, requires_grad=True)]
    lr = experiment.optimizer.lr
    optimizer = (
        torch.optim.SGD(nothing, lr=lr, momentum=getattr(experiment.optimizer, "momentum", 0.0))
        if momentum is None
        else torch.optim.Adam(nothing, lr=lr, betas=momentum)
    )
    scheduler, rates = Rates(torch, experiment, optimizer), list[float]()
    per_epoch, steps = experiment.steps_per_epoch, experiment.epochs * experiment.steps_per_epoch
    for step in range(steps):
        scheduler.apply()
        rates.append(float(optimizer.param_groups[0]["lr"]))
        if step + 1 == steps:
            break  # a OneCycleLR at its end may divide by 0
        scheduler.after_step()
        if (step + 1) % per_epoch == 0:
            scheduler.after_epoch()
    return np.array(rates)


def _relative(ours: float, theirs: float) -> float:
    return abs(ours - theirs) / (abs(theirs) or 1.0)


# The section on what PyTorch says, or that it isn't there to be asked.


def checks_section(found: Sequence[Check] | None) -> Section:
    """Return what PyTorch says of the same numbers, or that it isn't there to be asked."""
    heading = "Checked against PyTorch"
    if found is None:
        words = "PyTorch is not installed here, so nothing was checked against it."
        return Section(name="checks", heading=heading, text=(words,))
    table = Table(
        title="The same numbers by PyTorch in float64",
        headers=("What", "By", "Relative difference"),
        rows=[[each.what, each.by, f"{each.difference:.1e}"] for each in found],
    )
    return Section(
        name="checks",
        heading=heading,
        text=("Each is computed a second time, by other code.",),
        tables=(table,),
    )
