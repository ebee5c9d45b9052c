"""How the smallest budget shows itself: a table and a picture of the best network of each, a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.draw import Interval, Picture, intervals
from trainlab.draw.svg import Html, escape
from trainlab.page.cells import count_of, or_nothing, share_under_percent
from trainlab.page.columns import Column, TableOf, json_only
from trainlab.page.html import tag
from trainlab.page.notebook import drawing, notebook

if TYPE_CHECKING:
    from trainlab.studies.smallest_result import BudgetJudged, SmallestResult

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
