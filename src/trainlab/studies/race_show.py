"""How a race shows itself: intervals as a picture, the leaderboard as rows, and both in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from trainlab.draw import INSIDE, Cell, Interval, Picture, css, html_table, intervals

if TYPE_CHECKING:
    from trainlab.studies.race_result import RaceCandidate, RaceResult

SHOWN = 20
"""So many candidates are drawn, and listed at once."""
HEADERS = ("Rank", "Name", "Solved", "Share, % (interval)", "Out")


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


def board_row(item: RaceCandidate) -> list[Cell]:
    """Return a candidate's row of the leaderboard, under `HEADERS`."""
    share, low, high = (
        f"{100 * value:.1f}" for value in (item.solved.estimate, item.solved.low, item.solved.high)
    )
    return [
        item.rank_words,
        item.name,
        f"{item.solved.k:,} of {item.solved.n:,}",
        f"{share} ({low}–{high})",
        "" if item.dropped_in is None else item.dropped_in,
    ]


def summary_html(result: RaceResult) -> str:
    """Return the verdict, the intervals and the leaderboard as HTML for a notebook."""
    table = html_table(HEADERS, [board_row(item) for item in result.candidates[:SHOWN]])
    return (
        f"<style>{css(scope=INSIDE)}</style><h3>{escape(result.title)}</h3><p>{escape(result.verdict)}</p>"
        f'<figure class="tl-figure">{race_picture(result).svg}'
        f"<details><summary>In numbers</summary>{table}</details></figure>"
    )
