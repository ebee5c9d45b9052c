"""Does a network predict held-out rows better than the best constant, or may that be chance?

Both answer the same rows, and the network is the run that is the median of the seeds. Of accuracies: of the
rows on which only one of the two is right, the network must win more than half, by an exact sign test
(McNemar's). Of losses: the mean over the rows of the guess's loss less the network's must be above 0, by a
paired t test. The guess is the best constant of these very rows, which favours it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.constant_baseline import best_constants
from trainlab.engine.network_pass import forward, layers_from
from trainlab.maths import LINKS, is_right
from trainlab.spec import loss_entry
from trainlab.stats import sign_test

if TYPE_CHECKING:
    from trainlab.engine import Runs
    from trainlab.studies.performance_measure import PerformanceMeasure

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
FEWEST_ROWS = 10
"""Of fewer rows the t test of their losses is no guide."""


def constant_predictor_p(measure: PerformanceMeasure, runs: Runs) -> tuple[float, float] | None:
    """Return one-sided p-values, over the rows, for the median run being better than the guess, and worse.

    None where the rows can't be asked: the run diverged, or its parameters, and so its losses, aren't kept.
    """
    found = measure.of(runs)
    values = np.where(np.isfinite(found), found, np.inf)
    middle = float(np.median(values))
    if not np.isfinite(middle):
        return None
    place = int(np.argmin(np.abs(values - middle)))
    if measure.kind == "loss":
        gained = _gained(measure, runs, place)
        return None if gained is None else (mean_p(gained), mean_p(-gained))
    network = _right(measure, runs, place)
    if network is None:
        won, lost = _least(measure, float(values[place]))
    else:
        guessed = _guessed(measure, runs)
        won, lost = int((network & ~guessed).sum()), int((guessed & ~network).sum())
    return rows_p(won, lost), rows_p(lost, won)


def rows_p(won: int, lost: int) -> float:
    """Return the chance of winning at least so many of the rows won or lost, if each were a coin toss."""
    network = np.repeat([True, False], [won, lost])
    return float(sign_test(network, ~network[None, :])[0])


def mean_p(values: Floats) -> float:
    """Return the one-sided p-value of a mean ``[rows]`` above 0, by Student's t; 1 of few, or all alike."""
    n, spread = len(values), float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if n < FEWEST_ROWS or spread == 0.0:
        return 1.0
    from scipy import special

    return float(cast("Any", special).stdtr(n - 1, -float(values.mean()) * n**0.5 / spread))


def _gained(measure: PerformanceMeasure, runs: Runs, place: int) -> Floats | None:
    """Return by how much a run's loss is below the guess's, a row each ``[rows]``; None as for `_right`."""
    outputs = _outputs(measure, runs, place)
    if outputs is None:
        return None
    loss = runs.experiment.loss
    value, settings = loss_entry(loss).value, msgspec.structs.asdict(loss)
    _, targets = _rows(measure, runs)
    guess = np.broadcast_to(best_constants(loss, targets), targets.shape)
    rows = range(len(targets))
    mine = np.array([value(outputs[[row]], targets[[row]], **settings) for row in rows])
    theirs = np.array([value(guess[[row]], targets[[row]], **settings) for row in rows])
    told = float(measure.of(runs)[place])
    return theirs - mine if abs(float(mine.mean()) - told) <= 0.01 * max(told, 1e-6) else None


def _outputs(measure: PerformanceMeasure, runs: Runs, place: int) -> Floats | None:
    """Return a run's outputs ``[rows, outputs]``; None if it diverged or its parameters aren't kept."""
    experiment = runs.experiment
    if runs.parameters.shape[1] != experiment.network.parameters or runs.diverged[place]:
        return None
    inputs, _ = _rows(measure, runs)
    return forward(layers_from(experiment.network, runs.parameters[place]), inputs)[-1].outputs


def _right(measure: PerformanceMeasure, runs: Runs, place: int) -> Bools | None:
    """Return which rows a run has right, ``[rows]``; None if its parameters aren't kept or say otherwise."""
    outputs = _outputs(measure, runs, place)
    if outputs is None:
        return None
    _, targets = _rows(measure, runs)
    right = is_right(LINKS[loss_entry(runs.experiment.loss).link].value(outputs), targets)
    # Rounded otherwise than in training, a row or two at the border may fall to the other side.
    return right if abs(right.mean() - float(measure.of(runs)[place])) < 1.5 / len(right) else None


def _guessed(measure: PerformanceMeasure, runs: Runs) -> Bools:
    """Return on which rows the commonest class is right, ``[rows]``."""
    _, targets = _rows(measure, runs)
    if targets.shape[1] == 1:
        return np.asarray((targets[:, 0] > 0.5) == bool(measure.majority_place))
    return np.asarray(targets.argmax(axis=1) == measure.majority_place)


def _rows(measure: PerformanceMeasure, runs: Runs) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    data = runs.experiment.data()
    held = measure.held_out
    return (data.held_out_inputs, data.held_out_targets) if held else (data.inputs, data.targets)


def _least(measure: PerformanceMeasure, accuracy: float) -> tuple[int, int]:
    """Return the rows won and lost if the run's errors fall where the guess is right: the cautious case."""
    guessed = round(measure.guess * measure.rows)
    wrong = measure.rows - round(accuracy * measure.rows)
    lost = min(wrong, guessed)
    return measure.rows - guessed - (wrong - lost), lost
