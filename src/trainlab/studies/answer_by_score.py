"""The answer of a study on data with many rows: which change helps, and what the networks do better than."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from trainlab.draw import format_number, join
from trainlab.page.columns import Column, FilledTable, TableOf
from trainlab.stats import Estimate, Outcome, Reading
from trainlab.studies.answer import (
    MOST_NETWORKS,
    Answer,
    asked_lines,
    effect_lines,
    effects_title,
    named,
    networks_words,
    phases_note,
    picked_note,
    read_of,
    short,
)
from trainlab.studies.answer_by_solved import cell_name, chosen_cells, solved_answer
from trainlab.studies.answer_score_parts import (
    alone_lines,
    cautions,
    describe_alone,
    has_r2,
    nearest_to_seen,
    only_alone,
    r2_words,
    score_columns,
)
from trainlab.studies.cells import CellResult, median
from trainlab.studies.effects import Effect
from trainlab.studies.performance_measure import PerformanceMeasure
from trainlab.studies.score_effects import few_seeds, score_over_splits, score_untold
from trainlab.studies.verdicts.score_verdicts import (
    End,
    in_words,
    judge_guesses,
    percent,
    rows_words,
    split_words,
    splits_words,
)

if TYPE_CHECKING:
    from trainlab.studies.result import StudyResult


def score_answer(result: StudyResult, measure: PerformanceMeasure) -> Answer:
    """Return the answer by the measure: what changes do to it, and how it compares with the mere guess."""
    study, effects = result.study, result.score_effects
    table, remarks = _table(result, measure)
    what = f"{measure.name}, in points" if measure.kind == "accuracy" else f"{measure.name}, in %"
    return Answer(
        sentence=" ".join(filter(None, (_changed(result, measure, effects), _level(result, measure)))),
        title=f"{measure.name[:1].upper()}{measure.name[1:]}{f' ({measure.loss})' if measure.loss else ''}, "
        f"median of {splits_words(measure, result.how.seeds)}",
        range_words="their middle 90 %",
        table=table,
        remarks=(*phases_note(study), *remarks, *cautions(result, measure)),
        effects_title=_effects_title(result, effects, what) + (", on one split" if measure.one_split else ""),
        effects=(
            *effect_lines(
                study,
                [effect for effect in effects if not only_alone(effect)],
                one=lambda value: _one(value, measure),
                span=lambda some: _span(some, measure),
                little=measure.little,
                tell_open=measure.splits > 1,
            ),
            *alone_lines(result, effects, measure),
        ),
        asked=asked_lines(result),
    )


def _effects_title(result: StudyResult, effects: Sequence[Effect], what: str) -> str:
    title = effects_title(result.study, effects, what)
    mixed = len({effect.main is None for effect in effects}) > 1
    return f"{title}, or alone where only that can be told" if mixed else title


def _changed(result: StudyResult, measure: PerformanceMeasure, effects: Sequence[Effect]) -> str:
    """Say which changes help, which hurt, and what can't be told; nothing where there are no changes."""
    untold = _untold(result, measure)
    if not effects:
        return untold
    perfect, alone = _perfect(result, measure), [effect for effect in effects if only_alone(effect)]
    helped, hurt = _with_reading(result, effects, "helps"), _with_reading(result, effects, "hurts")
    helps_alone = any(effect.alone and effect.alone.reading == "helps" for effect in alone)
    parts = [perfect] if perfect else []
    if not perfect and not helped and not hurt and not alone:
        parts.append(f"No change is seen to make a difference to the {measure.name}{split_words(measure)}.")
        parts.append(nearest_to_seen(effects, measure))
    elif not perfect and not helped and not helps_alone:
        parts.append(f"No change is seen to help{split_words(measure)}.")
    parts += [_done(result, some, verb, measure) for some, verb in ((helped, "help"), (hurt, "hurt")) if some]
    parts += [
        f"Alone {words}{split_words(measure)}: {figures} of {measure.name}; {rest}."
        for words, figures, rest in describe_alone(result, alone, measure)
    ]
    return " ".join(filter(None, (*parts, untold)))


