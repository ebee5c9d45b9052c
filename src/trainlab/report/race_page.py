"""A race as one self-contained HTML page: the verdict, the leaderboard, the leaders' networks, the method."""

from __future__ import annotations

from trainlab.draw import html_table, unbroken
from trainlab.page.document import Front, code, fold, page, paragraph, picture, side_by_side, terms
from trainlab.report.method_part import time_words
from trainlab.report.race_words import CONFIDENCE, DECIDED, NOT_SAID, saved_words
from trainlab.report.run_part import run_graph
from trainlab.spec import experiment_to_toml
from trainlab.studies.race_result import RaceCandidate, RaceResult
from trainlab.studies.race_show import HEADERS, SHOWN, board_row, race_picture

FIRST = 10
"""So many candidates stand at the top of the page."""
RANKS = "Ranks are ranges, all places that a candidate may have: with 95 % confidence for everything at once."


def race_html(result: RaceResult) -> str:
    """Return the report of a race as one HTML file that needs no network, and reads whole without a script.

    The same result gives the same text; times differ from call to call.
    """
    return page(
        f"Race: {result.title}",
        Front(
            say=paragraph(unbroken(result.verdict), kind="question"),
            show=picture(race_picture(result, most=FIRST)),
            more=paragraph(RANKS) + _leaders(result),
        ),
        [
            ("board", "Leaderboard", _board(result)),
            ("networks", "The networks in front", _networks(result)),
            ("rounds", "Round by round", _rounds(result)),
            ("method", "How it was run", _method(result)),
        ],
        question=f"A race of {result.field}",
        aside=f"{saved_words(result)}.",
    )


def _leaders(result: RaceResult) -> str:
    # The picture beside it has the shares.
    rows = [[rank, name, solved] for rank, name, solved, *_ in map(board_row, result.candidates[:FIRST])]
    return html_table(["Rank", "Name", "Solved"], rows)


def _board(result: RaceResult) -> str:
    rows = [board_row(item) for item in result.candidates]
    table = html_table(HEADERS, rows)
    words = (
        "Out is the round in which a candidate was dropped. Those dropped early have few seeds, and so wide "
        "intervals."
    )
    if len(rows) <= SHOWN:
        return paragraph(words) + table
    first = html_table(HEADERS, rows[:SHOWN])
    return paragraph(words) + first + fold(f"All {len(rows):,} {result.noun}s", table, printed=True)


def _networks(result: RaceResult) -> str:
    drawn = [_drawn(item) for item in result.candidates if item.run is not None]
    intro = (
        "Of each the solved run with the lowest seed: what such a network learnt, not what all of them do."
    )
    return paragraph(intro) + side_by_side(drawn, small=True) if drawn else ""


def _drawn(item: RaceCandidate) -> str:
    run = item.run
    return (
        "" if run is None else run_graph(run, 0, f"{item.rank_words}. {item.name}: seed {run.first_seed:,}")
    )


def _rounds(result: RaceResult) -> str:
    rows = [
        [
            place,
            f"{item.seeds:,}",
            f"{item.candidates:,}",
            f"{item.dropped:,}",
            f"{item.runs:,}",
            item.leader,
        ]
        for place, item in enumerate(result.rounds, 1)
    ]
    return html_table(["Round", "Seeds each", "In the race", "Dropped", "Runs added", "Leader"], rows)


def _method(result: RaceResult) -> str:
    how = result.how
    limits = f"{result.first_seeds:,} at first, {result.max_seeds:,} at most"
    budget = f", {result.budget_seeds:,} runs in all" if result.budget_seeds is not None else ""
    pairs = [
        ("Decided by", DECIDED),
        ("Confidence", CONFIDENCE),
        ("Not said", NOT_SAID),
        ("Seeds", f"0, 1, 2, …: {limits}{budget}"),
        ("Spent", saved_words(result)),
        ("Engine", f"{how.engine}: {how.engine_reason}"),
        ("Time", time_words(how)),
        ("Machine", f"{how.machine}; {how.workers} workers"),
        ("Versions", ", ".join(f"{name} {value}" for name, value in how.versions.items())),
    ]
    words = "The experiment, but for what raced"
    return terms(pairs) + fold(words, code(experiment_to_toml(result.base)), printed=True)
