"""How well the networks of each cell classify at the end: what they were trained on, what was held out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.draw import html_table
from trainlab.report.parts import paragraph
from trainlab.studies.result import StudyResult

HEADERS = ("Cell", "Accuracy", "Held-out accuracy")
TITLE = "Accuracy, median of the seeds (their middle 90 %)"


def score_rows(result: StudyResult) -> list[list[str]]:
    """Return a row a cell: its name, accuracy and held-out accuracy; none if nothing is held out."""
    return [
        [item.cell.name, _spread(item.runs.accuracy), _spread(item.runs.held_out_accuracy)]
        for item in result.cells
        if not np.isnan(item.runs.held_out_accuracy).all()
    ]


def score_part(result: StudyResult) -> str:
    """Return the accuracies as a table; nothing if no cell has held-out examples with classes."""
    rows = score_rows(result)
    if not rows:
        return ""
    return paragraph(f"{TITLE}.") + html_table(list(HEADERS), [list(row) for row in rows])


def _spread(values: npt.NDArray[np.floating]) -> str:
    low, middle, high = (100 * float(np.quantile(values, q)) for q in (0.05, 0.5, 0.95))
    return f"{middle:.1f} % ({low:.1f}–{high:.1f})"
