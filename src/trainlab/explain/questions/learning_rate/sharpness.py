"""How sharp a network's loss is where training begins, and the rate that this allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.draw import Cell, Curve, curves, format_number
from trainlab.engine.layout import initial_parameters
from trainlab.engine.network_pass import Array
from trainlab.explain.questions.learning_rate.one_step import FullLoss
from trainlab.explain.questions.learning_rate.stability import (
    PLAIN,
    Descent,
    StabilityEdge,
    path,
    stability_edge,
    stability_limit,
)
from trainlab.page.section import Section, Table, paragraphs
from trainlab.plain import Plain
from trainlab.spec import SGD, Experiment, Full, name_of

# The largest curvature of a loss, from products of its Hessian with vectors.
#
# By power iteration: v ← H v / ‖H v‖, λ = vᵀ H v. With r = ‖H v − λ v‖ some eigenvalue lies within r of λ,
# and of the one meant λ is off by about r² over the distance to the next (Parlett, The Symmetric Eigenvalue
# Problem, 1980, chapters 4 and 11).


Product = Callable[[Array], Array]

TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Curvature(Plain):
    """An eigenvalue, ‖H v − λ v‖ of its vector, and the products with the Hessian that it took."""

    value: float
    residual: float
    products: int

    @property
    def settled(self) -> bool:
        """Whether the residual is below a thousandth of the value, so that its digits can be read."""
        return bool(self.residual <= 1e-3 * abs(self.value))


def power_iteration(
    product: Product, start: Array, *, shift: float = 0.0, most: int, tolerance: float = TOLERANCE
) -> Curvature:
    """Return the eigenvalue λ of which λ + `shift` is largest in size.

    Ends once the residual is below `tolerance` · |λ + shift|, or after `most` products.
    """
    v = start / np.linalg.norm(start)
    value, residual = 0.0, np.inf
    for products in range(1, most + 1):
        image = product(v) + shift * v
        value = float(v @ image)
        residual = float(np.linalg.norm(image - value * v))
        length = float(np.linalg.norm(image))
        if length == 0.0 or not np.isfinite(length) or residual <= tolerance * abs(value):
            return Curvature(value=value - shift, residual=residual, products=products)
        v = image / length
    return Curvature(value=value - shift, residual=residual, products=most)


def sharpness(product: Product, start: Array, *, most: int) -> Curvature:
    """Return the largest eigenvalue λ_max, by power iteration.

    Where a negative curvature is the greatest in size, that is what powers find; shifted by its size they
    find the largest.
    """
    found = power_iteration(product, start, most=most)
    if found.value >= 0.0 and found.residual <= TOLERANCE * abs(found.value):
        return found
    size = abs(found.value) + found.residual
    shifted = power_iteration(product, start, shift=size, most=most)
    return Curvature(
        value=shifted.value, residual=shifted.residual, products=found.products + shifted.products
    )


# How sharp a network's loss is where its training begins, and the rate that this allows.


SEEDS = 5

FLAT = 1e-9
"""A curvature no larger may be rounding."""

_CHEAP = 100_000
_WORK = 300_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceSharpness(Plain):
    """The `largest` curvature where a seed's training begins, and the rate up to which descent converges.

    `limit` is infinite where no direction curves upwards, and NaN if the optimizer's momentum or dampening is
    unstable at any. A place that is not `smooth` lies at a kink, as of ReLU or L1, or has a curvature beyond
    float64: its `limit` is NaN.
    """

    seed: int
    largest: Curvature
    limit: float
    smooth: bool


def descent_of(experiment: Experiment) -> Descent:
    """Return how the experiment's optimizer descends; plain gradient descent if it isn't SGD."""
    optimizer = experiment.optimizer
    if not isinstance(optimizer, SGD):
        return PLAIN
    return Descent(momentum=optimizer.momentum, dampening=optimizer.dampening, nesterov=optimizer.nesterov)


def rate_limit(experiment: Experiment, curvature: float) -> float:
    """Return the rate up to which descent converges along a curvature; SGD's weight decay adds to it."""
    decay = experiment.optimizer.weight_decay if isinstance(experiment.optimizer, SGD) else 0.0
    steep = curvature + decay
    return stability_limit(steep, descent_of(experiment)) if steep > 0 else math.inf


