"""What a search for the smallest budget returns: a verdict, and the best network of every budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from trainlab.draw import Interval, Picture, counted, data_frame, intervals, join
from trainlab.draw.svg import Html, escape
from trainlab.engine import Runs
from trainlab.execution import Provenance
from trainlab.page.columns import Column, TableOf, count_of, json_only, or_nothing, share_under_percent
from trainlab.page.document import drawing, notebook, tag
from trainlab.plain import JSON_FORMAT, Result, pick, plain
from trainlab.spec import Experiment, name_of
from trainlab.stats import Outcome, Rate, Verdict, share_words
from trainlab.stats.race import Reached
from trainlab.studies.study_columns import rate_columns

# What a search for the smallest budget comes to, row by row: its budgets and their table.


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


Ended = Literal["found", "all", "too many"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SmallestResult(Result):
    """With how few parameters some network solves `share` of the seeds. `print(result)` gives the verdict.

    `budgets` are those that were raced, in the order of their parameters; `asked` the parameters of all that
    were asked for. `ended` is ``"found"`` (the first that is enough), ``"all"`` (there were no more) or
    ``"too many"`` (the next has more networks than can race). `field` says which networks and how trained,
    `made` are the names and labels of the changes.
    """

    title: str
    field: str
    base: Experiment
    share: float
    budgets: tuple[BudgetJudged, ...]
    asked: tuple[int, ...]
    ended: Ended
    first_seeds: int
    max_seeds: int
    how: Provenance
    made: tuple[tuple[str, str], ...] = ()

    @property
    def smallest(self) -> BudgetJudged | None:
        """The first budget of which a network is shown to reach the share; None if none is."""
        return next((item for item in self.budgets if item.reached == "yes"), None)

    @property
    def settled(self) -> bool:
        """Whether all budgets below the smallest, or all that were asked for, are shown not to be enough."""
        if self.smallest is None and self.ended == "too many":
            return False
        return not self._below("undecided")

    @property
    def runs(self) -> int:
        """How many runs it took, those that were stored already included."""
        return sum(item.runs for item in self.budgets)

    @property
    def verdict(self) -> str:
        """The outcome in a few sentences."""
        return " ".join(filter(None, (self._answer(), self._above(), self._untried())))

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The outcome as a verdict: whether some network of these budgets reaches the share."""
        outcome: Outcome = "upheld" if self.smallest else "refuted" if self.settled else "mixed"
        first, last = self.asked[0], self.asked[-1]
        statement = f"Some network with {first:,} to {last:,} parameters {self._does}."
        return (Verdict(topic="smallest", statement=statement, outcome=outcome, sentence=self.verdict),)

    def to_frame(self, *, library: str | None = None) -> Any:
        """Return a row a budget as a data frame of pandas or, where that isn't installed, of polars.

        Its `parameters`, how many `networks` have them, whether one `reached` the share, the `best` and its
        widths, how many of `n` fresh seeds it `solved`, the `share` with its interval from `low` to `high`,
        and all `runs`.

        Args:
            library: ``"pandas"`` or ``"polars"``; without, the first of them that is installed.

        Raises:
            TrainlabError: there is no such library, or (MissingPackageError) it isn't installed.
        """
        items = self.budgets
        columns = {
            "parameters": [item.parameters for item in items],
            "networks": [item.networks for item in items],
            "reached": [item.reached for item in items],
            "best": [item.best for item in items],
            "widths": [item.experiment and item.experiment.network.label for item in items],
            **rate_columns([item.solved for item in items]),
            "runs": [item.runs for item in items],
        }
        return data_frame(columns, library)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; the format is documented in docs/json.md."""
        return plain(
            {
                "format": JSON_FORMAT,
                "kind": "smallest budget",
                **pick(self, "title verdict field share"),
                "smallest": None if self.smallest is None else self.smallest.parameters,
                **pick(self, "settled ended asked budgets first_seeds max_seeds runs how"),
            }
        )

    def __repr__(self) -> str:
        found = "none" if self.smallest is None else f"{self.smallest.parameters:,}"
        return f"<SmallestResult {found} of {len(self.asked):,} budgets, {self.runs:,} runs>"

    def __str__(self) -> str:
        lines = [
            f"{item.parameters:,}: {item.reached}; "
            + (f"{item.best}, {item.solved} solved" if item.best else "no network has so many")
            for item in self.budgets
        ]
        return "\n".join([self.verdict, *lines])

    def _repr_html_(self) -> str:
        return smallest_notebook(self)

    @property
    def _does(self) -> str:
        return f"solves {name_of(self.base.task)} on {share_of(self.share)} of seeds"

    def _below(self, reached: Reached) -> list[int]:
        """Return the parameters of the budgets below the smallest, or of all, that came out so."""
        end = self.smallest.parameters if self.smallest else self.asked[-1] + 1
        return [item.parameters for item in self.budgets if item.reached == reached and item.parameters < end]

    def _answer(self) -> str:
        none, open_ = self._below("no"), self._below("undecided")
        found = self.smallest
        if found is None:
            best = max(
                (item for item in self.budgets if item.solved), key=lambda item: _estimate(item), default=None
            )
            said = "" if best is None else f" The best is {_best_words(best)}, with {best.parameters:,}."
            if not open_:
                return f"No network with {numbers_words(none)} parameters {self._does}.{said}"
            rest = f" None does with {numbers_words(none)}." if none else ""
            return (
                f"With {numbers_words(open_)} parameters these seeds can't tell whether some network "
                f"{self._does}.{rest}{said}"
            )
        fewest = " the fewest tried" if (none and not open_) else " enough"
        first = (
            f"{counted(found.parameters, 'parameter')} {'is' if found.parameters == 1 else 'are'}{fewest}"
            f"{' with which' if fewest != ' enough' else ': with them'} some network {self._does}: "
            f"{_best_words(found)}."
        )
        whether = (
            f" Whether some network does with {numbers_words(open_)}, these seeds can't tell."
            if open_
            else ""
        )
        rest = f" With {numbers_words(none)} none does." if none else ""
        return f"{first}{whether}{rest}"

    def _above(self) -> str:
        """Say which larger budgets aren't enough, more not always being better, or are undecided."""
        found = self.smallest
        if found is None:
            return ""
        above = [item for item in self.budgets if item.parameters > found.parameters]
        no, open_ = (
            [item.parameters for item in above if item.reached == reached] for reached in ("no", "undecided")
        )
        more = f"More isn't always enough: with {numbers_words(no)} none does." if no else ""
        untold = f"Of {numbers_words(open_)}, these seeds can't tell." if open_ else ""
        return " ".join(filter(None, (more, untold)))

    def _untried(self) -> str:
        left = [number for number in self.asked if number > self.budgets[-1].parameters]
        if self.ended != "too many":
            return ""
        return f"From {left[0]:,} on there are too many networks to race: not tried."


