"""How well the networks of each cell do at the end: accuracy where there are classes, elsewhere the loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.draw import Picture, Spread, format_number, html_table, spread_grid
from trainlab.maths import format_share
from trainlab.page.document import fold, paragraph
from trainlab.report.words import loss_label
from trainlab.studies.answer import what_runs
from trainlab.studies.cells import CellResult
from trainlab.studies.result import StudyResult
from trainlab.studies.score_columns import spread_of

HELD_OUT = "Held-out accuracy"
FEW = 16
"""Of more cells accuracies are drawn as a grid, and the table is folded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """A table with a row a cell; columns that would be empty throughout are left out."""

    title: str
    headers: list[str]
    rows: list[list[str]]


def scores(result: StudyResult) -> Scores:
    """Return accuracy and held-out accuracy of cells with classes, final and held-out loss of regressions."""
    several = len({loss_label(item.runs.experiment.loss) for item in result.cells}) > 1
    columns = {
        "Accuracy": _accuracy(lambda item: item.joined(lambda runs: runs.accuracy)),
        HELD_OUT: _accuracy(lambda item: item.joined(lambda runs: runs.held_out_accuracy)),
        "Final loss": _loss(lambda item: item.joined(lambda runs: runs.loss), named=several),
        "Held-out loss": _loss(lambda item: item.joined(lambda runs: runs.held_out_loss), named=several),
    }
    texts = {name: [column(item) for item in result.cells] for name, column in columns.items()}
    told = {name: column for name, column in texts.items() if any(text != "–" for text in column)}
    names = [item.cell.name for item in result.cells]
    return Scores(
        title=f"{_what(list(told))}, median of the {what_runs(result)} (their middle 90 %)",
        headers=["Cell", *told],
        rows=[list(row) for row in zip(names, *told.values(), strict=True)],
    )


def score_part(result: StudyResult) -> str:
    """Return the accuracies and losses as a table, folded where the cells are many."""
    table = scores(result)
    rows = html_table(table.headers, [list(row) for row in table.rows])
    if len(table.rows) <= FEW:
        return paragraph(f"{table.title}.") + rows
    return fold(f"{table.title}: {len(table.rows):,} cells as a table", rows, printed=True)


def score_pictures(result: StudyResult) -> list[Picture]:
    """Return grids of the accuracies of classes; of few cells only where they are what cells are told by."""
    cells = result.cells
    if len(cells) <= FEW and result.measure is None:
        return []
    networks = list(dict.fromkeys(item.cell.network for item in cells))
    combinations = list(dict.fromkeys(item.cell.changes for item in cells))
    drawn: list[Picture] = []
    columns: list[tuple[str, Callable[[CellResult], npt.NDArray[np.floating]]]] = [
        ("Accuracy at the end", lambda item: item.joined(lambda runs: runs.accuracy)),
        (f"{HELD_OUT} at the end", lambda item: item.joined(lambda runs: runs.held_out_accuracy)),
    ]
    if result.measure is not None and result.measure.held_out:
        columns.reverse()
    for title, values in columns:
        found = {(item.cell.changes, item.cell.network): spread_of(values(item)) for item in cells}
        if any(spread is not None for spread in found.values()):
            drawn.append(
                spread_grid(
                    ["+".join(changes) or "none" for changes in combinations],
                    networks,
                    [[_shares(found.get((made, name))) for name in networks] for made in combinations],
                    title=f"{title}, by changes made and network",
                    value_label=f"Accuracy, %, median of the {what_runs(result)}",
                )
            )
    return drawn


def _shares(found: tuple[float, float, float] | None) -> Spread | None:
    return None if found is None else Spread(low=found[0], median=found[1], high=found[2])


def _what(told: list[str]) -> str:
    classes, regressions = "Accuracy" in told, "Final loss" in told
    return "Accuracy and final loss" if classes and regressions else "Accuracy" if classes else "Final loss"


def _is_regression(item: CellResult) -> bool:
    return item.runs.experiment.data().kind == "regression"


def _accuracy(values: Callable[[CellResult], npt.NDArray[np.floating]]) -> Callable[[CellResult], str]:
    def text(item: CellResult) -> str:
        found = spread_of(values(item))
        if found is None:
            return "–"
        low, middle, high = (format_share(value, decimals=1) for value in found)
        return f"{middle} % ({low}–{high})"

    return text


def _loss(
    values: Callable[[CellResult], npt.NDArray[np.floating]], *, named: bool
) -> Callable[[CellResult], str]:
    """Return what tells a regression's loss; `named` with the loss's name, as several can't be compared."""

    def text(item: CellResult) -> str:
        found = spread_of(values(item)) if _is_regression(item) else None
        if found is None:
            return "–"
        low, middle, high = (format_number(value) for value in found)
        name = f" {loss_label(item.runs.experiment.loss)[5:]}" if named else ""
        return f"{middle} ({low}–{high}){name}"

    return text
