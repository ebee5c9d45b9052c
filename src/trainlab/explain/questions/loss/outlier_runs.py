"""Losses trained on a sine with outliers and without, and the fit to clean examples never seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.network_pass import Array, forward, layers_from
from trainlab.explain.populations import Populations
from trainlab.maths import LOSSES
from trainlab.scratch import scratch_folder
from trainlab.spec import (
    L1,
    MSE,
    Adam,
    Curve,
    Experiment,
    Full,
    Huber,
    LogCosh,
    Loss,
    Network,
    Record,
    Scaling,
    Split,
    Within,
    name_of,
)
from trainlab.tasks import arrays, build
from trainlab.tasks.generated import uniforms

# A noisy sine of which a share of the training targets is shifted, beside clean data to judge by.


SHARE = 0.2
"""The share of the training targets that is shifted."""
SHIFT = 4.0
"""By how many standard deviations of the clean targets, always upwards."""
POINTS = 64
NOISE = 0.1
CLEAN_POINTS = 200

# A stream of the task's draws that no task uses.
_OUTLIERS = 16


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OutlierData:
    """``inputs [points, features]`` with clean and shifted ``[points, outputs]`` targets, and clean examples
    that are never trained on; ``shifted [points]`` says which are.
    """

    inputs: Array
    clean: Array
    dirty: Array
    shifted: npt.NDArray[np.bool_]
    judged_inputs: Array
    judged_targets: Array


def outlier_data(draw: int) -> OutlierData:
    """Return draw number `draw` of the data: a sine with noise, a share of its targets shifted."""
    noisy = build(Curve(points=POINTS, noise=NOISE, seed=draw), Split(), Scaling())
    inputs, targets = noisy.inputs, noisy.targets
    count = max(1, round(SHARE * len(targets)))
    order = np.argsort(uniforms(draw, _OUTLIERS, (len(targets),)), kind="stable")
    shifted = np.zeros(len(targets), dtype=np.bool_)
    shifted[order[:count]] = True
    size = SHIFT * float(np.std(targets))
    # An even number of places between −1 and 1, none of them a training example.
    x = (np.arange(CLEAN_POINTS, dtype=np.float64) + 0.5)[:, None] * (2.0 / CLEAN_POINTS) - 1.0
    return OutlierData(
        inputs=inputs,
        clean=targets,
        dirty=targets + np.where(shifted[:, None], size, 0.0),
        shifted=shifted,
        judged_inputs=x,
        judged_targets=np.sin(np.pi * x),
    )


# Train each loss on data with and without outliers, and measure the fit to clean examples never seen.


SEEDS = 8
"""Seeds a data set: as many as the fast engine trains side by side."""
MOST_DRAWS = 20
LAST_EPOCHS = 100
DELTA = 0.15
"""The small delta of Huber's loss, in standard deviations of the clean targets."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OutlierRuns:
    """For each loss by its label ``[draws, seeds]``: the root mean squared error on clean examples after
    training without (`clean`) and with outliers (`dirty`); and how far the training loss climbed back in the
    last epochs, all its rises together as a share of its median there, without outliers (`climbs`).
    """

    network: str
    draws: int
    seeds: int
    data: OutlierData
    epochs: int
    losses: tuple[tuple[str, Loss], ...]
    clean: dict[str, Array]
    dirty: dict[str, Array]
    climbs: dict[str, Array]
    fits: dict[str, Array]
    """The prediction of the first draw's first seed at its clean examples, with outliers."""
    note: str = ""
    """Why there are fewer data sets than asked for; empty if there are not."""


EXPERIMENT: Final = Experiment(
    network=Network(widths=(1, 16, 1), output_activation="linear"),
    task="curve",  # type: ignore[arg-type]
    optimizer=Adam(lr=0.02),
    sampling=Full(),
    epochs=500,
)
"""What the losses are compared with. Adam divides by the size of the gradient, so that no loss learns faster
for being steeper."""


def losses_compared(targets: Array) -> tuple[tuple[str, Loss], ...]:
    """Return the losses with their labels; the second Huber's delta is small against the clean targets."""
    delta = float(f"{DELTA * float(np.std(targets)):.1g}") or 1.0
    return (
        ("l1", L1()),
        ("mse", MSE()),
        ("huber, delta 1", Huber()),
        (f"huber, delta {delta:g}", Huber(delta=delta)),
        ("log_cosh", LogCosh()),
    )


