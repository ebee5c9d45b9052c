"""Train each loss on data with and without outliers, and measure the fit to clean examples never seen."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.network_pass import forward, layers_from
from trainlab.explain.common.populations import Populations
from trainlab.explain.questions.loss.outlier_data import OutlierData, outlier_data
from trainlab.maths import LOSSES
from trainlab.scratch import scratch_folder
from trainlab.spec import (
    L1,
    MSE,
    Adam,
    Experiment,
    Full,
    Huber,
    LogCosh,
    Loss,
    Network,
    NoSchedule,
    NoStopping,
    Record,
    Scaling,
    Split,
    Within,
    name_of,
)
from trainlab.tasks import arrays

Array = npt.NDArray[np.float64]

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
    own: bool
    epochs: int
    losses: tuple[tuple[str, Loss], ...]
    clean: dict[str, Array]
    dirty: dict[str, Array]
    climbs: dict[str, Array]
    fits: dict[str, Array]
    """Of one input: the prediction of the first draw's first seed at its clean examples, with outliers."""
    note: str = ""
    """Why there are fewer data sets than asked for; empty if there are not."""


def outlier_experiment(own: Experiment | None) -> Experiment:
    """Return what the losses are compared with: 1-16-1 on a sine, or a regression of the user's own.

    Adam: it divides by the size of the gradient, so that no loss learns faster for being steeper.
    """
    if own is None:
        return Experiment(
            network=Network(widths=(1, 16, 1), output_activation="linear"),
            task="curve",  # type: ignore[arg-type]
            optimizer=Adam(lr=0.02),
            sampling=Full(),
            epochs=500,
        )
    network = msgspec.structs.replace(
        own.network, activation=(*own.network.activations[:-1], "linear"), output_activation=None
    )
    return msgspec.structs.replace(own, network=network, schedule=NoSchedule(), stopping=NoStopping())


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


def train_outliers(own: Experiment | None, populations: Populations) -> OutlierRuns:
    """Train every loss on every draw of the data, with its outliers and without.

    A draw has its own noise and outliers and `SEEDS` networks. The runs aren't kept in a store: their data
    are files in a folder that vanishes.
    """
    base = outlier_experiment(own)
    asked = min(MOST_DRAWS, max(2, populations.seeds // SEEDS))
    # Every loss is trained twice on every draw, with outliers and without.
    costs = [base] * (2 * len(losses_compared(base.data().targets)))
    draws = max(2, populations.affordable(costs, seeds=asked * SEEDS) // SEEDS)
    data = [outlier_data(own, draw) for draw in range(draws)]
    losses = losses_compared(data[0].clean)
    apart = Populations(
        seeds=min(SEEDS, populations.seeds),
        engine=populations.engine,
        workers=populations.workers,
        on_progress=populations.on_progress,
    )
    with scratch_folder("outliers") as folder:
        made = [
            _experiment(base, each, loss, folder, dirty=dirty)
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
        fits = {label: _fit(runs[label, True][0], data[0]) for label, _ in losses}
    return OutlierRuns(
        network=base.network.label,
        draws=draws,
        seeds=apart.seeds,
        data=data[0],
        own=own is not None,
        epochs=base.epochs,
        losses=losses,
        clean={label: errors[label, False] for label, _ in losses},
        dirty={label: errors[label, True] for label, _ in losses},
        climbs={label: np.array([_climbs(each) for each in runs[label, False]]) for label, _ in losses},
        fits={label: fit for label, fit in fits.items() if fit is not None},
        note=populations.note(draws * SEEDS, asked=asked * SEEDS),
    )


def _experiment(base: Experiment, data: OutlierData, loss: Loss, folder: str, *, dirty: bool) -> Experiment:
    return msgspec.structs.replace(
        base,
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


def _fit(runs: Runs, data: OutlierData) -> Array | None:
    """Return the first seed's predictions at the clean examples, if there is one input and one output."""
    if data.inputs.shape[1] != 1 or data.clean.shape[1] != 1:
        return None
    return _outputs(runs, 0, data)[:, 0]


def slope_jump(loss: Loss) -> float:
    """Return by how much a loss's slope jumps where the error changes its sign."""
    settings = msgspec.structs.asdict(loss)
    tiny, zero = np.array([[1e-9]]), np.zeros((1, 1))
    gradient = LOSSES[name_of(loss)].gradient
    return round(float((gradient(tiny, zero, **settings) - gradient(-tiny, zero, **settings))[0, 0]), 6)
