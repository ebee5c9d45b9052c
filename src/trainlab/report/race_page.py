"""A race as one self-contained HTML page: the verdict, the leaderboard, the leaders' networks, the method."""

from __future__ import annotations

from trainlab.draw import html_table
from trainlab.draw.svg import escape
from trainlab.report.method_part import time_words
from trainlab.report.parts import code, document, fold, paragraph, picture, section, side_by_side, terms
from trainlab.report.race_words import CONFIDENCE, DECIDED, NOT_SAID, saved_words
from trainlab.report.run_part import run_graph
from trainlab.report.words import unbroken
from trainlab.spec import experiment_to_toml
from trainlab.studies.race_result import RaceCandidate, RaceResult
from trainlab.studies.race_show import HEADERS, SHOWN, board_row, race_picture


def race_html(result: RaceResult) -> str:
    """Return the report of a race as one HTML file that needs no network and no script.

    The same result gives the same text; times differ from call to call.
    """
    parts = [
        ("board", "Leaderboard", _board(result)),
        ("networks", "The networks in front", _networks(result)),
        ("rounds", "Round by round", _rounds(result)),
        ("method", "How it was run", _method(result)),
    ]
    links = "".join(f'<li><a href="#{name}">{escape(words)}</a></li>' for name, words, body in parts if body)
    return document(
        result.title,
        "\n".join(
            [
                f"<header>\n<h1>{escape(result.title)}</h1>",
                paragraph(f"A race of {result.field}", kind="question"),
                paragraph(f"{saved_words(result)}.", kind="muted") + "</header>",
                section("verdict", "Verdict", paragraph(unbroken(result.verdict), kind="question")),
                f'<nav aria-label="Contents"><ul>{links}</ul></nav>',
                *(section(name, words, body) for name, words, body in parts),
            ]
        ),
    )


def _board(result: RaceResult) -> str:
    rows = [board_row(item) for item in result.candidates]
    # The picture beside it has the shares.
    brief = [[rank, name, solved, out] for rank, name, solved, _, out in rows[:SHOWN]]
    table = html_table(["Rank", "Name", "Solved", "Out"], brief)
    intro = (
        "Ranks are ranges, all places that a candidate may have: with 95 % confidence for everything at "
        "once. Out is the round in which one was dropped. Those dropped early have few seeds, and so wide "
        "intervals."
    )
    every = fold(f"All {len(rows):,} {result.noun}s with their shares", html_table(HEADERS, rows))
    return paragraph(intro) + side_by_side([picture(race_picture(result)), table]) + every


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
