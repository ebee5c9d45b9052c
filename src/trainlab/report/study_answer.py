"""A study's answer at first sight, on its page: sentence, picture, what helps, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trainlab.draw import Interval, Picture, counted, format_number, intervals, unbroken
from trainlab.draw.svg import Html, escape
from trainlab.page.document import LINE, NOTHING, SPACE, Front, fold, joined, paragraph, picture, tag, terms
from trainlab.report.common import MARKS, first_sentence, single_run
from trainlab.spec import Network, solved_rule
from trainlab.stats import Verdict
from trainlab.studies.answer import Answer, seeds_or_runs
from trainlab.studies.answer_by_score import answer_of
from trainlab.studies.cells import CellResult, any_solved, spread_of
from trainlab.studies.performance_measure import PerformanceMeasure
from trainlab.studies.result import StudyResult
from trainlab.studies.verdicts.robustness import sides_words

# The cells and runs that a page shows in full, and their names.


def networks_of(result: StudyResult) -> list[str]:
    """Return the networks that have a cell, in the study's order."""
    return list(dict.fromkeys(item.cell.network for item in result.cells))


def cells_of(result: StudyResult, network: str) -> list[CellResult]:
    """Return a network's cells in the study's order, from few changes to many."""
    return [item for item in result.cells if item.cell.network == network]


def ends_of(result: StudyResult, network: str) -> list[CellResult]:
    """Return a network's baseline and cell with all changes; without both, its first and last."""
    cells = cells_of(result, network)
    wanted = ((), result.study.change_names)
    ends = [item for item in cells if item.cell.changes in wanted]
    return ends or [cells[0], *cells[1:][-1:]]


def single_changes_of(result: StudyResult, network: str) -> list[CellResult]:
    """Return a network's cells with one change that `ends_of` doesn't have."""
    ends = [item.cell for item in ends_of(result, network)]
    return [
        item for item in cells_of(result, network) if len(item.cell.changes) == 1 and item.cell not in ends
    ]


def cell_words(result: StudyResult, changes: tuple[str, ...]) -> str:
    """Return what the cell of these changes is called: ``baseline``, ``A``, ``all changes: A+B``."""
    if not changes:
        return "baseline"
    joined = "+".join(changes)
    return f"all changes: {joined}" if changes == result.study.change_names and len(changes) > 1 else joined


def first_run(cells: Sequence[CellResult], *, solved: bool) -> tuple[CellResult, int] | None:
    """Return the last cell that has such a run, and the row of its lowest seed; None if none has.

    An unsolved run that diverged has no finite weights to show, so the others come first.
    """
    for wanted_finite in (True, False):
        for item in reversed(cells):
            finite = np.isfinite(item.runs.parameters).all(axis=1)
            rows = np.flatnonzero((item.runs.solved == solved) & (finite | (not wanted_finite)))
            if rows.size:
                return item, int(rows[0])
    return None


# The verdicts of a study: mark and word, statement, sentence, and what one run would have said.


MANY = 6
"""More verdicts on single changes than this are folded away."""
LONG = 160
"""What follows a verdict's first sentence is folded if it has more letters."""


def verdict_part(verdicts: Sequence[Verdict], *, names: Sequence[str] = (), runs: str = "seeds") -> Html:
    """Return all verdicts, those on single changes folded if they are many.

    `names` as in `first_sentence`, `runs` as in `single_run`.
    """
    changes = [verdict for verdict in verdicts if verdict.topic == "change"]
    if len(changes) <= MANY:
        return _list(verdicts, names, runs)
    counts = ", ".join(
        f"{n} {outcome}" for outcome in MARKS if (n := sum(item.outcome == outcome for item in changes))
    )
    first = _list([verdict for verdict in verdicts if verdict.topic != "change"], names, runs)
    every = _list(changes, names, runs)
    return joined(
        first, fold(f"Does each change help? {len(changes)} verdicts: {counts}", every, printed=True)
    )


def _list(verdicts: Sequence[Verdict], names: Sequence[str], runs: str) -> Html:
    items = [_item(verdict, names, runs) for verdict in verdicts]
    return joined(tag("ul", *items, class_="verdicts"), LINE) if items else NOTHING


def _item(verdict: Verdict, names: Sequence[str], runs: str) -> Html:
    """Return mark and word, the claim where it doesn't hold, and what was found; the long rest is folded."""
    beside = [words for words in (single_run(verdict, runs), sides_words(verdict)) if words]
    found, rest = first_sentence(verdict.sentence, names)
    mark = tag("span", escape(f"{MARKS[verdict.outcome]} {verdict.outcome.capitalize()}:"), class_="mark")
    sentence = escape(unbroken(found))
    if verdict.claim:
        claim = tag("span", escape(verdict.claim), class_="muted")
        first = joined(tag("p", mark, SPACE, claim), tag("p", sentence))
    else:
        first = tag("p", mark, SPACE, sentence)
    more = paragraph(unbroken(rest))
    if len(rest) > LONG:
        more = fold("More numbers", more, printed=True)
    aside = [tag("p", escape(unbroken(words)), class_="muted") for words in beside]
    return joined(tag("li", first, *aside, more, class_=verdict.outcome), LINE)


def names_in(result: StudyResult) -> list[str]:
    """Return the names with a full stop in them that a study's sentences may contain."""
    study, data = result.study, [item.runs.experiment.data() for item in result.cells]
    changes = [words for change in study.changes for words in (change.name, change.label)]
    columns = [words for each in data for words in (*each.class_names, *each.target_names)]
    return [name for name in {*study.network_names, *changes, *columns} if "." in name]


# A study's answer at first sight: its sentence, a picture of how each network fares, what helps.


MOST_ROWS = 12
"""So many rows of the picture stand in a screen's height."""
MOST_TERMS = 10
"""Of more networks and changes, the list is folded."""
_BEST = "best of"


def answer_front(result: StudyResult) -> Front:
    """Return the answer, its picture, what helps and hurts, and what the names in it stand for."""
    found = answer_of(result)
    first, rest = first_sentence(found.sentence, names_in(result))
    return Front(
        say=joined(paragraph(unbroken(first), kind="question"), paragraph(unbroken(rest))),
        show=picture(answer_picture(result)),
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
