"""Races and the smallest budget, in the terminal and as self-contained HTML pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainlab.draw import unbroken
from trainlab.draw.svg import Html
from trainlab.engine import Runs
from trainlab.page.document import (
    NOTHING,
    Front,
    code,
    fold,
    joined,
    page,
    paragraph,
    picture,
    side_by_side,
    terms,
)
from trainlab.report.common import (
    Fitting,
    Part,
    check_given,
    print_parts,
    provenance_line,
    provenance_terms,
    said,
    set_off,
)
from trainlab.report.study_runs import run_graph
from trainlab.spec import data_words, experiment_to_toml
from trainlab.studies.race_result import CANDIDATES, ROUNDS, SHOWN, RaceResult, race_picture
from trainlab.studies.smallest_result import BUDGETS, SmallestResult, smallest_picture

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


# A race as one self-contained HTML page: the verdict, the leaderboard, the leaders' networks, the method.


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """How a race decides, for how much of it the confidence holds, and what it doesn't say."""

    decided: str
    confidence: str
    not_said: str
    but_for: str

    def html(self, result: RaceResult | SmallestResult, seeds: str, spent: str) -> Html:
        """Return it beside the seeds, what was spent, and the experiment."""
        pairs = [
            ("Decision rule", self.decided),
            ("Confidence", self.confidence),
            ("Not claimed", self.not_said),
            ("Seeds", seeds),
            ("Spent", spent),
            *provenance_terms(result.how),
        ]
        return joined(terms(pairs), fold(self.but_for, code(experiment_to_toml(result.base)), printed=True))


RACE = Method(
    decided="All candidates get the same seeds, in rounds that double them. A candidate is dropped when its "
    "interval lies below the leader's, or when the leader solves so many more of the seeds on which only one "
    "of the two succeeds that an exact sign test (McNemar's) says so.",
    confidence="95 % for everything at once: half of the 5 % is spent on exact (Clopper–Pearson) intervals "
    "for every candidate in every round, half on the comparisons of any two in any round, by Bonferroni. "
    "They are therefore wider than the interval of one rate by itself. A rank range counts who is shown to "
    "be better and who worse.",
    not_said="Those not dropped may still differ, by less than these seeds can show. A rate holds for this "
    "training and its definition of solved; with another learning rate or more epochs the order may differ.",
    but_for="The experiment, but for what raced",
)
FIRST = 10
"""So many candidates stand at the top of the page."""
RANKS = (
    "Ranks are ranges of all places that a candidate may have, with 95 % confidence for everything at once."
)


def race_html(
    result: RaceResult, *, notice: Html = NOTHING, further: Sequence[tuple[str, str, Html]] = ()
) -> str:
    """Return the report of a race as one HTML file that needs no network, and reads whole without a script.

    The same result gives the same text; times differ from call to call. `notice` and `further` are as in
    `study_html`.
    """
    check_given(result, RaceResult, made_by="trainlab.race")
    limits = f"{result.first_seeds:,} at first, {result.max_seeds:,} at most"
    budget = f", {result.budget_seeds:,} runs in all" if result.budget_seeds is not None else ""
    seeds = f"0, 1, 2, …: {limits}{budget}"
    return page(
        f"Race: {result.title}",
        Front(
            say=paragraph(unbroken(result.verdict), kind="question"),
            show=picture(race_picture(result, most=FIRST)),
            more=joined(paragraph(RANKS), _leaders(result)),
        ),
        [
            ("board", "Leaderboard", _board(result)),
            ("networks", "The networks in front", _networks(result)),
            ("rounds", "Round by round", ROUNDS.html(result.rounds)),
            ("method", "How it was run", RACE.html(result, seeds, saved_words(result))),
            *further,
        ],
        question=f"A race of {result.field}",
        aside=f"{saved_words(result)}.",
        notice=notice,
    )


def _leaders(result: RaceResult) -> Html:
    # The picture beside it has the shares.
    return CANDIDATES.only("Rank", "Name", "Solved").html(result.candidates[:FIRST])


def _board(result: RaceResult) -> Html:
    words = paragraph(
        "Out is the round in which a candidate was dropped. Those dropped early have few seeds, and so wide "
        "intervals."
    )
    items = result.candidates
    if len(items) <= SHOWN:
        return joined(words, CANDIDATES.html(items))
    every = fold(f"All {len(items):,} {result.noun}s", CANDIDATES.html(items), printed=True)
    return joined(words, CANDIDATES.html(items[:SHOWN]), every)


def _networks(result: RaceResult) -> Html:
    return _drawn(
        "The solved run with the lowest seed of each: what such a network can learn, not what every run "
        "does.",
        [
            (item.run, f"{item.rank_words}. {item.name}: seed {item.run.first_seed:,}")
            for item in result.candidates
            if item.run is not None
        ],
    )


def _drawn(intro: str, runs: Sequence[tuple[Runs, str]]) -> Html:
    drawn = [run_graph(run, 0, title) for run, title in runs]
    return joined(paragraph(intro), side_by_side(drawn, small=True)) if drawn else NOTHING


def saved_words(result: RaceResult) -> str:
    """Say how many runs the race took, compared with the full grid."""
    share = 1 - result.runs / result.full_grid
    if result.runs == result.full_grid:
        return f"{result.runs:,} runs: all candidates went to the end"
    return (
        f"{result.runs:,} runs instead of {result.full_grid:,} (every candidate on "
        f"{result.rounds[-1].seeds:,} seeds): {100 * share:.0f} % saved"
    )


