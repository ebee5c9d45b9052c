"""The smallest budget as one self-contained HTML page: verdict, all budgets, their networks, method."""

from __future__ import annotations

from trainlab.draw import unbroken
from trainlab.draw.svg import Html
from trainlab.page.document import Front, code, fold, page, paragraph, picture, side_by_side, terms
from trainlab.page.html import NOTHING, joined
from trainlab.report.given import check_given
from trainlab.report.provenance_lines import provenance_terms
from trainlab.report.study.run_part import run_graph
from trainlab.spec import experiment_to_toml
from trainlab.studies.races.race_pictures import smallest_picture
from trainlab.studies.races.smallest_board import BUDGETS
from trainlab.studies.races.smallest_result import SmallestResult

DECIDED = (
    "All networks of a budget get the same seeds, in rounds that double them. One is dropped when its "
    "interval lies below the share asked for, or when an exact sign test (McNemar's) shows it to be worse "
    "than the leader. The leader is then judged on fresh seeds. A budget is enough when the "
    "lower end of a leader's interval on those seeds reaches the share; it isn't when all of its networks "
    "are dropped."
)
CONFIDENCE = (
    "95 % for everything at once, by Bonferroni with exact (Clopper–Pearson) intervals: the 5 % is shared "
    "out over all budgets asked for, then over the race and the judging, over networks, rounds and pairs."
)
NOT_SAID = (
    "A budget left undecided has a network whose rate is too near to the share for these seeds. A rate "
    "holds for this training and its definition of solved; with another learning rate or more epochs fewer "
    "parameters may be enough."
)
DRAWN = 6
"""So many networks are drawn at most."""


def smallest_html(result: SmallestResult) -> str:
    """Return the report as one HTML file that needs no network, and reads whole without a script.

    The same result gives the same text; times differ from call to call.
    """
    check_given(result, SmallestResult, made_by="trainlab.smallest_budget")
    return page(
        f"The smallest budget: {result.title}",
        Front(
            say=paragraph(unbroken(result.verdict), kind="question"),
            show=picture(smallest_picture(result)),
            more=paragraph("This holds for this training only; with another the smallest budget may differ."),
        ),
        [
            ("budgets", "Budget by budget", BUDGETS.html(result.budgets)),
            ("networks", "The best networks", _networks(result)),
            ("method", "How it was run", _method(result)),
        ],
        question=f"A race of {result.field}",
        aside=f"{result.runs:,} runs.",
    )


def _networks(result: SmallestResult) -> Html:
    """Draw the best networks of the budgets that are solved most often."""
    with_run = [item for item in result.budgets if item.run is not None]
    with_run.sort(key=lambda item: item.solved.estimate if item.solved else 0.0, reverse=True)
    drawn = [
        run_graph(item.run, 0, f"{item.parameters:,} parameters: {item.best}, seed {item.run.first_seed:,}")
        for item in with_run[:DRAWN]
        if item.run is not None
    ]
    intro = "A solved run of each: what such a network can learn, not what every run does."
    return joined(paragraph(intro), side_by_side(drawn, small=True)) if drawn else NOTHING


def _method(result: SmallestResult) -> Html:
    most = result.max_seeds
    pairs = [
        ("Decision rule", DECIDED),
        ("Confidence", CONFIDENCE),
        ("Not claimed", NOT_SAID),
        ("Seeds", f"raced on 0 to {most - 1:,} at most, judged on {most:,} to {2 * most - 1:,} at most"),
        ("Spent", f"{result.runs:,} runs"),
        *provenance_terms(result.how),
    ]
    words = "The experiment, but for the network"
    return joined(terms(pairs), fold(words, code(experiment_to_toml(result.base)), printed=True))
