"""When runs were solved, a row a cell: at some time, at the end, throughout; and how many lost it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from trainlab.draw.svg import Html
from trainlab.page.cells import UNKNOWN, share, share_alone
from trainlab.page.columns import Column, TableOf
from trainlab.page.document import fold, paragraph
from trainlab.page.html import NOTHING, joined
from trainlab.stats import Rate
from trainlab.studies.answers.answer import seeds_or_runs
from trainlab.studies.cells import CellResult
from trainlab.studies.result import StudyResult
from trainlab.studies.solved_when import SolvedWhen

FEW = 16
"""Of more cells the table is folded."""


def _stayed(rate: Rate | None) -> str:
    return "not known" if rate is None else share(rate)


def _stayed_alone(rate: Rate | None) -> str:
    return "not known" if rate is None else share_alone(rate)


def _epochs(first: tuple[float, float, float] | None) -> str:
    if first is None:
        return UNKNOWN
    low, median, high = first
    return f"{median:,.0f} ({low:,.0f}–{high:,.0f})"


def _median_epoch(first: tuple[float, float, float] | None) -> str:
    return UNKNOWN if first is None else f"{first[1]:,.0f}"


WHEN_SOLVED: TableOf[tuple[CellResult, SolvedWhen]] = TableOf(
    (
        Column("Cell", lambda each: each[0].cell.name, align="left"),
        Column("At some time", lambda each: each[1].ever, show=share, brief=share_alone, align="right"),
        Column("At the end", lambda each: each[0].solved, show=share, brief=share_alone, align="right"),
        Column("Stayed", lambda each: each[1].stayed, show=_stayed, brief=_stayed_alone, align="right"),
        Column("Unlearnt", lambda each: each[1].unlearnt, align="right"),
        Column(
            "First solved, epoch",
            lambda each: each[1].first,
            show=_epochs,
            brief=_median_epoch,
            align="right",
        ),
    )
)


def with_when(cells: Sequence[CellResult]) -> list[tuple[CellResult, SolvedWhen]]:
    """Return the cells that were read during training, each with when its runs were solved."""
    return [(item, item.when) for item in cells if item.when]


def when_title(result: StudyResult) -> str:
    """Say what the table tells."""
    every = max(item.runs.experiment.record.solved_every for item in result.cells)
    looked = "every epoch" if every == 1 else f"every {every:,} epochs"
    return (
        f"When runs were solved, looked at {looked}: at some time, at the end, from the first time on "
        f"(share of {seeds_or_runs(result)}, 95 % interval); how many lost it; when they first were (median, "
        "middle 90 %)"
    )


def unknown_words(cells: Sequence[CellResult]) -> str:
    """Say why for some cells it isn't known whether runs stayed solved; empty if it is known for all."""
    unknown = any(item.when and item.when.stayed is None for item in cells)
    kept = (
        "Whether runs stayed solved isn't known where an older trainlab kept them; --fresh trains them anew."
    )
    return kept if unknown else ""


def spike_words(result: StudyResult) -> str:
    """Name the command that takes one of the unlearnt runs apart, of the cell that has most of them.

    Empty where runs differ in the rows that are held out: the command trains on the first split.
    """
    if result.study.splits > 1:
        return ""
    most = max(result.cells, key=lambda item: item.when.unlearnt if item.when else 0)
    cell = f" --cell {shlex.quote(most.cell.name)}" if len(result.study.cells()) > 1 else ""
    seeds = result.how.seeds
    return f"How one of them lost it, step by step: trainlab run FILE{cell} --seeds {seeds} --spike"


def when_part(result: StudyResult) -> Html:
    """Return the table, folded where the cells are many; nothing where no run lost it."""
    rows = with_when(result.cells)
    if not any(when.unlearnt for _, when in rows):
        return NOTHING
    notes = filter(None, (unknown_words(result.cells), spike_words(result)))
    table = joined(WHEN_SOLVED.html(rows), *(paragraph(words, kind="muted") for words in notes))
    if len(rows) <= FEW:
        return joined(paragraph(f"{when_title(result)}."), table)
    return fold(f"{when_title(result)}: {len(rows):,} cells as a table", table, printed=True)
