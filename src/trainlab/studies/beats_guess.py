"""Do a network's answers beat the commonest class on the rows that it is judged by, or may that be chance?

Both answer the same rows. Of those on which only one of the two is right, the network must win more than
half, by an exact sign test (McNemar's). The network is the run whose accuracy is the median of the seeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainlab.maths import LINKS, is_right
from trainlab.spec import loss_entry
from trainlab.stats import SIGNIFICANCE, sign_test

if TYPE_CHECKING:
    from trainlab.engine import Runs
    from trainlab.studies.measure import Measure

Bools = npt.NDArray[np.bool_]


def beats_guess(measure: Measure, runs: Runs) -> bool:
    """Return whether these rows show that the median run tells more classes than always the commonest."""
    values = measure.of(runs)
    place = int(np.argmin(np.abs(values - np.median(values))))
    network = _right(measure, runs, place)
    if network is None:
        return rows_show_it(*_least(measure, float(values[place])))
    guessed = _guessed(measure, runs)
    return rows_show_it(int((network & ~guessed).sum()), int((guessed & ~network).sum()))


def rows_show_it(won: int, lost: int) -> bool:
    """Return whether winning so many rows and losing so many is more than chance, at 2.5 % on this side."""
    network = np.repeat([True, False], [won, lost])
    return bool(sign_test(network, ~network[None, :])[0] < SIGNIFICANCE / 2)


def _right(measure: Measure, runs: Runs, place: int) -> Bools | None:
    """Return which rows a run has right, ``[rows]``; None if its parameters aren't kept or say otherwise."""
    # That room has the same floor as this one and asks for it as it is loaded.
    from trainlab.explain.network_pass import forward, layers_from

    experiment = runs.experiment
    if runs.parameters.shape[1] != experiment.network.parameters or runs.diverged[place]:
        return None
    inputs, targets = _rows(measure, runs)
    outputs = forward(layers_from(experiment.network, runs.parameters[place]), inputs)[-1].outputs
    right = is_right(LINKS[loss_entry(experiment.loss).link].value(outputs), targets)
    # Rounded otherwise than in training, a row or two at the border may fall to the other side.
    return right if abs(right.mean() - float(measure.of(runs)[place])) < 1.5 / len(right) else None


def _guessed(measure: Measure, runs: Runs) -> Bools:
    """Return on which rows the commonest class is right, ``[rows]``."""
    _, targets = _rows(measure, runs)
    if targets.shape[1] == 1:
        return np.asarray((targets[:, 0] > 0.5) == bool(measure.majority_place))
    return np.asarray(targets.argmax(axis=1) == measure.majority_place)


def _rows(measure: Measure, runs: Runs) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    data = runs.experiment.data()
    held = measure.held_out
    return (data.held_out_inputs, data.held_out_targets) if held else (data.inputs, data.targets)


def _least(measure: Measure, accuracy: float) -> tuple[int, int]:
    """Return the rows won and lost if the run errs where the guess is right, which leaves most to chance."""
    guessed = round(measure.guess * measure.rows)
    wrong = measure.rows - round(accuracy * measure.rows)
    lost = min(wrong, guessed)
    return measure.rows - guessed - (wrong - lost), lost