def place_sharpness(experiment: Experiment, parameters: Array, *, seed: int) -> PlaceSharpness:
    """Return the curvature of the full-batch loss at a row of finite parameters ``[P]``."""
    full = FullLoss.of(experiment)
    start = np.random.default_rng(0).normal(size=len(parameters))
    most = min(2000, max(60, _WORK // (len(parameters) * full.task.points)))

    def product(direction: Array) -> Array:
        return full.hessian_times(parameters, direction)

    with np.errstate(all="ignore"):
        largest = sharpness(product, start, most=most)
        smooth = full.is_smooth(parameters, start)
    return PlaceSharpness(
        seed=seed,
        largest=largest,
        limit=rate_limit(experiment, largest.value) if smooth else math.nan,
        smooth=smooth,
    )


def start_sharpness(experiment: Experiment, *, seed: int = 0) -> PlaceSharpness:
    """Return the curvature where the training of a seed begins."""
    row = initial_parameters(experiment, range(seed, seed + 1))[0]
    return place_sharpness(experiment, row, seed=seed)


def start_sharpnesses(experiment: Experiment, *, seeds: int) -> tuple[PlaceSharpness, ...]:
    """Return the curvatures where the first runs begin: of five, or of one of a large network."""
    work = experiment.network.parameters * experiment.data().points
    return tuple(
        start_sharpness(experiment, seed=seed) for seed in range(min(seeds, SEEDS if work <= _CHEAP else 1))
    )


def example_curvature(place: PlaceSharpness) -> tuple[float, str]:
    """Return the curvature of a quadratic to show, and whose it is: that of the place, or 1, and why."""
    found, where = place.largest, f"at the start of seed {place.seed}"
    if not math.isfinite(found.value):
        missing = f"the loss of this network has no finite curvature {where}"
    elif not place.smooth:
        missing = f"the loss of this network has a kink {where}, and no curvature there"
    elif found.value <= FLAT:
        missing = f"the loss of this network curves upwards in no direction {where}, but for rounding"
    else:
        more = "" if found.settled else f", as far as power iteration came: ± {format_number(found.residual)}"
        return (
            found.value,
            f"as steeply as the loss of this network curves {where}, in its steepest direction{more}",
        )
    return 1.0, f"an example, as {missing}"


def network_edges(experiment: Experiment, place: PlaceSharpness) -> tuple[StabilityEdge, ...]:
    """Return where descent diverges on quadratics as steep as the loss at a place, see `example_curvature`.

    Without and with momentum: the experiment's, or 0.9.
    """
    steep = example_curvature(place)[0]
    own = descent_of(experiment)
    heavy = own if own.momentum else Descent(momentum=0.9)
    return tuple(stability_edge((steep,), descent) for descent in (PLAIN, heavy))


# The section on quadratics: where a rate becomes too large.


STEPS = 25


MULTIPLES = (("too small", 0.02), ("good", 0.3), ("oscillating", 0.95), ("divergent", 1.04))
"""Rates of the picture, as shares of the limit; their factors are 0.96, 0.4, −0.9 and −1.08."""


def quadratic_section(edges: Sequence[StabilityEdge], place: PlaceSharpness) -> Section:
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
                ("none", "–")
                if edge.descent.unstable
                else (f"{each:.10g}" for each in (edge.limit, edge.measured))
            ),
        ]
        for edge in edges
    ]
    return Section(
        name="quadratic",
        heading="At a quadratic: where a rate becomes too large",
        text=(
            f"The simplest valley is ½ λ w². Take λ = {steep:.4g}: {whose}. A step multiplies w by 1 − lr × "
            f"λ. Between −1 and 1 that converges, so the limit is 2/λ = {limit:.4g}; below 1/λ w comes down "
            "on one side, above it jumps from side to side.",
            f"{_momentum_words(edges[-1].descent)} Formula and iterating agree to "
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
                headers=("Curvature λ", "Descent", "Formula", "Measured by iterating"),
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


# The section on how sharp the network's own loss is, and which rates that allows.


def sharpness_section(places: Sequence[PlaceSharpness], experiment: Experiment) -> Section:
    """Return the section on the sharpness of the network's own loss."""
    own, descent = experiment.optimizer.lr, descent_of(experiment)
    rows: list[list[Cell]] = [
        [
            str(place.seed),
            *(
                (
                    _curvature(place.largest),
                    *(
                        ("none", "–")
                        if descent.unstable
                        else (format_number(place.limit), format_number(own / place.limit, digits=2))
                    ),
                )
                if place.smooth
                else ("at a kink" if math.isfinite(place.largest.value) else "not finite", "–", "–")
            ),
        ]
        for place in places
    ]
    sgd = isinstance(experiment.optimizer, SGD)
    caveats: list[str] = []
    if not sgd:
        caveats.append(
            f"This experiment's optimizer is {name_of(experiment.optimizer)}, which scales each weight's "
            "step by itself: the limit is that of plain gradient descent, not its own."
        )
    if not isinstance(experiment.sampling, Full):
        caveats.append(
            "The limit is that of descent over all the examples. This training steps on some at a time, "
            "whose own loss may be sharper, so it may break down earlier."
        )
    if any(not place.smooth and math.isfinite(place.largest.value) for place in places):
        caveats.append(
            "At a kink, of the loss or an activation, the gradient jumps: it has no curvature, and no limit."
        )
    if any(place.smooth and not place.largest.settled for place in places):
        caveats.append(
            "Where ± follows λ_max the power iteration stopped before it settled: λ_max may be larger, and "
            "the limit lower."
        )
    return Section(
        name="sharpness",
        heading="This network: how sharp its loss is",
        text=paragraphs(
            "λ_max, the largest eigenvalue of the Hessian of the loss over all the examples, takes the place "
            "of λ: by power iteration on products of the Hessian with a vector, each a central difference of "
            "exact gradients in float64 (good to about 10⁻⁹ of λ_max), where training begins.",
            f"There is no limit: {descent.unstable}."
            if descent.unstable
            else f"Beyond the limit ({descent_words(descent)} descent), steps along the sharpest direction "
            "grow. In a network that need not be the end: they may be thrown to where the loss is flatter.",
            caveats,
        ),
        tables=(
            Table(
                title=f"Curvature and the rate that it allows; the experiment's own rate is {own:g}",
                headers=("Seed", "λ_max", "Limit of the rate", "Own rate / limit"),
                rows=rows,
            ),
        ),
    )


def _curvature(found: Curvature) -> str:
    """Return an eigenvalue, with how far off one may be if that shows."""
    shown = format_number(found.value, digits=4)
    if math.isfinite(found.residual) and not found.settled:
        return f"{shown} ± {format_number(found.residual, digits=2)}"
    return shown
