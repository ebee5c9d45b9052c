"""What a race comes to, row by row: its candidates and its rounds, each with its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainlab.engine import Runs
from trainlab.page.cells import count_of, or_nothing, share_under_percent
from trainlab.page.columns import Column, TableOf, json_only
from trainlab.spec import Experiment
from trainlab.stats import Rate


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RaceCandidate:
    """One candidate at the end.

    `solved` has the simultaneous interval. `rank` is the best and the worst rank that it may have. Dropped
    ones say in which round, from 1, and by which leader. `run` is a leader's solved run of lowest seed.
    """

    name: str
    experiment: Experiment
    solved: Rate
    rank: tuple[int, int]
    dropped_in: int | None
    beaten_by: str | None
    run: Runs | None

    @property
    def rank_words(self) -> str:
        """The ranks, as ``1–3``, or ``2`` where there is no doubt."""
        best, worst = self.rank
        return f"{best:,}" if best == worst else f"{best:,}–{worst:,}"

    def __repr__(self) -> str:
        # The generated one would print the arrays of the run.
        return f"<RaceCandidate {self.name!r}: {self.solved} solved, rank {self.rank_words}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the candidate as JSON has it."""
        return CANDIDATES.to_dict(self)


CANDIDATES: TableOf[RaceCandidate] = TableOf(
    (
        Column("Rank", lambda item: item.rank_words, align="right"),
        Column("Name", lambda item: item.name, json="name"),
        json_only("widths", lambda item: item.experiment.network.label),
        json_only("biases", lambda item: list(item.experiment.network.biases)),
        json_only("parameters", lambda item: item.experiment.network.parameters),
        json_only("fingerprint", lambda item: item.experiment.fingerprint),
        Column("Solved", lambda item: item.solved, show=count_of, align="right", json="solved"),
        Column("Share, % (interval)", lambda item: item.solved, show=share_under_percent, align="right"),
        json_only("rank", lambda item: {"best": item.rank[0], "worst": item.rank[1]}),
        Column("Out", lambda item: item.dropped_in, show=or_nothing, align="right", json="dropped_in"),
        json_only("beaten_by", lambda item: item.beaten_by),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RaceRound:
    """One round: `seeds` a candidate so far, how many `candidates` began it and were `dropped`, who led."""

    seeds: int
    candidates: int
    dropped: int
    leader: str
    runs: int

    def to_dict(self) -> dict[str, Any]:
        """Return the round as JSON has it."""
        return ROUNDS.to_dict(self)


ROUNDS: TableOf[RaceRound] = TableOf(
    (
        Column("Seeds each", lambda item: item.seeds, json="seeds"),
        Column("In the race", lambda item: item.candidates, json="candidates"),
        Column("Dropped", lambda item: item.dropped, json="dropped"),
        Column("Runs added", lambda item: item.runs),
        Column("Leader", lambda item: item.leader, json="leader"),
        json_only("runs", lambda item: item.runs),
    ),
    numbered="Round",
)