def _untold(result: StudyResult, measure: PerformanceMeasure) -> str:
    """Name the changes about which nothing can be said, and why."""
    found = score_untold(result.study, measure, result.cells)
    singles = {key: why for key, why in found.items() if len(key[1]) == 1}
    if not singles:
        return ""
    names = list(dict.fromkeys(changes[0] for _, changes in singles))
    does = "does" if len(names) == 1 else "do"
    few = few_seeds(result.how.seeds) if measure.splits == 1 else ""
    if few:
        return f"What {join(names)} {does} isn't told: {few}."
    where = list(dict.fromkeys(network for network, _ in singles))
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    to = networks_words(where, networks, result)
    why = next(iter(singles.values())) if len(singles) == 1 else "runs diverged"
    average = "" if len(result.study.change_names) == 1 else " on average"
    return f"What {join(names)} {does} to the {measure.name} of {to}{average} isn't told: {why}."


def _perfect(result: StudyResult, measure: PerformanceMeasure) -> str:
    """Say that nothing is left to improve, where every seed has every row right at every baseline."""
    bases = [item for item in result.cells if not item.cell.changes]
    if measure.kind != "accuracy" or not bases:
        return ""
    if not all(bool((measure.of_all(item) == 1.0).all()) for item in bases):
        return ""
    return (
        f"The baseline gets every one of {rows_words(measure)} right on all "
        f"{splits_words(measure, result.how.seeds)}: no change can help there."
    )


def _with_reading(
    result: StudyResult, effects: Sequence[Effect], reading: Reading
) -> dict[str, list[Effect]]:
    found = {
        change: [item for item in effects if item.change == change and read_of(item).reading == reading]
        for change in result.study.change_names
    }
    return {change: items for change, items in found.items() if items}


def _done(result: StudyResult, found: dict[str, list[Effect]], verb: str, measure: PerformanceMeasure) -> str:
    """Return ``A helps 3-8-1: +3.1 points (…) of held-out accuracy.``, or who does of several."""
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    every = [item for items in found.values() for item in items]
    if len(found) == 1:
        who = networks_words([item.network for item in every], networks, result)
        return f"{next(iter(found))} {verb}s {who}{split_words(measure)}: {_figures(every, measure)}."
    everywhere = all(len(items) == len(networks) for items in found.values())
    where = f" {networks_words(networks, networks, result)}" if everywhere else ""
    return f"{join(list(found))} {verb}{where}{split_words(measure)}: {_figures(every, measure)}."


def _figures(effects: Sequence[Effect], measure: PerformanceMeasure) -> str:
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
    if not average or alone is None:
        return said
    if alone.reading == "no difference seen":
        return f"{said}; alone no difference is seen"
    against = {read_of(effect).reading, alone.reading} == {"helps", "hurts"}
    does = f"it {alone.reading}: " if against else ""
    return f"{said}; alone {does}{measure.difference(alone.value)}"


def _averaged(effect: Effect) -> bool:
    """Whether an effect is an average over other changes that differs from what the change does alone."""
    return effect.main is not None and (effect.alone is None or effect.main.value != effect.alone.value)


def _level(result: StudyResult, measure: PerformanceMeasure) -> str:
    """Say how well the networks do, at the baseline if it was run, beside what needs no inputs."""
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    first = [next(item for item in result.cells if item.cell.network == name) for name in networks]
    base = all(not item.cell.changes for item in first) and bool(result.study.changes)
    if len({item.cell.changes for item in first}) > 1:
        return f"The cells differ in their changes: the table tells how each does; {_guess(measure)}."
    seeds = splits_words(measure, result.how.seeds)
    values = [median(measure.of_all(item)) for item in first]
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
        squared = f"; R² {r2_words(item, measure)}" if has_r2(measure) else ""
        unsure = "not shown to be below" if middle < measure.guess else "no lower than"
        less = {"upheld": "below", "refuted": "above", "mixed": unsure}[found]
        did = (
            f"has a {measure.name} of {format_number(middle)} (median of {seeds}{squared}), {less} that of "
            f"{measure.guess_words} ({format_number(measure.guess)})"
        )
    return f"{opening}{words} {did}.{_fit(item, middle, measure)}"


