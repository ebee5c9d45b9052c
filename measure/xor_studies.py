"""The two studies and two races that README and the pages on the assignment and on races tell of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from msgspec import structs

import trainlab
from measure.blocks import ROOT, percent
from trainlab.engine import Runs
from trainlab.spec import load_study, name_of
from trainlab.stats import Rate, rate
from trainlab.studies import CellResult, Verdict
from trainlab.studies.causes import failed
from trainlab.studies.cells import all_near

Bools = npt.NDArray[np.bool_]
ALIKE = 0.01
"""Predictions closer than this are called the same."""
SEEDS = 1000
CAUSE = "examples/vanishing_cause.toml"
CAUSE_CELLS = (
    ":none",
    ":equalised",
    ":redrawn",
    ":A–E",
    ":A–E+equalised",
    ":A–E+frozen",
    ":A–E+redrawn",
)
NOTEBOOK: dict[tuple[str, ...], str] = {
    (): "1: tanh, L1",
    ("then MSE",): "2: tanh, MSE, from the weights of 1",
    ("MSE",): "tanh, MSE, from new weights",
    ("sigmoid",): "sigmoid, L1",
    ("MSE", "sigmoid"): "3: sigmoid, MSE",
}
"""The second notebook's iterations by their numbers, with the cells that it left out."""
ITERATIONS: tuple[tuple[str, ...], ...] = ((), ("then MSE",), ("MSE", "sigmoid"))
WINDOW = 50
"""Epochs between two points of the second notebook's plot."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alike:
    """Failed runs that answer three points alike, or all four; the common `values` of the three.

    Of these values, those `near` 0.694 and those that round to it.
    """

    three: Rate
    all_four: int
    values: npt.NDArray[np.float64]
    near: Rate
    exact: Rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Studies:
    """The two studies and two races that every figure comes from.

    `windows` are the losses of the second notebook's three iterations as it plotted them, ``[n, plots]``.
    """

    xor44: trainlab.StudyResult
    notebook: trainlab.StudyResult
    windows: Mapping[str, npt.NDArray[np.float64]]
    race: trainlab.RaceResult
    race_all: trainlab.RaceResult
    cause: trainlab.StudyResult

    @property
    def together(self) -> tuple[str, ...]:
        """All changes of the assignment, A to E."""
        return self.xor44.study.change_names

    def cell(self, network: str, *changes: str) -> CellResult:
        """Return one cell of the assignment's study."""
        return self.xor44.cell(network, *changes)

    def alike(self) -> Alike:
        """Return how many failed runs of Model 3 with all changes answer points alike, and with what."""
        runs = self.cell("Model 3", *self.together).runs
        answers = np.sort(runs.predictions[failed(runs), :, 0].astype(np.float64), axis=1)
        all_four = answers[:, 3] - answers[:, 0] < ALIKE
        lower = answers[:, 2] - answers[:, 0] < ALIKE
        three = (lower | (answers[:, 3] - answers[:, 1] < ALIKE)) & ~all_four
        values = np.where(lower, answers[:, 1], answers[:, 2])[three]
        return Alike(
            three=share_of(three),
            all_four=int(all_four.sum()),
            values=values,
            near=share_of((values > 0.6) & (values < 0.75)),
            exact=share_of(np.round(values, 3) == 0.694),
        )


@cache
def carry_out(*, store: str | None, seeds: int = SEEDS) -> Studies:
    """Run the studies and races, or read them from the store; the first race has four times the seeds."""
    networks = trainlab.budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2)
    race, race_all = (
        trainlab.race(
            "xor44", networks=networks, cell=cell, seeds=min(32, seeds), max_seeds=most, store=store
        )
        for cell, most in ((":A+B+E", 4 * seeds), (":A+B+C+D+E", seeds))
    )
    return Studies(
        xor44=trainlab.study("xor44", seeds=seeds, store=store),
        notebook=trainlab.study("second_notebook", seeds=seeds, store=store),
        windows={
            NOTEBOOK[changes]: window_average(losses_of_each_epoch(changes, min(100, seeds), store))
            for changes in ITERATIONS
        },
        race=race,
        race_all=race_all,
        cause=trainlab.study(str(ROOT / CAUSE), seeds=seeds, only=CAUSE_CELLS, store=store),
    )


def losses_of_each_epoch(changes: tuple[str, ...], seeds: int, store: str | None) -> npt.NDArray[np.float64]:
    """Return the loss before every step of a cell of the second notebook, ``[n, epochs]``."""
    own = load_study("second_notebook").experiment("2-11-1", changes)
    (item,) = trainlab.run(
        structs.replace(own, record=structs.replace(own.record, loss_every=1)), seeds=seeds, store=store
    ).cells
    return item.runs.loss_curve[:, :-1].astype(np.float64)


def window_average(losses: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the sums of the losses ``[n, epochs]`` since the last plot, over 50, at epochs 0, 50, 100, …

    As the second notebook has it, so that the first is one epoch's loss over 50.
    """
    sums = np.add.reduceat(losses, [0, *range(1, losses.shape[1], WINDOW)], axis=1)
    whole = 1 + (losses.shape[1] - 1) // WINDOW
    return sums[:, :whole] / WINDOW


def networks(studies: Studies) -> tuple[str, ...]:
    """Return Model 1, 2 and 3."""
    return studies.xor44.study.network_names


def of(result: trainlab.StudyResult, topic: str) -> list[Verdict]:
    """Return the verdicts on one topic."""
    return [verdict for verdict in result.verdicts if verdict.topic == topic]


def opposite(verdict: Verdict) -> str:
    """Return the share of seeds whose single run gives the opposite answer."""
    return "–" if verdict.opposite is None else percent(verdict.opposite)


def share_of(of: Bools) -> Rate:
    """Return how many are true."""
    return rate(int(of.sum()), len(of))


def loss_by_point(runs: Runs) -> npt.NDArray[np.float64]:
    """Return the loss of each single point at the end, ``[n, points]``, for L1 and MSE."""
    gaps = np.abs(runs.predictions[:, :, 0].astype(np.float64) - runs.experiment.data().targets[:, 0])
    return gaps**2 if name_of(runs.experiment.loss) == "mse" else gaps


def to_digits(runs: Runs, digits: int) -> Rate:
    """Return how many runs have every prediction right to so many digits."""
    return share_of(all_near(runs, 0.5 * 10**-digits))
