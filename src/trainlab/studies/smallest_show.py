"""How the smallest budget shows itself: the best network of each as a picture, rows, and in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from trainlab.draw import INSIDE, Cell, Interval, Picture, css, html_table, intervals

if TYPE_CHECKING:
    from trainlab.studies.smallest_result import BudgetJudged, SmallestResult

HEADERS = ("Parameters", "Networks", "Best", "Solved", "Share, % (interval)", "Enough")


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


def budget_row(item: BudgetJudged) -> list[Cell]:
    """Return a budget's row, under `HEADERS`."""
    if item.solved is None:
        return [item.parameters, "0", "", "", "", item.reached]
    share, low, high = (
        f"{100 * value:.1f}" for value in (item.solved.estimate, item.solved.low, item.solved.high)
    )
    return [
        item.parameters,
        f"{item.networks:,}",
        item.best,
        f"{item.solved.k:,} of {item.solved.n:,}",
        f"{share} ({low}–{high})",
        item.reached,
    ]


def summary_html(result: SmallestResult) -> str:
    """Return the verdict, the picture and the table as HTML for a notebook."""
    table = html_table(HEADERS, [budget_row(item) for item in result.budgets])
    return (
        f"<style>{css(scope=INSIDE)}</style><h3>{escape(result.title)}</h3><p>{escape(result.verdict)}</p>"
        f'<figure class="tl-figure">{smallest_picture(result).svg}'
        f"<details><summary>In numbers</summary>{table}</details></figure>"
    )
