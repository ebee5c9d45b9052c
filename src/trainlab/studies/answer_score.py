"""The answer of a study on data with many rows: which change helps, and what the networks do better than."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainlab.draw import counted, format_number, join
from trainlab.spec import solved_words
from trainlab.stats import Estimate, Outcome, Reading
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
from trainlab.studies.score_effects import few_seeds, score_untold
from trainlab.studies.score_verdicts import (
    End,
    in_words,
    judge_guesses,
    median,
    percent,
    rows_words,
)

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
        effects_title=_effects_title(result, effects, what),
        effects=effect_lines(
            study,
            effects,
            one=lambda value: _one(value, measure),
            span=lambda some: _span(some, measure),
            little=measure.little,
        ),
        asked=asked_lines(result),
    )


def _effects_title(result: StudyResult, effects: Sequence[Effect], what: str) -> str:
    title = effects_title(result.study, effects, what)
    mixed = len({effect.main is None for effect in effects}) > 1
    return f"{title}, or alone where only that can be told" if mixed else title


def _changed(result: StudyResult, measure: Measure, effects: Sequence[Effect]) -> str:
    """Say which changes help, which hurt, and what can't be told; nothing where there are no changes."""
    untold = _untold(result, measure)
    if not effects:
        return untold
    perfect = _perfect(result, measure)
    helped, hurt = _with_reading(result, effects, "helps"), _with_reading(result, effects, "hurts")
    parts = [perfect] if perfect else []
    if not perfect and not helped and not hurt:
        parts.append(f"No change is seen to make a difference to the {measure.name}.")
    elif not perfect and not helped:
        parts.append("No change is seen to help.")
    parts += [_done(result, some, verb, measure) for some, verb in ((helped, "help"), (hurt, "hurt")) if some]
    return " ".join(filter(None, (*parts, untold)))


def _untold(result: StudyResult, measure: Measure) -> str:
    """Say of which changes nothing is told, and why."""
    found = score_untold(result.study, measure, result.cells)
    singles = {key: why for key, why in found.items() if len(key[1]) == 1}
    if not singles:
        return ""
    names = list(dict.fromkeys(changes[0] for _, changes in singles))
    does, few = "does" if len(names) == 1 else "do", few_seeds(result.how.seeds)
    if few:
        return f"What {join(names)} {does} isn't told: {few}."
    where = list(dict.fromkeys(network for network, _ in singles))
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    to = _who(where, networks, result)
    why = next(iter(singles.values())) if len(singles) == 1 else "runs diverged"
    average = "" if len(result.study.change_names) == 1 else " on average"
    return f"What {join(names)} {does} to the {measure.name} of {to}{average} isn't told: {why}."


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
    every = [item for items in found.values() for item in items]
    if len(found) == 1:
        who = _who([item.network for item in every], networks, result)
        return f"{next(iter(found))} {verb}s {who}: {_figures(every, measure)}."
    everywhere = all(len(items) == len(networks) for items in found.values())
    where = f" {_who(networks, networks, result)}" if everywhere else ""
    return f"{join(list(found))} {verb}{where}: {_figures(every, measure)}."


def _figures(effects: Sequence[Effect], measure: Measure) -> str:
    """Return effects with their intervals; of a single one what it does alone as well, if that is seen."""
    average = " on average" if any(_averaged(effect) for effect in effects) else ""
    if len(effects) > 1:
        ends = [end for item in effects for end in (read_of(item).value.low, read_of(item).value.high)]
        low, high = sorted((min(ends), max(ends)), reverse=measure.kind == "loss")
        within = f"(intervals within {measure.figure(low)} to {measure.figure(high)})"
        unit = "points" if measure.kind == "accuracy" else "%"
        return f"{_span(effects, measure)} {unit} of {measure.name}{average} {within}"
    (effect,) = effects
    alone = effect.alone
    said = f"{in_words(read_of(effect), measure)}{average}"
    if not average or alone is None or alone.reading == "no difference seen":
        return said
    return f"{said}; alone {measure.difference(alone.value)}"


def _averaged(effect: Effect) -> bool:
    """Whether an effect is an average over other changes that differs from what the change does alone."""
    return effect.main is not None and (effect.alone is None or effect.main.value != effect.alone.value)


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
    if len({item.cell.changes for item in first}) > 1:
        return f"The cells differ in their changes: the table tells how each does; {_guess(measure)}."
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
        made = first[0].cell.changes
        opening = f"With {join(made)} " if made else opening
        who = f"{opening}{'the' if opening else 'The'} {len(first):,} networks"
        return f"{who} {did} (medians of {seeds}); {_guess(measure)}."
    (item,), (middle,) = first, values
    words = item.cell.words.replace(item.cell.network, named(result.study, item.cell.network), 1)
    found = _outcome(result, measure, item)
    if not measure.held_out:
        number = percent(middle) if measure.kind == "accuracy" else format_number(middle)
        does = (
            f"gets {number} of {rows_words(measure)} right"
            if measure.kind == "accuracy"
            else f"has a {measure.name} of {number}"
        )
        return f"{opening}{words} {does} (median of {seeds}); {_guess(measure)}."
    if measure.kind == "accuracy":
        than = {
            "upheld": "more than",
            "refuted": "less than",
            "mixed": "but that is not shown to be more than" if middle > measure.guess else "no more than",
        }[found] + f" {measure.guess_words} does ({percent(measure.guess)})"
        did = f"gets {percent(middle)} of {rows_words(measure)} right (median of {seeds}), {than}"
    else:
        squared = f"; R² {r2_words(middle, measure)}" if has_r2(measure) else ""
        unsure = "not shown to be below" if middle < measure.guess else "no lower than"
        less = {"upheld": "below", "refuted": "above", "mixed": unsure}[found]
        did = (
            f"has a {measure.name} of {format_number(middle)} (median of {seeds}{squared}), {less} that of "
            f"{measure.guess_words} ({format_number(measure.guess)})"
        )
    return f"{opening}{words} {did}.{_fit(item, middle, measure)}"


def _outcome(result: StudyResult, measure: Measure, item: CellResult) -> Outcome:
    """Return whether a cell beats the guess, as the verdicts have it where they judge the cell."""
    everything = bool(result.study.changes)
    end = End(network=item.cell.network, where="at the baseline" if everything else "", runs=item.runs)
    judged = result.verdicts if not item.cell.changes else ()
    told = [verdict for verdict in judged if verdict.statement == end.statement(measure)]
    return (told or judge_guesses(measure, [end]))[0].outcome


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
        counts = "having no row right" if measure.kind == "accuracy" else "the worst in medians"
        said.append(f"{lost:,} of {runs:,} runs diverged; they count as {counts}.")
    if result.score_effects:
        said.append(measure.assumed)
        if measure.kind == "loss":
            said.append("Effects on the loss are ratios of geometric means, not of the medians in the table.")
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
