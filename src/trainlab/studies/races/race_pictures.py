"""How a race and the smallest budget show themselves: intervals as a picture, and that in a notebook."""

from __future__ import annotations

from trainlab.draw import Interval, Picture, intervals
from trainlab.draw.svg import Html, escape
from trainlab.page.html import tag
from trainlab.page.notebook import drawing, notebook
from trainlab.studies.races.race_board import CANDIDATES
from trainlab.studies.races.race_result import RaceResult
from trainlab.studies.races.smallest_board import BUDGETS
from trainlab.studies.races.smallest_result import SmallestResult

SHOWN = 20
"""So many candidates are drawn, and listed at once."""


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
