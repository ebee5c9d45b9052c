"""What a race returns: a verdict, the leaderboard, the rounds; it prints and shows itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainlab.draw import JSON_FORMAT, counted, data_frame, join, json_text
from trainlab.errors import SpecError, nearest, shown
from trainlab.execution import Provenance
from trainlab.spec import Experiment
from trainlab.stats import Verdict
from trainlab.stats.race import Ending
from trainlab.studies.races.race_board import RaceCandidate, RaceRound
from trainlab.studies.study_columns import rate_columns


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RaceResult:
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
        return {
            "format": JSON_FORMAT,
            "title": self.title,
            "verdict": self.verdict,
            "field": self.field,
            "drawn_from": self.drawn_from,
            "ended": self.ended,
            "candidates": [item.to_dict() for item in self.candidates],
            "rounds": [item.to_dict() for item in self.rounds],
            "first_seeds": self.first_seeds,
            "max_seeds": self.max_seeds,
            "budget_seeds": self.budget_seeds,
            "runs": self.runs,
            "runs_of_full_grid": self.full_grid,
            "how": self.how.to_dict(),
        }

    def to_json(self) -> str:
        """Return `to_dict` as text; a number that isn't finite is null."""
        return json_text(self.to_dict())

    def __repr__(self) -> str:
        return f"<RaceResult {self.title!r}: {len(self.candidates):,} {self.noun}s, {self.runs:,} runs>"

    def __str__(self) -> str:
        lines = [f"{item.rank_words}. {item.name}: {item.solved} solved" for item in self.candidates[:LISTED]]
        left = len(self.candidates) - LISTED
        return "\n".join([self.verdict, *lines, *([f"… and {left:,} more"] if left > 0 else [])])

    def _repr_html_(self) -> str:
        from trainlab.studies.races.race_pictures import race_notebook

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