def train_outliers(populations: Populations) -> OutlierRuns:
    """Train every loss on every draw of the data, with its outliers and without.

    A draw has its own noise and outliers and `SEEDS` networks. The runs aren't kept in a store: their data
    are files in a folder that vanishes.
    """
    asked = min(MOST_DRAWS, max(2, populations.seeds // SEEDS))
    # Every loss is trained twice on every draw, with outliers and without.
    losses = losses_compared(outlier_data(0).clean)
    costs = [EXPERIMENT] * (2 * len(losses))
    draws = max(2, populations.affordable(costs, seeds=asked * SEEDS) // SEEDS)
    data = [outlier_data(draw) for draw in range(draws)]
    apart = replace(populations, seeds=min(SEEDS, populations.seeds), store=None)
    with scratch_folder("outliers") as folder:
        made = [
            _experiment(each, loss, folder, dirty=dirty)
            for _, loss in losses
            for dirty in (False, True)
            for each in data
        ]
        trained = iter(apart.train(made))
        # By loss and by whether there are outliers, the runs of each draw.
        runs = {
            (label, dirty): [next(trained) for _ in data] for label, _ in losses for dirty in (False, True)
        }
        errors = {
            key: np.array([_clean_errors(each, draw) for each, draw in zip(group, data, strict=True)])
            for key, group in runs.items()
        }
        fits = {label: _outputs(runs[label, True][0], 0, data[0])[:, 0] for label, _ in losses}
    return OutlierRuns(
        network=EXPERIMENT.network.label,
        draws=draws,
        seeds=apart.seeds,
        data=data[0],
        epochs=EXPERIMENT.epochs,
        losses=losses,
        clean={label: errors[label, False] for label, _ in losses},
        dirty={label: errors[label, True] for label, _ in losses},
        climbs={label: np.array([_climbs(each) for each in runs[label, False]]) for label, _ in losses},
        fits=fits,
        note=populations.note(draws * SEEDS, asked=asked * SEEDS),
    )


def _experiment(data: OutlierData, loss: Loss, folder: str, *, dirty: bool) -> Experiment:
    return msgspec.structs.replace(
        EXPERIMENT,
        task=arrays(data.inputs, data.dirty if dirty else data.clean, kind="regression", folder=folder),
        split=Split(),
        scaling=Scaling(),
        loss=loss,
        solved=Within(),
        record=Record(loss_every=0 if dirty else 1, gradient_every=0, solved_every=0, predictions=0),
    )


def _clean_errors(runs: Runs, data: OutlierData) -> Array:
    """Return the root mean squared error of each run on the clean examples, ``[seeds]``; NaN becomes ∞."""
    errors: list[float] = []
    for row in range(len(runs.solved)):
        outputs = _outputs(runs, row, data)
        error = float(np.sqrt(np.mean((outputs - data.judged_targets) ** 2)))
        errors.append(error if np.isfinite(error) else np.inf)
    return np.array(errors)


def _outputs(runs: Runs, row: int, data: OutlierData) -> Array:
    layers = layers_from(runs.experiment.network, runs.parameters[row])
    with np.errstate(over="ignore", invalid="ignore"):
        return forward(layers, data.judged_inputs)[-1].outputs


def _climbs(runs: Runs) -> Array:
    """Return how far the loss rose in the last epochs, all rises together, by its median, ``[seeds]``."""
    last = runs.loss_curve[:, -(LAST_EPOCHS + 1) :].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        climbs = np.maximum(np.diff(last, axis=1), 0.0).sum(axis=1) / np.median(last, axis=1)
    return np.where(np.isfinite(climbs), climbs, np.inf)


def slope_jump(loss: Loss) -> float:
    """Return by how much a loss's slope jumps where the error changes its sign."""
    settings = msgspec.structs.asdict(loss)
    tiny, zero = np.array([[1e-9]]), np.zeros((1, 1))
    gradient = LOSSES[name_of(loss)].gradient
    return round(float((gradient(tiny, zero, **settings) - gradient(-tiny, zero, **settings))[0, 0]), 6)
