"""How sharp a network's loss is where its training begins and where it ended, and the rate that this allows.

J. Cohen, S. Kaur, Y. Li, J. Z. Kolter and A. Talwalkar, "Gradient Descent on Neural Networks Typically Occurs
at the Edge of Stability", ICLR 2021: descent over the full batch tends to raise λ_max until its limit is met.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.engine.layout import initial_parameters
from trainlab.explain.questions.learning_rate.full_loss import FullLoss
from trainlab.explain.questions.learning_rate.quadratic import (
    PLAIN,
    Descent,
    StabilityEdge,
    stability_edge,
    stability_limit,
)
from trainlab.explain.questions.learning_rate.sharpness import Curvature, most_negative, sharpness
from trainlab.spec import SGD, Experiment

Array = npt.NDArray[np.float64]

SEEDS = 5
FLATTER = 50.0
"""How many times flatter the second direction of the example in two is."""

FLAT = 1e-9
"""A curvature no larger may be rounding."""

_CHEAP = 100_000
_WORK = 300_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceSharpness:
    """The curvatures at a place: the `largest`, the `lowest`, and the rate up to which descent converges.

    `moment` is ``"start"`` or ``"end"``. `limit` is infinite where no direction curves upwards, and NaN if
    the optimizer's momentum or dampening is unstable at any. A place that is not `smooth` lies at a kink, as
    of ReLU or L1, or has a curvature beyond float64: its `limit` is NaN.
    """

    seed: int
    moment: str
    largest: Curvature
    lowest: Curvature
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


def place_sharpness(experiment: Experiment, parameters: Array, *, seed: int, moment: str) -> PlaceSharpness:
    """Return the curvatures of the full-batch loss at a row of finite parameters ``[P]``."""
    full = FullLoss.of(experiment)
    start = np.random.default_rng(0).normal(size=len(parameters))
    most = min(2000, max(60, _WORK // (len(parameters) * full.task.points)))

    def product(direction: Array) -> Array:
        return full.hessian_times(parameters, direction)

    with np.errstate(all="ignore"):
        largest = sharpness(product, start, most=most)
        lowest = most_negative(product, start)
        smooth = full.is_smooth(parameters, start)
    return PlaceSharpness(
        seed=seed,
        moment=moment,
        largest=largest,
        lowest=lowest,
        limit=rate_limit(experiment, largest.value) if smooth else math.nan,
        smooth=smooth,
    )


def start_sharpness(experiment: Experiment, *, seed: int = 0) -> PlaceSharpness:
    """Return the curvatures where the training of a seed begins."""
    row = initial_parameters(experiment, range(seed, seed + 1))[0]
    return place_sharpness(experiment, row, seed=seed, moment="start")


def smooth_start(experiment: Experiment, *, seeds: int) -> PlaceSharpness:
    """Return the first start, of those that `along_training` looks at, without a kink; else the first."""
    first = start_sharpness(experiment)
    others = (start_sharpness(experiment, seed=seed) for seed in range(1, min(seeds, _looked_at(experiment))))
    return first if first.smooth else next((place for place in others if place.smooth), first)


def _looked_at(experiment: Experiment) -> int:
    """Return of how many runs the curvatures are computed."""
    work = experiment.network.parameters * experiment.data().points
    return SEEDS if work <= _CHEAP else 1


def along_training(runs: Runs) -> tuple[PlaceSharpness, ...]:
    """Return the curvatures at start and end of the first runs: five, or one of a large network.

    The end of a run that diverged has none, and is left out.
    """
    experiment = runs.experiment
    found: list[PlaceSharpness] = []
    for row, seed in enumerate(runs.seeds[: _looked_at(experiment)]):
        found.append(start_sharpness(experiment, seed=seed))
        end = runs.parameters[row].astype(np.float64)
        if np.isfinite(end).all() and not runs.diverged[row]:
            found.append(place_sharpness(experiment, end, seed=seed, moment="end"))
    return tuple(found)


def example_curvature(place: PlaceSharpness) -> tuple[float, str]:
    """Return the curvature of a quadratic to show, and whose it is: that of the place, or 1, and why."""
    found, where = place.largest, f"at the {place.moment} of seed {place.seed}"
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

    In one direction and in two, without and with momentum: the experiment's, or 0.9.
    """
    steep = example_curvature(place)[0]
    own = descent_of(experiment)
    heavy = own if own.momentum else Descent(momentum=0.9)
    return tuple(
        stability_edge(curvatures, descent)
        for curvatures in ((steep,), (steep, steep / FLATTER))
        for descent in (PLAIN, heavy)
    )
