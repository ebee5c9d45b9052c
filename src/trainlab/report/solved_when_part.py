"""When runs were solved, a row a cell: at some time, at the end, throughout; and how many lost it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from trainlab.draw import html_table
from trainlab.page.document import fold, paragraph
from trainlab.report.words import share
from trainlab.studies.answer import what_runs
from trainlab.studies.cells import CellResult
from trainlab.studies.result import StudyResult

FEW = 16
"""Of more cells the table is folded."""
HEADERS = ["Cell", "At some time", "At the end", "Stayed", "Unlearnt", "First solved, epoch"]


def when_title(result: StudyResult) -> str:
    """Say what the table tells."""
    every = max(item.runs.experiment.record.solved_every for item in result.cells)
    looked = "every epoch" if every == 1 else f"every {every:,} epochs"
    return (
        f"When runs were solved, looked at {looked}: at some time, at the end, from the first time on "
        f"(share of {what_runs(result)}, 95 % interval); how many lost it; when they first were (median, "
        "middle 90 %)"
    )


def any_unlearnt(result: StudyResult) -> bool:
    """Whether any run was solved at some time and isn't at the end."""
    return any(item.when and item.when.unlearnt for item in result.cells)


def when_rows(cells: Sequence[CellResult]) -> list[list[str]]:
    """Return a row for each cell that was read on the way."""
    return [
        [
            item.cell.name,
            share(when.ever),
            share(item.solved),
            "not known" if when.stayed is None else share(when.stayed),
            f"{when.unlearnt:,}",
            "–" if when.first is None else _epochs(*when.first),
        ]
        for item in cells
        if (when := item.when)
    ]


def unknown_words(cells: Sequence[CellResult]) -> str:
    """Say why it isn't known of some cells whether runs stayed solved; empty where it is of all."""
    unknown = any(item.when and item.when.stayed is None for item in cells)
    kept = (
        "Whether runs stayed solved isn't known where an older trainlab kept them; --fresh trains them anew."
    )
    return kept if unknown else ""


def spike_words(result: StudyResult) -> str:
    """Name the command that takes one of the unlearnt runs apart, of the cell that has most of them."""
    most = max(result.cells, key=lambda item: item.when.unlearnt if item.when else 0)
    cell = f" --cell {shlex.quote(most.cell.name)}" if len(result.study.cells()) > 1 else ""
    seeds = result.how.seeds
    return f"How one of them lost it, step by step: trainlab run FILE{cell} --seeds {seeds} --spike"


def when_part(result: StudyResult) -> str:
    """Return the table, folded where the cells are many; nothing where no run lost it."""
    if not any_unlearnt(result):
        return ""
    rows, why = when_rows(result.cells), unknown_words(result.cells)
    note = paragraph(why, kind="muted") if why else ""
    note += paragraph(spike_words(result), kind="muted")
    table = html_table(HEADERS, rows)
    if len(rows) <= FEW:
        return paragraph(f"{when_title(result)}.") + table + note
    return fold(f"{when_title(result)}: {len(rows):,} cells as a table", table + note, printed=True)


def _epochs(low: float, median: float, high: float) -> str:
    return f"{median:,.0f} ({low:,.0f}–{high:,.0f})"
