"""The answer of a study on data with many rows: which change helps, and what the networks do better than."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainlab.draw import counted, format_number, join
from trainlab.spec import solved_words
from trainlab.stats import Estimate, Reading
from trainlab.studies.answer import (
    MOST_NAMED,
    MOST_NETWORKS,
    Answer,
    asked_lines,
    effect_lines,
    effects_title,
    named,
    number_words,
    picked_note,
    read_of,
    short,
)
from trainlab.studies.answer_solved import cell_name, chosen_cells
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import Effect
from trainlab.studies.measure import Measure
from trainlab.studies.score_columns import has_r2, r2_words, score_columns, tells_solved
from trainlab.studies.score_verdicts import in_words, judge_guess, median, percent, rows_words

if TYPE_CHECKING:
    from trainlab.studies.result import StudyResult

Row = tuple[str, ...]
Floats = npt.NDArray[np.float64]


def score_answer(result: StudyResult, measure: Measure) -> Answer:
    """Return the answer by the measure: what changes do to it, and how it stands beside the mere guess."""
    study, effects = result.study, result.score_effects
    headers, rows, narrow, remarks = _table(result, measure)
    what = f"{measure.name}, in points" if measure.kind == "accuracy" else f"{measure.name}, in %"
    return Answer(
        sentence=" ".join(filter(None, (_changed(result, measure, effects), _level(result, measure)))),
        title=f"{measure.name[:1].upper()}{measure.name[1:]}{f' ({measure.loss})' if measure.loss else ''}, "
        f"median of {counted(result.how.seeds, 'seed')} (their middle 90 %)",
        headers=headers,
        rows=rows,
        narrow=narrow,
        remarks=(*remarks, *_cautions(result, measure)),
        effects_title=effects_title(study, effects, what),
        effects=effect_lines(
            study,
            effects,
            one=lambda value: _one(value, measure),
            span=lambda some: _span(some, measure),
            little=measure.little,
        ),
        asked=asked_lines(result),
    )


def _changed(result: StudyResult, measure: Measure, effects: Sequence[Effect]) -> str:
    """Say which changes help, and which hurt; nothing where there are none."""
    if not effects:
        return ""
    perfect = _perfect(result, measure)
    if perfect:
        return perfect
    helped, hurt = _with_reading(result, effects, "helps"), _with_reading(result, effects, "hurts")
    if not helped and not hurt:
        return f"No change is seen to make a difference to the {measure.name}."
    parts = [_done(result, some, verb, measure) for some, verb in ((helped, "help"), (hurt, "hurt")) if some]
    if not helped:
        parts.insert(0, "No change is seen to help.")
    return " ".join(parts)


def _perfect(result: StudyResult, measure: Measure) -> str:
    """Say that nothing is left to improve, where every seed has every row right at every baseline."""
    bases = [item for item in result.cells if not item.cell.changes]
    if measure.kind != "accuracy" or not bases:
        return ""
    if not all(bool((measure.of(item.runs) == 1.0).all()) for item in bases):
        return ""
    return (
        f"The baseline gets every one of {rows_words(measure)} right on all "
        f"{counted(result.how.seeds, 'seed')}: no change can help there."
    )


def _with_reading(
    result: StudyResult, effects: Sequence[Effect], reading: Reading
) -> dict[str, list[Effect]]:
    found = {
        change: [item for item in effects if item.change == change and read_of(item).reading == reading]
        for change in result.study.change_names
    }
    return {change: items for change, items in found.items() if items}


def _done(result: StudyResult, found: dict[str, list[Effect]], verb: str, measure: Measure) -> str:
    """Return ``A helps 3-8-1: +3.1 points (…) of held-out accuracy.``, or who does of several."""
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    unit = " points" if measure.kind == "accuracy" else " %"
    if len(found) == 1:
        ((change, items),) = found.items()
        who = _who([item.network for item in items], networks, result)
        if len(items) == 1:
            return f"{change} {verb}s {who}: {_figure(items[0], measure, unit)}."
        return f"{change} {verb}s {who}: {_span(items, measure)}{unit} of {measure.name}."
    everywhere = all(len(items) == len(networks) for items in found.values())
    where = f" {_who(networks, networks, result)}" if everywhere else ""
    figures = _span([item for items in found.values() for item in items], measure)
    return f"{join(list(found))} {verb}{where}: {figures}{unit} of {measure.name}."


def _figure(effect: Effect, measure: Measure, unit: str) -> str:
    """Return an effect with its interval; averaged over others, beside what the change does alone."""
    if effect.main is None or effect.alone is None or effect.main.value == effect.alone.value:
        return in_words(read_of(effect), measure)
    main, alone = (measure.figure(read.value.estimate) for read in (effect.main, effect.alone))
    return f"{main}{unit} of {measure.name} on average, {alone} alone"


def _who(names: Sequence[str], networks: Sequence[str], result: StudyResult) -> str:
    if len(names) == 1:
        return named(result.study, names[0])
    if len(names) == len(networks):
        return f"{number_words(len(names))} networks"
    return join(list(names)) if len(names) <= MOST_NAMED else f"{len(names):,} of {len(networks):,} networks"


def _level(result: StudyResult, measure: Measure) -> str:
    """Say how well the networks do, at the baseline if it was run, beside what needs no inputs."""
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    first = [next(item for item in result.cells if item.cell.network == name) for name in networks]
    base = all(not item.cell.changes for item in first) and bool(result.study.changes)
    seeds = counted(result.how.seeds, "seed")
    values = [median(measure.of(item.runs)) for item in first]
    opening = "At the baseline " if base else ""
    if len(first) > 1:
        low, high = min(values), max(values)
        if measure.kind == "accuracy":
            span = percent(low) if low == high else f"{percent(low)} to {percent(high)}"
            did = f"get {span} of {rows_words(measure)} right"
        else:
            did = f"have a {measure.name} of {format_number(low)} to {format_number(high)}"
        who = f"{opening}{'the' if opening else 'The'} {len(first):,} networks"
        return f"{who} {did} (medians of {seeds}); {_guess(measure)}."
    (item,), (middle,) = first, values
    words = item.cell.words.replace(item.cell.network, named(result.study, item.cell.network), 1)
    found = judge_guess(item.cell.network, "", measure, item.runs).outcome
    if measure.kind == "accuracy":
        than = {
            "upheld": "more than",
            "refuted": "no more than",
            "mixed": "but that is not shown to be more than",
        }[found] + f" {measure.guess_words} does ({percent(measure.guess)})"
        did = f"gets {percent(middle)} of {rows_words(measure)} right (median of {seeds}), {than}"
    else:
        squared = f"; R² {r2_words(middle, measure)}" if has_r2(measure) else ""
        less = {"upheld": "below", "refuted": "no lower than", "mixed": "not shown to be below"}[found]
        did = (
            f"has a {measure.name} of {format_number(middle)} (median of {seeds}{squared}), {less} that of "
            f"{measure.guess_words} ({format_number(measure.guess)})"
        )
    return f"{opening}{words} {did}.{_fit(item, middle, measure)}"


def _guess(measure: Measure) -> str:
    if measure.kind == "accuracy":
        return f"{measure.guess_words} gets {percent(measure.guess)}"
    return f"that of {measure.guess_words} is {format_number(measure.guess)}"


def _fit(item: CellResult, middle: float, measure: Measure) -> str:
    """Say how the rows trained on compare with those held out: overfitting, where the rows show it."""
    if not measure.held_out:
        return ""
    trained = median(measure.trained_on(item.runs))
    if measure.kind == "loss":
        return f" On the rows trained on it is {format_number(trained)}."
    said = f" On the rows trained on it gets {percent(trained)}"
    lifted = trained - measure.training_guess > middle - measure.guess
    if lifted and trained > measure.rows_right(middle).high:
        return f"{said}: it overfits."
    if lifted and trained > middle:
        return f"{said}, a gap that {measure.rows:,} rows can't tell from chance."
    return f"{said}."


def _table(
    result: StudyResult, measure: Measure
) -> tuple[Row, tuple[Row, ...], tuple[Row, ...], tuple[str, ...]]:
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    several, changed = len(networks) > 1, bool(result.study.changes)
    remarks: list[str] = []
    if several:
        everything = result.study.change_names
        both = len(networks) <= MOST_NETWORKS // 2
        listed = networks[:MOST_NETWORKS]
        chosen = [
            item
            for item in result.cells
            if item.cell.network in listed
            and (item.cell.changes == () or (both and item.cell.changes == everything))
        ] or list(result.cells[: MOST_NETWORKS + 2])
        if len(networks) > len(listed):
            remarks.append(f"{len(networks) - len(listed):,} more networks: --details.")
        names = [
            (short(item.cell.network), *((cell_name(result, item),) if changed else ())) for item in chosen
        ]
        heads: Row = ("Network", *(("Changes",) if changed else ()))
    else:
        chosen, best = chosen_cells(
            result, result.cells, lambda cells: max(cells, key=lambda item: _rank(item, measure))
        )
        if best is not None:
            remarks.append(picked_note(len(result.cells)))
        names = [(f"{cell_name(result, item)}{' (best)' if item is best else ''}",) for item in chosen]
        heads = ("Changes" if changed else "Network",)
    columns = score_columns(measure, result.cells)
    blank = ("",) * (len(heads) - 1)
    guess = (measure.guess_words, *blank, *(column.guess for column in columns))
    full = [(*name, *(c.full(item) for c in columns)) for name, item in zip(names, chosen, strict=True)]
    brief = [(*name, *(c.brief(item) for c in columns)) for name, item in zip(names, chosen, strict=True)]
    headers = (*heads, *(column.head for column in columns))
    return headers, (guess, *full), (guess, *brief), tuple(remarks)


def _rank(item: CellResult, measure: Measure) -> float:
    middle = median(measure.of(item.runs))
    return middle if measure.kind == "accuracy" else -middle


def _cautions(result: StudyResult, measure: Measure) -> list[str]:
    """Say what the figures can't: of other rows, of runs that diverged, of what solved means."""
    said: list[str] = []
    lost = sum(item.diverged.k for item in result.cells)
    if lost:
        runs = sum(item.diverged.n for item in result.cells)
        counts = "no row right" if measure.kind == "accuracy" else "the worst loss of all"
        said.append(f"{lost:,} of {runs:,} runs diverged; they count as having {counts}.")
    if tells_solved(result.cells):
        rules = list(dict.fromkeys(solved_words(item.runs.experiment.solved) for item in result.cells))
        if len(rules) == 1:
            said.append(f"A run is solved {rules[0]}.")
    if not measure.held_out:
        said.append(
            "No rows were held out, so nothing here says how the networks do on new ones; held_out = 0.25 "
            "under [baseline.split] holds out a quarter."
        )
    elif measure.kind == "accuracy":
        middle = median(measure.of(result.cells[0].runs))
        rows = measure.rows_right(middle)
        said.append(
            f"Intervals are of the seeds. Which rows are held out is chance as well: {measure.rows:,} rows "
            f"tell an accuracy of {percent(middle)} to within "
            f"{100 * rows.low:.0f} to {100 * rows.high:.0f} %."
        )
    else:
        said.append(
            f"Intervals are of the seeds. Which {measure.rows:,} rows are held out is chance as well, and "
            "others would give other losses."
        )
    return said


def _one(value: Estimate, measure: Measure) -> str:
    # Of a loss the lower end is the higher score.
    ends = (value.low, value.high) if measure.kind == "accuracy" else (value.high, value.low)
    return f"{measure.figure(value.estimate)} ({measure.figure(ends[0])} to {measure.figure(ends[1])})"


def _span(effects: Sequence[Effect], measure: Measure) -> str:
    values = sorted(read_of(effect).value.estimate for effect in effects)
    low, high = measure.figure(values[0]), measure.figure(values[-1])
    return low if low == high else f"{low} to {high}"
