"""The error signal of many seeds at once, as they begin and after training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.network_pass import Array, Layer
from trainlab.explain.questions.chain_rule.flow import population_deltas
from trainlab.explain.subject.loss import Objective
from trainlab.spec import Experiment, Network
from trainlab.stats import Rate, rate

VANISHED = 0.01
"""A first layer that keeps a smaller share of the signal than this is counted as starved."""
MOST_NUMBERS = 20_000_000
"""Parameters of all seeds together that are still looked at."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Signals:
    """``kept [n, layers]`` = ‖δ_l‖/‖∂L/∂a‖ for the n `seeds` in which it is a number, and how many aren't."""

    kept: Array
    seeds: int
    left_out: int

    @property
    def starved(self) -> npt.NDArray[np.bool_]:
        """In which seeds the first layer keeps less than `VANISHED`, ``[n]``."""
        return self.kept[:, 0] < VANISHED

    def starved_rate(self) -> Rate | None:
        """Return in how many seeds that is so; None without any seed."""
        return rate(int(self.starved.sum()), len(self.kept)) if len(self.kept) else None

    def quantile(self, share: float) -> Array:
        """Return a quantile over the seeds, ``[layers]``."""
        return np.quantile(self.kept, share, axis=0)

    def worst(self) -> npt.NDArray[np.int64]:
        """Return in how many seeds the signal shrinks most at each layer, ``[layers]``.

        A signal that is 0 is lost where it became 0; seeds in which it shrinks nowhere don't count.
        """
        before = np.concatenate([self.kept[:, 1:], np.ones((len(self.kept), 1))], axis=1)
        ratios = np.divide(self.kept, before, out=np.ones_like(before), where=before > 0)
        shrinks = ratios.min(axis=1) < 1
        layers = self.kept.shape[1]
        # Of equals the one met first on the way back.
        place = layers - 1 - np.argmin(ratios[:, ::-1], axis=1)
        return np.bincount(place[shrinks], minlength=layers)

    def to_dict(self) -> dict[str, Any]:
        """Return medians, bands, the rate and the counts as plain data."""
        found = self.starved_rate()
        known = len(self.kept) > 0
        return {
            "seeds": self.seeds,
            "left_out": self.left_out,
            "median": self.quantile(0.5).tolist() if known else None,
            "low": self.quantile(0.05).tolist() if known else None,
            "high": self.quantile(0.95).tolist() if known else None,
            "vanished": found.to_dict() if found else None,
            "worst": self.worst().tolist(),
        }


def initial_rows(experiment: Experiment, seeds: int) -> Array:
    """Return the parameters ``[n, P]`` that seeds 0 to n − 1 begin with; fewer of a very large network."""
    most = max(1, MOST_NUMBERS // experiment.network.parameters)
    return initial_parameters(experiment, range(min(seeds, most)))


def signals(experiment: Experiment, rows: npt.NDArray[Any], inputs: Array, targets: Array) -> Signals:
    """Return the signals of these networks, parameters ``[n, P]``, for one example."""
    stacks = _stacks(experiment.network, np.asarray(rows, dtype=np.float64))
    norms = population_deltas(stacks, Objective.of(experiment.loss), inputs, targets)
    # Without a gradient at the output there is no signal whose share could be kept.
    known = np.isfinite(norms).all(axis=1) & (norms[:, -1] > 0)
    kept = norms[known, :-1] / norms[known, -1:]
    return Signals(kept=kept, seeds=len(rows), left_out=int((~known).sum()))


def _stacks(network: Network, rows: Array) -> tuple[Layer, ...]:
    """Return the layers with a leading axis of networks."""
    return tuple(
        Layer(
            weight=rows[:, each.weights].reshape(len(rows), each.fan_out, each.fan_in),
            bias=rows[:, each.biases] if each.first_bias is not None else None,
            activation=each.activation,
        )
        for each in layers_of(network)
    )
