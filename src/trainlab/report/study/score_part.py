"""How well the networks of each cell do at the end: accuracy where there are classes, elsewhere the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from trainlab.draw import Picture, Spread, format_number, spread_grid
from trainlab.draw.svg import Html
from trainlab.engine import Runs
from trainlab.maths import format_share
from trainlab.page.cells import or_unknown
from trainlab.page.columns import Column, TableOf
from trainlab.page.document import fold, paragraph
from trainlab.page.html import joined
from trainlab.report.words import loss_label
from trainlab.studies.answers.answer import seeds_or_runs
from trainlab.studies.cells import CellResult, spread_of
from trainlab.studies.result import StudyResult

ACCURACY, HELD_OUT, LOSS = "Accuracy", "Held-out accuracy", "Final loss"
FEW = 16
"""Of more cells accuracies are drawn as a grid, and the table is folded."""

Values = Callable[[Runs], npt.NDArray[Any]]


def scores_table(result: StudyResult) -> TableOf[CellResult]:
    """Return accuracy and held-out accuracy of cells with classes, final and held-out loss of regressions."""
    several = len({loss_label(item.runs.experiment.loss) for item in result.cells}) > 1
    columns = {
        ACCURACY: _accuracy(lambda runs: runs.accuracy),
        HELD_OUT: _accuracy(lambda runs: runs.held_out_accuracy),
        LOSS: _loss(lambda runs: runs.loss, named=several),
        "Held-out loss": _loss(lambda runs: runs.held_out_loss, named=several),
    }
    return TableOf(
        (
            Column("Cell", lambda item: item.cell.name, align="left"),
            *(
                Column(heading, value, show=or_unknown, align="right", optional=True)
                for heading, value in columns.items()
            ),
        )
    )


def scores_title(result: StudyResult) -> str:
    """Say what the table tells."""
    told = scores_table(result).headings(result.cells)
    what = " and ".join(each for each in (ACCURACY, LOSS) if each in told).capitalize() or LOSS
    return f"{what}, median of the {seeds_or_runs(result)} (their middle 90 %)"


def score_part(result: StudyResult) -> Html:
    """Return the accuracies and losses as a table, folded where the cells are many."""
    table, title, count = scores_table(result).html(result.cells), scores_title(result), len(result.cells)
    if count <= FEW:
        return joined(paragraph(f"{title}."), table)
    return fold(f"{title}: {count:,} cells as a table", table, printed=True)


def score_pictures(result: StudyResult) -> list[Picture]:
    """Return grids of the accuracies of classes; of few cells only where they are what cells are told by."""
    cells = result.cells
    if len(cells) <= FEW and result.measure is None:
        return []
    networks = list(dict.fromkeys(item.cell.network for item in cells))
    combinations = list(dict.fromkeys(item.cell.changes for item in cells))
    drawn: list[Picture] = []
    columns: list[tuple[str, Values]] = [
        (f"{ACCURACY} at the end", lambda runs: runs.accuracy),
        (f"{HELD_OUT} at the end", lambda runs: runs.held_out_accuracy),
    ]
    if result.measure is not None and result.measure.held_out:
        columns.reverse()
    for title, values in columns:
        found = {(item.cell.changes, item.cell.network): spread_of(item.joined(values)) for item in cells}
        if any(spread is not None for spread in found.values()):
            drawn.append(
                spread_grid(
                    ["+".join(changes) or "none" for changes in combinations],
                    networks,
                    [[_shares(found.get((made, name))) for name in networks] for made in combinations],
                    title=f"{title}, by changes made and network",
                    value_label=f"Accuracy, %, median of the {seeds_or_runs(result)}",
                )
            )
    return drawn


def _shares(found: tuple[float, float, float] | None) -> Spread | None:
    return None if found is None else Spread(low=found[0], median=found[1], high=found[2])


def _is_regression(item: CellResult) -> bool:
    return item.runs.experiment.data().kind == "regression"


def _accuracy(values: Values) -> Callable[[CellResult], str | None]:
    def text(item: CellResult) -> str | None:
        found = spread_of(item.joined(values))
        if found is None:
            return None
        low, middle, high = (format_share(value, decimals=1) for value in found)
        return f"{middle} % ({low}–{high})"

    return text


def _loss(values: Values, *, named: bool) -> Callable[[CellResult], str | None]:
    """Return what tells a regression's loss; `named` with the loss's name, as several can't be compared."""

    def text(item: CellResult) -> str | None:
        found = spread_of(item.joined(values)) if _is_regression(item) else None
        if found is None:
            return None
        low, middle, high = (format_number(value) for value in found)
        name = f" {loss_label(item.runs.experiment.loss)[5:]}" if named else ""
        return f"{middle} ({low}–{high}){name}"

    return text
