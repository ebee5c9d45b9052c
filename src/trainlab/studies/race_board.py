"""How a race shows itself: its leaderboard and rounds as tables, its intervals as a picture, a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.draw import Interval, Picture, intervals
from trainlab.draw.svg import Html, escape
from trainlab.page.cells import count_of, or_nothing, share_under_percent
from trainlab.page.columns import Column, TableOf, json_only
from trainlab.page.html import tag
from trainlab.page.notebook import drawing, notebook

if TYPE_CHECKING:
    from trainlab.studies.race_result import RaceCandidate, RaceResult, RaceRound

SHOWN = 20
"""So many candidates are drawn, and listed at once."""

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