def share_of(share: float) -> str:
    """Return ``95 %``."""
    return f"{100 * share:.6g} %"


def numbers_words(numbers: list[int]) -> str:
    """Return ascending numbers in words, consecutive ones as a range: ``2 to 8 and 11``.

    >>> numbers_words([2, 3, 4, 6, 8, 9])
    '2 to 4, 6, 8 and 9'
    """
    groups: list[list[int]] = []
    for number in numbers:
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    words = [
        [f"{group[0]:,} to {group[-1]:,}"] if len(group) > 2 else [f"{number:,}" for number in group]
        for group in groups
    ]
    return join([word for group in words for word in group])


def _best_words(item: BudgetJudged) -> str:
    assert item.solved is not None
    return f"{item.best}, {share_words(item.solved, 'fresh seeds')}"


def _estimate(item: BudgetJudged) -> float:
    return item.solved.estimate if item.solved else 0.0


# As a picture, and in a notebook.


def smallest_picture(result: SmallestResult) -> Picture:
    """Return the share solved by the best network of each budget, with its interval.

    The line is the share asked for.
    """
    rows = [
        Interval(
            label=f"{item.parameters:,}: {item.best}",
            estimate=100 * item.solved.estimate,
            low=100 * item.solved.low,
            high=100 * item.solved.high,
        )
        for item in result.budgets
        if item.solved is not None
    ]
    return intervals(
        rows,
        x_label="share of fresh seeds solved, %",
        notes=["The best network of each number of parameters. The line marks the share asked for."],
        title="Share solved by the best network, by its parameters",
        reference=100 * result.share,
    )


def smallest_notebook(result: SmallestResult) -> Html:
    """Return the verdict, the picture and the table for a notebook."""
    said = tag("p", escape(result.verdict))
    return notebook(result.title, said, drawing(smallest_picture(result), BUDGETS.html(result.budgets)))
