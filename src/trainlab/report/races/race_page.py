"""A race as one self-contained HTML page: the verdict, the leaderboard, the leaders' networks, the method."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import unbroken
from trainlab.draw.svg import Html
from trainlab.page.document import Front, code, fold, page, paragraph, picture, side_by_side, terms
from trainlab.page.html import NOTHING, joined
from trainlab.report.given import check_given
from trainlab.report.provenance_lines import provenance_terms
from trainlab.report.study.run_part import run_graph
from trainlab.spec import experiment_to_toml
from trainlab.studies.races.race_board import CANDIDATES, ROUNDS
from trainlab.studies.races.race_pictures import SHOWN, race_picture
from trainlab.studies.races.race_result import RaceResult

DECIDED = (
    "All candidates get the same seeds, in rounds that double them. A candidate is dropped when its interval "
    "lies below the leader's, or when the leader solves so many more of the seeds on which only one of the "
    "two succeeds that an exact sign test (McNemar's) says so."
)
CONFIDENCE = (
    "95 % for everything at once: half of the 5 % is spent on exact (Clopper–Pearson) intervals for every "
    "candidate in every round, half on the comparisons of any two in any round, by Bonferroni. They are "
    "therefore wider than the interval of one rate by itself. A rank range counts who is shown to be better "
    "and who worse."
)
NOT_SAID = (
    "Those not dropped may still differ, by less than these seeds can show. A rate holds for this training "
    "and its definition of solved; with another learning rate or more epochs the order may differ."
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
            ("method", "How it was run", _method(result)),
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
    intro = (
        "The solved run with the lowest seed of each: what such a network can learn, not what every run does."
    )
    drawn = [
        run_graph(item.run, 0, f"{item.rank_words}. {item.name}: seed {item.run.first_seed:,}")
        for item in result.candidates
        if item.run is not None
    ]
    return joined(paragraph(intro), side_by_side(drawn, small=True)) if drawn else NOTHING


def _method(result: RaceResult) -> Html:
    limits = f"{result.first_seeds:,} at first, {result.max_seeds:,} at most"
    budget = f", {result.budget_seeds:,} runs in all" if result.budget_seeds is not None else ""
    pairs = [
        ("Decision rule", DECIDED),
        ("Confidence", CONFIDENCE),
        ("Not claimed", NOT_SAID),
        ("Seeds", f"0, 1, 2, …: {limits}{budget}"),
        ("Spent", saved_words(result)),
        *provenance_terms(result.how),
    ]
    words = "The experiment, but for what raced"
    return joined(terms(pairs), fold(words, code(experiment_to_toml(result.base)), printed=True))


def saved_words(result: RaceResult) -> str:
    """Say how many runs the race took, compared with the full grid."""
    share = 1 - result.runs / result.full_grid
    if result.runs == result.full_grid:
        return f"{result.runs:,} runs: all candidates went to the end"
    return (
        f"{result.runs:,} runs instead of {result.full_grid:,} (every candidate on "
        f"{result.rounds[-1].seeds:,} seeds): {100 * share:.0f} % saved"
    )
