"""A study's answer at first sight: its sentence, a picture of how each network fares, what helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trainlab.draw import Interval, Picture, counted, format_number, intervals
from trainlab.draw.svg import Html
from trainlab.page.document import Front, fold, paragraph, picture, terms
from trainlab.page.html import NOTHING, joined
from trainlab.report.first_sentence import first_sentence, verdict_html
from trainlab.report.study.shown_cells import cell_words, cells_of, networks_of
from trainlab.report.study.verdict_part import names_in
from trainlab.spec import Network, solved_rule
from trainlab.studies.answers.answer import Answer, answer_of, seeds_or_runs
from trainlab.studies.cells import CellResult, any_solved, spread_of
from trainlab.studies.performance_measure import PerformanceMeasure
from trainlab.studies.result import StudyResult

MOST_ROWS = 12
"""So many rows of the picture stand in a screen's height."""
MOST_TERMS = 10
"""Of more networks and changes, the list is folded."""
_BEST = "best of"


def answer_front(result: StudyResult) -> Front:
    """Return the answer, its picture, what helps and hurts, and what the names in it stand for."""
    found = answer_of(result)
    first, rest = first_sentence(found.sentence, names_in(result))
    drawn = answer_picture(result)
    return Front(
        say=verdict_html(first, rest),
        show=picture(drawn) if drawn is not None else NOTHING,
        more=joined(_found(found), _compared(result), *(paragraph(f"Note: {note}") for note in result.notes)),
    )


def _found(found: Answer) -> Html:
    """Return what helps and what hurts, a line each, and what was asked beside the changes."""
    title = paragraph(f"{found.effects_title}:", kind="muted") if found.effects else NOTHING
    return joined(title, terms([*found.effects, *found.asked]))


def answer_picture(result: StudyResult) -> Picture | None:
    """Return how each network fares at the baseline, in its best cell, and with all changes.

    That is its measure where the data have one, else how often it is solved. Of many networks the best cells
    are left out, and the networks that no longer fit a screen.
    """
    measure = result.measure
    rows = [row for name in networks_of(result) for row in _rows(result, name, measure)]
    if len(rows) > MOST_ROWS:
        rows = [row for row in rows if not row.label.startswith(_BEST)]
    left, rows = max(0, len(rows) - MOST_ROWS), rows[:MOST_ROWS]
    if not rows:
        return None
    lost = 0 if measure is None else sum(not np.isfinite(_spread(c, measure)[1]) for c in result.cells)
    notes: list[str] = []
    if any(row.label.startswith(_BEST) for row in rows):
        notes.append("The best was picked from these same seeds, so it flatters.")
    if left:
        notes.append(f"{left:,} more rows are in the sections below.")
    if measure is None:
        return intervals(
            rows,
            x_label="share of seeds solved, % (with 95 % intervals)",
            title="How often each network is solved",
            reference=None,
            hold=(0.0, 100.0),
            notes=notes,
        )
    guess = _scaled(measure, measure.guess)
    unit = " %" if measure.kind == "accuracy" else ""
    notes.insert(0, f"The line is {measure.guess_words}: {format_number(guess)}{unit}.")
    if not all(np.isfinite(row.high) for row in rows):
        rows = _ending(rows, guess)
        notes.append("Where some runs diverged, the interval ends with the picture: it has no end.")
    if lost:
        notes.append(f"Not drawn, as half of the runs or more diverged: {counted(lost, 'cell')}.")
    of = f" ({measure.loss})" if measure.loss else ""
    return intervals(
        rows,
        x_label=f"{measure.name}{of}{', %' if unit else ''}: median of the {seeds_or_runs(result)}, "
        "their middle 90 %",
        title=f"How each network does: {measure.name}",
        reference=guess,
        notes=notes,
    )