def _outcome(result: StudyResult, measure: PerformanceMeasure, item: CellResult) -> Outcome:
    """Return whether a cell beats the guess, as the verdicts have it where they judge the cell."""
    everything = bool(result.study.changes)
    end = End(
        network=item.cell.network,
        where="at the baseline" if everything else "",
        runs=item.runs,
        further=item.further,
    )
    judged = result.verdicts if not item.cell.changes else ()
    told = [verdict for verdict in judged if verdict.statement == end.statement(measure)]
    return (told or judge_guesses(measure, [end]))[0].outcome


def _guess(measure: PerformanceMeasure) -> str:
    if measure.kind == "accuracy":
        return f"{measure.guess_words} gets {percent(measure.guess)}"
    return f"that of {measure.guess_words} is {format_number(measure.guess)}"


def _fit(item: CellResult, middle: float, measure: PerformanceMeasure) -> str:
    """Say how the rows trained on compare with those held out: overfitting, where the rows show it."""
    if not measure.held_out:
        return ""
    trained = median(item.joined(measure.trained_on))
    if measure.kind == "loss":
        return f" On the rows trained on it is {format_number(trained)}."
    said = f" On the rows trained on it gets {percent(trained)}"
    lifted = trained - measure.training_guess > middle - measure.guess
    if measure.splits > 1:
        gap = score_over_splits(measure, item.joined(measure.trained_on) - measure.of_all(item))
        unsure = f", a gap that {measure.splits:,} splits can't tell from chance" if lifted else ""
        return f"{said}{': it overfits' if lifted and gap.low > 0 else unsure}."
    if lifted and trained > measure.rows_right(middle).high:
        return f"{said}: it overfits."
    if lifted and trained > middle:
        return f"{said}, a gap that {measure.rows:,} rows can't tell from chance."
    return f"{said}."


def _table(
    result: StudyResult, measure: PerformanceMeasure
) -> tuple[FilledTable[CellResult | None], tuple[str, ...]]:
    """Return the table, with a row for the mere guess (None) before those of cells, and its remarks."""
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    columns, remarks = score_columns(measure, result.cells), list[str]()
    if len(networks) > 1:
        both = len(networks) <= MOST_NETWORKS // 2
        listed = networks[:MOST_NETWORKS]
        ends = ((), result.study.change_names) if both else ((),)
        chosen = [
            item for item in result.cells if item.cell.network in listed and item.cell.changes in ends
        ] or list(result.cells[: MOST_NETWORKS + 2])
        if len(networks) > len(listed):
            remarks.append(f"{len(networks) - len(listed):,} more networks: --details.")
        names = [_names("Network", lambda item: short(item.cell.network), guess=measure.guess_words)]
        if result.study.changes:
            names.append(_names("Changes", lambda item: cell_name(result, item)))
    else:
        chosen, best = chosen_cells(
            result, result.cells, lambda cells: max(cells, key=lambda item: _rank(item, measure))
        )
        if best is not None:
            remarks.append(picked_note(len(result.cells)))
        heading = "Changes" if result.study.changes else "Network"
        name = _names(
            heading,
            lambda item: f"{cell_name(result, item)}{' (best)' if item is best else ''}",
            guess=measure.guess_words,
        )
        names = [name]
    return FilledTable(TableOf((*names, *columns)), [None, *chosen]), tuple(remarks)


def _names(heading: str, name: Callable[[CellResult], str], *, guess: str = "") -> Column[CellResult | None]:
    return Column(heading, lambda item: guess if item is None else name(item), align="left")


def _rank(item: CellResult, measure: PerformanceMeasure) -> float:
    middle = median(measure.of_all(item))
    return middle if measure.kind == "accuracy" else -middle


def _one(value: Estimate, measure: PerformanceMeasure) -> str:
    # Of a loss the lower end is the higher score.
    ends = (value.low, value.high) if measure.kind == "accuracy" else (value.high, value.low)
    return f"{measure.figure(value.estimate)} ({measure.figure(ends[0])} to {measure.figure(ends[1])})"


def _span(effects: Sequence[Effect], measure: PerformanceMeasure) -> str:
    values = sorted(read_of(effect).value.estimate for effect in effects)
    low, high = measure.figure(values[0]), measure.figure(values[-1])
    return low if low == high else f"{low} to {high}"


# The answer of a study, by what its data let be judged.


def answer_of(result: StudyResult) -> Answer:
    """Return the answer: by the measure where the data have one, else by what is solved."""
    measure = result.measure
    return solved_answer(result) if measure is None else score_answer(result, measure)
