"""What a race returns: a verdict, the leaderboard, the rounds; it prints and shows itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainlab.draw import Interval, Picture, counted, data_frame, intervals, join
from trainlab.draw.svg import Html, escape
from trainlab.engine import Runs
from trainlab.errors import SpecError, nearest, shown
from trainlab.execution import Provenance
from trainlab.page.columns import Column, TableOf, count_of, json_only, or_nothing, share_under_percent
from trainlab.page.document import drawing, notebook, tag
from trainlab.plain import JSON_FORMAT, Plain, Result, pick, plain
from trainlab.spec import Experiment
from trainlab.stats import Rate, Verdict
from trainlab.stats.race import Ending
from trainlab.studies.study_columns import rate_columns

# What a race comes to, row by row: its candidates and its rounds, each with its table.

SHOWN = 20
"""So many candidates are drawn, and listed at once."""


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
class RaceRound(Plain):
    """One round: `seeds` a candidate so far, how many `candidates` began it and were `dropped`, who led."""

    seeds: int
    candidates: int
    dropped: int
    leader: str
    runs: int


ROUNDS: TableOf[RaceRound] = TableOf(
    (
        Column("Seeds each", lambda item: item.seeds),
        Column("In the race", lambda item: item.candidates),
        Column("Dropped", lambda item: item.dropped),
        Column("Runs added", lambda item: item.runs),
        Column("Leader", lambda item: item.leader),
    ),
    numbered="Round",
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RaceResult(Result):
    """The outcome of a race. `print(result)` gives verdict and leaders, `to_dict()` everything.

    `candidates` from first to last: those still in by their rate, then the dropped, last dropped first.
    `field` says who raced, `noun` what one is called; `drawn_from` is how many networks there were to draw
    from, None if all raced. `made` are the names and labels of the changes that candidates are trained with.
    `ended` is ``"one left"``, ``"most seeds"`` or ``"budget"``.
    """

    title: str
    field: str
    noun: str
    drawn_from: int | None
    base: Experiment
    candidates: tuple[RaceCandidate, ...]
    rounds: tuple[RaceRound, ...]
    ended: Ending
    first_seeds: int
    max_seeds: int
    budget_seeds: int | None
    how: Provenance
    made: tuple[tuple[str, str], ...] = ()

    @property
    def leaders(self) -> tuple[RaceCandidate, ...]:
        """Those that were never dropped: they can't be told apart at the top."""
        return tuple(item for item in self.candidates if item.dropped_in is None)

    @property
    def runs(self) -> int:
        """How many runs the race took, those that were stored already included."""
        return sum(item.runs for item in self.rounds)

    @property
    def full_grid(self) -> int:
        """How many runs it would have taken to give every candidate as many seeds as the leaders got."""
        return len(self.candidates) * self.rounds[-1].seeds

    @property
    def verdict(self) -> str:
        """The outcome in a sentence or two."""
        return verdict_of(self)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The outcome as a verdict: whether one candidate is shown to learn better than all others."""
        return (
            Verdict(
                topic="race",
                statement=f"One {self.noun} learns better than all others.",
                outcome="upheld" if len(self.leaders) == 1 else "mixed",
                sentence=self.verdict,
            ),
        )

    def to_frame(self, *, library: str | None = None) -> Any:
        """Return the leaderboard as a data frame of pandas or, where that isn't installed, of polars.

        A row a candidate, from first to last: how many of `n` seeds it `solved`, the `share` with its
        simultaneous interval from `low` to `high`, all from 0 to 1, the ranks that it may have, and for one
        that was dropped in which round and by whom.

        Args:
            library: ``"pandas"`` or ``"polars"``; without, the first of them that is installed.

        Raises:
            TrainlabError: there is no such library, or (MissingPackageError) it isn't installed.
        """
        items = self.candidates
        columns = {
            "name": [item.name for item in items],
            "widths": [item.experiment.network.label for item in items],
            "parameters": [item.experiment.network.parameters for item in items],
            **rate_columns([item.solved for item in items]),
            "best_rank": [item.rank[0] for item in items],
            "worst_rank": [item.rank[1] for item in items],
            "dropped_in": [item.dropped_in for item in items],
            "beaten_by": [item.beaten_by for item in items],
        }
        return data_frame(columns, library)

    def candidate(self, name: str) -> RaceCandidate:
        """Return one candidate by its name; raise SpecError if none has it."""
        for item in self.candidates:
            if item.name == name:
                return item
        near = nearest(name, [item.name for item in self.candidates])
        raise SpecError(f"candidate {shown(name)}: the race has no candidate of this name.{near}")

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; the format is documented in docs/json.md."""
        return plain(
            {
                "format": JSON_FORMAT,
                **pick(self, "title verdict field drawn_from ended candidates rounds"),
                **pick(self, "first_seeds max_seeds budget_seeds runs"),
                "runs_of_full_grid": self.full_grid,
                "how": self.how,
            }
        )

    def __repr__(self) -> str:
        return f"<RaceResult {self.title!r}: {len(self.candidates):,} {self.noun}s, {self.runs:,} runs>"

    def __str__(self) -> str:
        lines = [f"{item.rank_words}. {item.name}: {item.solved} solved" for item in self.candidates[:LISTED]]
        left = len(self.candidates) - LISTED
        return "\n".join([self.verdict, *lines, *([f"… and {left:,} more"] if left > 0 else [])])

    def _repr_html_(self) -> str:
        return race_notebook(self)