def _rows(result: StudyResult, network: str, measure: PerformanceMeasure | None) -> list[Interval]:
    cells, everything = cells_of(result, network), result.study.change_names
    first, last = _cell(result, network, ()), _cell(result, network, everything)
    chosen: list[tuple[str, CellResult]] = []
    if first is not None:
        chosen.append(("baseline" if everything else "as it is", first))
    best = _best(cells, measure)
    if best is not None and len(cells) > 2 and best is not first and best is not last:
        chosen.append((f"{_BEST} {len(cells)}: {cell_words(result, best.cell.changes)}", best))
    if last is not None and last is not first:
        chosen.append((cell_words(result, everything), last))
    if not chosen:
        chosen = [(cell_words(result, item.cell.changes), item) for item in cells]
    spread = [(label, _spread(item, measure)) for label, item in chosen]
    return [
        Interval(label=label, estimate=middle, low=low, high=high, group=network)
        for label, (low, middle, high) in spread
        if np.isfinite(middle)
    ]


def _ending(rows: Sequence[Interval], guess: float) -> list[Interval]:
    """Return rows whose intervals end: those of runs that diverged at the highest value of all."""
    top = max(value for row in rows for value in (row.estimate, row.high, guess) if np.isfinite(value))
    return [row if np.isfinite(row.high) else replace(row, high=top) for row in rows]


def _best(cells: Sequence[CellResult], measure: PerformanceMeasure | None) -> CellResult | None:
    """Return the cell that does best; None where no run of any gave a number."""
    turn = -1.0 if measure is not None and measure.kind == "loss" else 1.0
    known = [(turn * _spread(item, measure)[1], item) for item in cells]
    known = [pair for pair in known if np.isfinite(pair[0])]
    return max(known, key=lambda pair: pair[0])[1] if known else None


def _spread(item: CellResult, measure: PerformanceMeasure | None) -> tuple[float, float, float]:
    """Return low end, middle and high end: of the rate its interval, of a measure quantiles of the seeds."""
    if measure is None:
        value = item.solved
        return 100 * value.low, 100 * value.estimate, 100 * value.high
    found = spread_of(measure.of_all(item))
    if found is None:
        return (np.nan, np.nan, np.nan)
    low, middle, high = (_scaled(measure, value) for value in found)
    return low, middle, high


def _scaled(measure: PerformanceMeasure, value: float) -> float:
    return 100 * value if measure.kind == "accuracy" else value


def _compared(result: StudyResult) -> Html:
    """Return what the networks and changes are, and what counts as solved."""
    pairs = compared(result)
    rule = f"{solved_rule(item.runs.experiment.solved for item in result.cells)} "
    told = result.measure is None or any_solved(result.cells)
    shared = "splits and seeds" if result.study.splits > 1 else "seeds"
    solved = paragraph(
        f"{rule if told else ''}All cells share their {shared}, so that differences are taken seed by seed.",
        kind="muted",
    )
    listed = terms(pairs)
    if len(pairs) > MOST_TERMS:
        listed = fold(f"The {len(pairs)} networks and changes", listed)
    return joined(listed, solved)


def compared(result: StudyResult) -> list[tuple[str, str]]:
    """Return the networks and changes that are crossed, each with what it is."""
    study = result.study
    networks = [(name, study.experiment(name).network) for name in study.network_names]
    pairs = [
        (
            name,
            f"{_widths(name, network)}{network.parameters:,} parameters, biases {_each(network.biases)}, "
            f"activation {_each(network.activations)}",
        )
        for name, network in networks
    ]
    return pairs + [(change.name, change.label or "a change without a label") for change in study.changes]


def _widths(name: str, network: Network) -> str:
    return "" if name == network.label else f"widths {network.label}, "


def _each(values: tuple[bool, ...] | tuple[str, ...]) -> str:
    """Return what holds for every layer, or for all but the last, or layer by layer."""
    words = [str(value) if isinstance(value, str) else ("yes" if value else "no") for value in values]
    if len(set(words)) == 1:
        return words[0]
    if len(set(words[:-1])) == 1:
        return f"{words[0]} (last layer {words[-1]})"
    return ", ".join(words)


def _cell(result: StudyResult, network: str, changes: Sequence[str]) -> CellResult | None:
    return next((c for c in cells_of(result, network) if c.cell.changes == tuple(changes)), None)
