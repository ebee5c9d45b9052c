"""How a study's cells do, on its page: rates, when runs were solved, accuracy and loss, effects."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy.typing as npt

from trainlab.draw import Picture, Spread, counted, format_number, spread_grid
from trainlab.draw.svg import Html
from trainlab.engine import Runs
from trainlab.maths import format_share
from trainlab.page.columns import UNKNOWN, Column, TableOf, or_unknown, share, share_alone
from trainlab.page.document import NOTHING, fold, heading, joined, paragraph, picture, side_by_side
from trainlab.report.common import loss_label
from trainlab.stats import passed_over
from trainlab.studies.answer import seeds_or_runs
from trainlab.studies.answer_score_parts import MORE_SPLITS
from trainlab.studies.cells import CellResult, SolvedWhen, any_solved, spread_of
from trainlab.studies.effects import EFFECTS, INTERACTIONS, Effect, effect_table
from trainlab.studies.performance_measure import PerformanceMeasure
from trainlab.studies.result import StudyResult, effect_picture, rate_picture

# When runs were solved, a row a cell: at some time, at the end, throughout; and how many lost it.


FEW = 16
"""Of more cells the table is folded."""


_stayed, _stayed_alone = (partial(show, unknown="not known") for show in (share, share_alone))


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
    notes = (unknown_words(result.cells), spike_words(result))
    table = joined(WHEN_SOLVED.html(rows), *(paragraph(words, kind="muted") for words in notes))
    return _folded_if_long(when_title(result), len(rows), table)


def _folded_if_long(title: str, cells: int, table: Html) -> Html:
    if cells <= FEW:
        return joined(paragraph(f"{title}."), table)
    return fold(f"{title}: {cells:,} cells as a table", table, printed=True)


# How well the networks of each cell do at the end: accuracy where there are classes, elsewhere the loss.


ACCURACY, HELD_OUT, LOSS = "Accuracy", "Held-out accuracy", "Final loss"
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
    return _folded_if_long(scores_title(result), len(result.cells), scores_table(result).html(result.cells))


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


# Success rates, effects and interactions.


LARGEST = 5
"""So many interactions are shown without opening the rest."""
_CAPTION = "Change of the success rate (solved {}) in points, with 95 % intervals; p corrected by Holm"


def rate_part(result: StudyResult) -> Html:
    """Return the grid of success rates, and grids of accuracies: first where cells are told by them.

    Where they are told by a measure and nobody asked what is solved, there is no grid of it.
    """
    rates = [rate_picture(result)] if _shows_rates(result) else []
    grids = score_pictures(result)
    drawn = [*rates, *grids] if result.measure is None else [*grids, *rates]
    grid = side_by_side([picture(item) for item in drawn])
    return joined(grid, when_part(result) if rates else NOTHING)


def _shows_rates(result: StudyResult) -> bool:
    return result.measure is None or any_solved(result.cells)


def effect_part(result: StudyResult) -> Html:
    """Return effects alone and averaged, and the interactions; nothing if the cells they need are missing."""
    drawn = [effect_picture(result, kind=kind) for kind in ("alone", "main")]
    tables, count = _effect_tables(result), len(result.score_effects or result.effects)
    return joined(
        side_by_side([picture(item) for item in drawn if item is not None]),
        _why_none(result),
        fold(f"All {counted(count, 'effect')} as a table", tables, printed=True),
        _interactions(result) if result.measure is None else _assumed(result),
    )


def _assumed(result: StudyResult) -> Html:
    """Say what the intervals of effects on the measure allow for, and what one split leaves to chance."""
    measure = result.measure
    if measure is None or not result.score_effects:
        return NOTHING
    chance = paragraph(f"All of this is of one split's rows. {MORE_SPLITS}") if measure.one_split else NOTHING
    return joined(paragraph(measure.assumed, kind="muted"), chance)


def _why_none(result: StudyResult) -> Html:
    """Explain the charts' hollow circles whose intervals by themselves would show something."""
    found = [
        f"{effect.change} on {effect.network}, {words}: its interval {passed_over(value)}."
        for words in ("alone", "averaged")
        for effect in result.score_effects or result.effects
        for value in [effect.alone if words == "alone" else effect.main]
        if value is not None and passed_over(value)
    ]
    return paragraph(f"No difference seen, all the same. {' '.join(found)}") if found else NOTHING


def _effect_tables(result: StudyResult) -> Html:
    """Return the effects on the measure, and those on the success rate where it is told."""
    tables: list[Html] = []
    measure = result.measure
    if measure is not None and result.score_effects:
        words = f"Change of the {measure.name}, with 95 % intervals; p corrected by Holm"
        tables.append(score_effect_table(measure).html(result.score_effects, caption=words))
    if result.effects and _shows_rates(result):
        tables.append(EFFECTS.html(result.effects, caption=_CAPTION.format("at the end")))
        if result.ever_effects:
            tables.append(EFFECTS.html(result.ever_effects, caption=_CAPTION.format("at some time")))
    return joined(*tables)


def score_effect_table(measure: PerformanceMeasure) -> TableOf[Effect]:
    """Return the table of effects on a measure."""
    return effect_table(lambda value: UNKNOWN if value is None else measure.difference(value.value))


def _interactions(result: StudyResult) -> Html:
    if not result.interactions:
        return NOTHING
    ordered = sorted(result.interactions, key=lambda item: -abs(item.effect.value.estimate))
    most = ordered[:LARGEST]
    words = (
        "By how many points a change's effect on the share solved differs where the other is made too, "
        "averaged over the rest. Positive: together they do more than the sum."
    )
    every = INTERACTIONS.html(ordered, caption="All interactions")
    return joined(
        heading("Interactions of two changes"),
        paragraph(words),
        INTERACTIONS.html(most, caption=f"The {len(most)} largest of {len(ordered)}"),
        fold(f"All {len(ordered)} interactions, largest first", every) if len(ordered) > LARGEST else NOTHING,
    )