LISTED = 10
"""So many candidates are printed."""
NAMED = 5
"""Of more leaders than this, only the first are named."""


def verdict_of(result: RaceResult) -> str:
    """Return the outcome in a sentence or two, made of numbers only."""
    leaders, noun = result.leaders, result.noun
    rest = len(result.candidates) - len(leaders)
    first = leaders[0]
    if first.solved.k == 0:
        return (
            f"None of the {counted(len(result.candidates), noun)} solved a single one of "
            f"{counted(first.solved.n, 'seed')}."
        )
    share, low, high = (
        f"{100 * value:.1f}" for value in (first.solved.estimate, first.solved.low, first.solved.high)
    )
    rate = f"{first.solved.k:,} of {counted(first.solved.n, 'seed')} solved ({share} %, {low} to {high} %)"
    if len(leaders) == 1:
        others = f"the other {noun}" if rest == 1 else f"all {rest:,} others"
        return f"{first.name} learns best: {rate}. It is shown to be better than {others}."
    names = [item.name for item in leaders[:NAMED]]
    more = len(leaders) - len(names)
    listed = join([*names, f"{more:,} more"] if more else names)
    worst = min(item.solved.estimate for item in leaders)
    span = f"{100 * worst:.1f} to {share} %" if f"{100 * worst:.1f}" != share else f"{share} %"
    who = f"The {len(leaders):,} {noun}s can't" if not rest else f"{len(leaders):,} {noun}s can't"
    why = {
        "budget": f"when the budget of {result.budget_seeds or 0:,} runs was spent",
        "most seeds": "the most that were allowed",
    }.get(result.ended, "")
    each = "The other one is" if rest == 1 else f"Each of the other {rest:,} is"
    dropped = f" {each} shown to be worse than one that led; ranks say against whom it holds." if rest else ""
    return (
        f"{who} be told apart at the top: {listed}, with {span} of {first.solved.n:,} seeds solved, {why}."
        f"{dropped}"
    )


# As a picture, and in a notebook.


def race_picture(result: RaceResult, *, most: int = SHOWN) -> Picture:
    """Return the first candidates' rates, at `most` so many, with simultaneous intervals.

    The line is the first one's rate.
    """
    rows = [
        Interval(
            label=item.name,
            estimate=100 * item.solved.estimate,
            low=100 * item.solved.low,
            high=100 * item.solved.high,
            group=f"Not dropped: {item.solved.n:,} seeds"
            if item.dropped_in is None
            else f"Dropped after {item.solved.n:,} seeds",
        )
        for item in result.candidates[:most]
    ]
    more = len(result.candidates) - len(rows)
    return intervals(
        rows,
        x_label="share of seeds solved, %",
        notes=[f"The line marks the share of {result.candidates[0].name}."],
        title=f"Share solved by the first {len(rows)} of {len(result.candidates):,}"
        if more
        else "Share solved, from first to last",
        reference=100 * result.candidates[0].solved.estimate,
    )


def race_notebook(result: RaceResult) -> Html:
    """Return the verdict, the intervals and the leaderboard for a notebook."""
    board = CANDIDATES.html(result.candidates[:SHOWN])
    return notebook(result.title, tag("p", escape(result.verdict)), drawing(race_picture(result), board))
