"""What a search for the smallest budget comes to, row by row: its budgets and their table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainlab.engine import Runs
from trainlab.page.cells import count_of, or_nothing, share_under_percent
from trainlab.page.columns import Column, TableOf, json_only
from trainlab.spec import Experiment
from trainlab.stats import Rate
from trainlab.stats.threshold_race import Reached


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BudgetJudged:
    """One budget: how many `networks` have so many parameters, and whether one of them `reached` the share.

    `best` is the network that reached it, or the best of those that didn't, with its `experiment`; `solved`
    its rate on fresh seeds, with the simultaneous interval. `raced` are the seeds that those longest in the
    race had, `runs` all runs. `run` is a solved run of the best network. No networks, no best one.
    """

    parameters: int
    networks: int = 0
    reached: Reached = "no"
    best: str | None = None
    experiment: Experiment | None = None
    solved: Rate | None = None
    raced: int = 0
    runs: int = 0
    run: Runs | None = None

    def __repr__(self) -> str:
        # The generated one would print the arrays of the run.
        return f"<BudgetJudged {self.parameters:,} parameters: {self.reached}, {self.best}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the budget as JSON has it."""
        return BUDGETS.to_dict(self)


BUDGETS: TableOf[BudgetJudged] = TableOf(
    (
        Column("Parameters", lambda item: item.parameters, json="parameters"),
        Column("Networks", lambda item: item.networks, json="networks"),
        json_only("reached", lambda item: item.reached),
        Column("Best", lambda item: item.best, show=or_nothing, align="left", json="best"),
        json_only("widths", lambda item: item.experiment and item.experiment.network.label),
        json_only("biases", lambda item: list(item.experiment.network.biases) if item.experiment else []),
        json_only("fingerprint", lambda item: item.experiment and item.experiment.fingerprint),
        Column("Solved", lambda item: item.solved, show=count_of, align="right", json="solved"),
        Column("Share, % (interval)", lambda item: item.solved, show=share_under_percent, align="right"),
        Column("Enough", lambda item: item.reached),
        json_only("raced_seeds", lambda item: item.raced),
        json_only("runs", lambda item: item.runs),
    )
)