# Races and the smallest budget in the terminal: what raced, the answer, a table, and what it took.


LISTED = 12
"""So many candidates are listed at most."""
RULE = "Ranks and intervals hold at once, with 95 % confidence. Out: in which round a candidate was dropped."
RULE_OF_BUDGETS = (
    "The best network of each budget, picked on some seeds and judged on others; all intervals hold at once, "
    "with 95 % confidence, for this training only."
)
MORE_OF_BUDGETS = "More: --details (all budgets, the time), --html FILE (a page)"
LEAST = 3
"""So many rows are listed in the answer, whatever stands beside them."""


def print_race(result: RaceResult, *, console: Console, details: bool = False) -> None:
    """Print the answer of a race, or with `details` its rounds as well, as wide as `console` is."""

    def board(rows: int) -> Table:
        return CANDIDATES.terminal(result.candidates[:rows])

    more, spent = len(result.candidates) - LISTED, saved_words(result)
    answer: list[Part] = [
        lambda left: Fitting(table=board, most=LISTED, least=LEAST, left=left),
        said(RULE, f"{spent}. More: --details (the rounds), --html FILE (a page)", style="muted"),
    ]
    everything: list[Part] = [
        board(LISTED),
        said(RULE, style="muted"),
        *([said(f"… and {more:,} more; the HTML report and the JSON have all.")] if more > 0 else []),
        said(""),
        ROUNDS.terminal(result.rounds, title="Rounds"),
        said(f"{spent}; {provenance_line(result.how)}.", style="muted"),
    ]
    print_parts([*_asked(result), *(everything if details else answer)], console=console)


def print_smallest(result: SmallestResult, *, console: Console, details: bool = False) -> None:
    """Print the answer, or with `details` all budgets and what it took, as wide as `console` is."""
    items = result.budgets
    # In short those nearest to the answer.
    found = len(items) if result.smallest is None else items.index(result.smallest) + 1

    def board(rows: int) -> Table:
        start = max(0, min(found - rows + 1, len(items) - rows))
        return BUDGETS.terminal(items[start : start + rows])

    how = f"; {provenance_line(result.how)}." if details else f". {MORE_OF_BUDGETS}"
    parts: list[Part] = [
        *_asked(result),
        lambda left: Fitting(table=board, most=len(items), least=len(items) if details else LEAST, left=left),
        said(RULE_OF_BUDGETS, f"{result.runs:,} runs{how}", style="muted"),
    ]
    print_parts(parts, console=console)


def _asked(result: RaceResult | SmallestResult) -> list[Part]:
    """Return title, what raced, and the answer."""
    return [
        said(result.title, style="bold"),
        said(f"A race of {result.field}", data_words(result.base)),
        set_off(result.made),
        said(""),
        said(result.verdict, style="bold"),
    ]


# The smallest budget as one self-contained HTML page: verdict, all budgets, their networks, method.


BUDGETS_ASKED = Method(
    decided="All networks of a budget get the same seeds, in rounds that double them. One is dropped when "
    "its interval lies below the share asked for, or when an exact sign test (McNemar's) shows it to be "
    "worse than the leader. The leader is then judged on fresh seeds. A budget is enough when the "
    "lower end of a leader's interval on those seeds reaches the share; it isn't when all of its networks "
    "are dropped.",
    confidence="95 % for everything at once, by Bonferroni with exact (Clopper–Pearson) intervals: the 5 % "
    "is shared out over all budgets asked for, then over the race and the judging, over networks, rounds and "
    "pairs.",
    not_said="A budget left undecided has a network whose rate is too near to the share for these seeds. A "
    "rate holds for this training and its definition of solved; with another learning rate or more epochs "
    "fewer parameters may be enough.",
    but_for="The experiment, but for the network",
)
DRAWN = 6
"""So many networks are drawn at most."""


def smallest_html(result: SmallestResult) -> str:
    """Return the report as one HTML file that needs no network, and reads whole without a script.

    The same result gives the same text; times differ from call to call.
    """
    check_given(result, SmallestResult, made_by="trainlab.smallest_budget")
    most = result.max_seeds
    seeds = f"raced on 0 to {most - 1:,} at most, judged on {most:,} to {2 * most - 1:,} at most"
    return page(
        f"The smallest budget: {result.title}",
        Front(
            say=paragraph(unbroken(result.verdict), kind="question"),
            show=picture(smallest_picture(result)),
            more=paragraph("This holds for this training only; with another the smallest budget may differ."),
        ),
        [
            ("budgets", "Budget by budget", BUDGETS.html(result.budgets)),
            ("networks", "The best networks", _best_networks(result)),
            ("method", "How it was run", BUDGETS_ASKED.html(result, seeds, f"{result.runs:,} runs")),
        ],
        question=f"A race of {result.field}",
        aside=f"{result.runs:,} runs.",
    )


def _best_networks(result: SmallestResult) -> Html:
    """Draw the best networks of the budgets that are solved most often."""
    with_run = [item for item in result.budgets if item.run is not None]
    with_run.sort(key=lambda item: item.solved.estimate if item.solved else 0.0, reverse=True)
    return _drawn(
        "A solved run of each: what such a network can learn, not what every run does.",
        [
            (item.run, f"{item.parameters:,} parameters: {item.best}, seed {item.run.first_seed:,}")
            for item in with_run[:DRAWN]
            if item.run is not None
        ],
    )
