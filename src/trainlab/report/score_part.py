"""How well the networks of each cell do at the end: accuracy where there are classes, elsewhere the loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.draw import format_number, html_table
from trainlab.report.parts import paragraph
from trainlab.report.words import loss_label
from trainlab.studies.cells import CellResult
from trainlab.studies.result import StudyResult

HELD_OUT = "Held-out accuracy"


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
        "Accuracy": _accuracy(lambda item: item.runs.accuracy),
        HELD_OUT: _accuracy(lambda item: item.runs.held_out_accuracy),
        "Final loss": _loss(lambda item: item.runs.loss, named=several),
        "Held-out loss": _loss(lambda item: item.runs.held_out_loss, named=several),
    }
    texts = {name: [column(item) for item in result.cells] for name, column in columns.items()}
    told = {name: column for name, column in texts.items() if any(text != "–" for text in column)}
    names = [item.cell.name for item in result.cells]
    return Scores(
        title=f"{_what(list(told))}, median of the seeds (their middle 90 %)",
        headers=["Cell", *told],
        rows=[list(row) for row in zip(names, *told.values(), strict=True)],
    )


def score_part(result: StudyResult) -> str:
    """Return the accuracies and losses as a table."""
    table = scores(result)
    return paragraph(f"{table.title}.") + html_table(table.headers, [list(row) for row in table.rows])


def _what(told: list[str]) -> str:
    classes, regressions = "Accuracy" in told, "Final loss" in told
    return "Accuracy and final loss" if classes and regressions else "Accuracy" if classes else "Final loss"


def _is_regression(item: CellResult) -> bool:
    return item.runs.experiment.data().kind == "regression"


def _accuracy(values: Callable[[CellResult], npt.NDArray[np.floating]]) -> Callable[[CellResult], str]:
    def text(item: CellResult) -> str:
        found = _spread(values(item))
        if found is None:
            return "–"
        low, middle, high = (100 * value for value in found)
        return f"{middle:.1f} % ({low:.1f}–{high:.1f})"

    return text


def _loss(
    values: Callable[[CellResult], npt.NDArray[np.floating]], *, named: bool
) -> Callable[[CellResult], str]:
    """Return what tells a regression's loss; `named` with the loss's name, as several can't be compared."""

    def text(item: CellResult) -> str:
        found = _spread(values(item)) if _is_regression(item) else None
        if found is None:
            return "–"
        low, middle, high = (format_number(value) for value in found)
        name = f" {loss_label(item.runs.experiment.loss)[5:]}" if named else ""
        return f"{middle} ({low}–{high}){name}"

    return text


def _spread(values: npt.NDArray[np.floating]) -> tuple[float, float, float] | None:
    """Return the 5th, 50th and 95th percentile of the runs that didn't diverge; None without any."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not len(finite):
        return None
    low, middle, high = (float(np.quantile(finite, q)) for q in (0.05, 0.5, 0.95))
    return low, middle, high
