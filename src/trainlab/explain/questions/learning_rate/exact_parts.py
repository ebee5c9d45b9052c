"""Sections that need no training: one step, the quadratic, the schedules drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from trainlab.draw import Band, Cell, Curve, curves, format_number, panels
from trainlab.explain.explanation import Section, Table
from trainlab.explain.questions.learning_rate.named_schedules import NamedSchedule, rates_of, step_example
from trainlab.explain.questions.learning_rate.network_sharpness import PlaceSharpness, example_curvature
from trainlab.explain.questions.learning_rate.quadratic import Descent, StabilityEdge, path
from trainlab.explain.questions.learning_rate.step_rule import OneStep, step_words
from trainlab.spec import Experiment, ReduceLROnPlateau

Array = npt.NDArray[np.float64]

STEPS = 25
MULTIPLES = (("too small", 0.02), ("good", 0.3), ("oscillating", 0.95), ("divergent", 1.04))
"""Rates of the picture, as shares of the limit; their factors are 0.96, 0.4, −0.9 and −1.08."""


def step_part(step: OneStep, experiment: Experiment) -> Section:
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


def quadratic_part(edges: Sequence[StabilityEdge], place: PlaceSharpness) -> Section:
    """Return the section on quadratics; the steepest curvature is that of the network at `place`, or 1."""
    steep, whose = example_curvature(place)
    limit = 2.0 / steep
    steps = np.arange(STEPS + 1.0)
    drawn = [
        Curve(label=name, x=steps, median=path(share * limit, [steep], STEPS)[:, 0])
        for name, share in MULTIPLES
    ]
    worst = max(edge.difference for edge in edges if not edge.descent.unstable)
    rows: list[list[Cell]] = [
        [
            ", ".join(f"{each:.4g}" for each in edge.curvatures),
            descent_words(edge.descent),
            *(
                ("none", "–", "–")
                if edge.descent.unstable
                else (f"{each:.10g}" for each in (edge.limit, edge.spectral, edge.measured))
            ),
        ]
        for edge in edges
    ]
    flat = min(edges[-1].curvatures)
    return Section(
        name="quadratic",
        heading="At a quadratic: where a rate becomes too large",
        text=(
            f"The simplest valley is ½ λ w². Take λ = {steep:.4g}: {whose}. A step multiplies w by 1 − lr × "
            f"λ. Between −1 and 1 that converges, so the limit is 2/λ = {limit:.4g}; below 1/λ w comes down "
            "on one side, above it jumps from side to side.",
            "With several directions the steepest sets the limit, and the flattest sets the pace: at λ = "
            f"{flat:.4g} beside it, the best rate 2/(λ_max + λ_min) still leaves "
            f"{100 * (steep - flat) / (steep + flat):.1f} % of the distance after each step.",
            f"{_momentum_words(edges[-1].descent)} Formula, eigenvalues and iterating agree to "
            f"{format_number(worst, digits=2)}, relatively.",
        ),
        pictures=(
            curves(
                drawn,
                x_label="Step",
                y_label="Weight w, from 1; the minimum is 0",
                title="Four rates: 2 %, 30 %, 95 % and 104 % of the limit 2/λ",
                middle="weight",
            ),
        ),
        tables=(
            Table(
                title="The rate above which descent diverges",
                headers=("Curvatures λ", "Descent", "Formula", "By eigenvalues", "Measured by iterating"),
                rows=rows,
            ),
        ),
    )


def _momentum_words(descent: Descent) -> str:
    """Return what momentum does to the limit 2/λ."""
    if descent.unstable:
        return f"With this experiment's momentum there is no limit: {descent.unstable}."
    if descent.nesterov:
        formula = "Nesterov's momentum β narrows the limit to 2(1 + β)/((1 + 2β) λ)"
    elif descent.dampening:
        formula = "Momentum β with dampening d moves the limit to 2(1 + β)/((1 − d) λ)"
    else:
        formula = "Momentum β widens the limit to 2(1 + β)/λ"
    return (
        f"{formula}, where an eigenvalue of the step, a matrix that acts on weight and momentum, reaches −1."
    )


def descent_words(descent: Descent) -> str:
    """Return the kind of descent in words."""
    if not descent.momentum:
        return "plain"
    extra = ", Nesterov" if descent.nesterov else ""
    extra += f", dampening {descent.dampening:g}" if descent.dampening else ""
    return f"momentum {descent.momentum:g}{extra}"


def schedules_part(
    schedules: Sequence[NamedSchedule], experiment: Experiment, plateaus: Mapping[str, Array]
) -> Section:
    """Return the section that draws schedules; `plateaus` has the rates ``[networks, epochs]`` by label."""
    drawn = [schedule_curve(each, experiment, plateaus.get(each.label)) for each in schedules]
    rows: list[list[Cell]] = []
    for each, curve in zip(schedules, drawn, strict=True):
        rates = np.asarray(curve.median)
        reached = " → ".join(format_number(float(rate)) for rate in (rates[0], rates.max(), rates[-1]))
        rows.append([each.title, reached, each.toml])
    examples: list[list[Cell]] = [
        [f"{first} to {last}", f"{rate:.10f}".rstrip("0")] for first, last, rate in step_example()
    ]
    words = [
        "A schedule changes the rate while training goes on. Each is drawn over the epochs of this "
        f"experiment; settings not given are in proportion to them, with {experiment.optimizer.lr:g} as the "
        "rate it starts from or peaks at.",
    ]
    if plateaus:
        words.append(
            "ReduceLROnPlateau waits for the loss of each network by itself: drawn is the median over the "
            "networks, with the band in which nine of ten lie."
        )
    words.append(
        "The worked example is StepLR from 0.05, divided by ten every 30 epochs, over 100: "
        'schedule = { name = "step", step_size = 30, gamma = 0.1 }.'
    )
    return Section(
        name="schedules",
        heading="Schedules, drawn",
        text=tuple(words),
        pictures=(
            panels(
                drawn,
                x_label="Epoch",
                y_label="Learning rate",
                title="The learning rate over the training, by schedule",
                middle="rate",
            ),
        ),
        tables=(
            Table(
                title="StepLR, the worked example",
                headers=("Epochs", "Learning rate"),
                rows=examples,
            ),
            Table(
                title="The schedules, as an experiment's file has them",
                headers=("PyTorch's class", "First → highest → last rate", "TOML"),
                rows=rows,
            ),
        ),
    )


def schedule_curve(named: NamedSchedule, experiment: Experiment, plateau: Array | None) -> Curve:
    """Return a schedule as a curve over epochs; with rates of networks, their median and a band."""
    scheduled = named.of(experiment)
    per_epoch = experiment.steps_per_epoch
    if plateau is not None:
        low, middle, high = np.quantile(plateau, (0.05, 0.5, 0.95), axis=0, method="nearest")
        band = Band(label="5–95 % of networks", low=low, high=high)
        return Curve(label=named.title, x=np.arange(float(len(middle))), median=middle, bands=(band,))
    rates = rates_of(scheduled)
    by_step = "step" in (getattr(named.schedule, "per", "epoch"), named.warmup.per) and not isinstance(
        named.schedule, ReduceLROnPlateau
    )
    stride = 1 if by_step else per_epoch
    return Curve(label=named.title, x=np.arange(0, len(rates), stride) / per_epoch, median=rates[::stride])
