"""The answer of a study whose runs are told by whether they are solved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from trainlab.draw import counted, format_fixed
from trainlab.page.columns import UNKNOWN, Column, FilledTable, TableOf, share, share_alone
from trainlab.spec import solved_rule
from trainlab.stats import Estimate, Verdict, percent_words, share_words
from trainlab.studies.answer import (
    MOST_NETWORKS,
    MOST_ROWS,
    Answer,
    all_changes,
    asked_lines,
    effect_lines,
    effects_title,
    named,
    named_all,
    percents,
    phases_note,
    picked_note,
    read_of,
    seeds_or_runs,
    short,
)
from trainlab.studies.cells import MANY_UNLEARNT, CellResult
from trainlab.studies.effects import Effect
from trainlab.studies.verdicts.change_verdicts import AllChangesEffect, Fate, all_changes_effects
from trainlab.studies.verdicts.robustness import SOMETIME, turned_changes
from trainlab.studies.verdicts.study_verdicts import ends_solved

if TYPE_CHECKING:
    from trainlab.studies.result import StudyResult


FEW = 4
"""Of up to so many combinations all are columns of the table, with no best one among them."""

T = TypeVar("T")
BestOf = Callable[[Sequence[CellResult]], CellResult]


def solved_answer(result: StudyResult) -> Answer:
    """Return the answer from how often the cells are solved."""
    study = result.study
    cells = {(item.cell.network, item.cell.changes): item for item in result.cells}
    causes = [verdict for verdict in result.verdicts if verdict.topic == "cause"]
    together = all_changes_effects(ends_solved(study, cells)) if study.changes and not causes else ()
    table, remarks = _table(result)
    return Answer(
        sentence=_of_causes(causes) if causes else _made(result, together) if together else _best(result),
        title=f"Solved, share of {counted(result.how.seeds, 'seed')}",
        range_words="95 % interval",
        table=table,
        remarks=(
            *phases_note(study),
            *remarks,
            *unlearnt_words(result),
            solved_rule(item.runs.experiment.solved for item in result.cells),
        ),
        effects_title=effects_title(study, result.effects, "share solved, in points"),
        effects=(*effect_lines(study, result.effects, one=_one, span=_span), *_turned(result)),
        asked=asked_lines(result),
    )


def _of_causes(causes: Sequence[Verdict]) -> str:
    """Say what was found of the cause: the first sentences of the verdicts that are decided, or of all."""
    told = [verdict for verdict in causes if verdict.outcome != "mixed"] or causes
    return " ".join(f"{verdict.sentence.partition('. ')[0].removesuffix('.')}." for verdict in told)


def unlearnt_words(result: StudyResult) -> tuple[str, ...]:
    """Say how many runs unlearned in the cell where most did, and in how many other cells many did.

    Cells at the baseline or with all changes go before others. Nothing where few runs lost it.
    """
    told = [(item, item.when) for item in result.cells if item.when and item.when.many_unlearnt]
    if not told:
        return ()
    ends = ((), result.study.change_names)
    item, when = max(told, key=lambda pair: (pair[0].cell.changes in ends, pair[1].unlearnt))
    words = item.cell.words
    if result.study.changes and not item.cell.changes:
        words = f"{item.cell.network} at the baseline"
    elif len(result.study.change_names) > 1 and item.cell.changes == result.study.change_names:
        words = f"{item.cell.network} with all changes"
    more = len(told) - 1
    others = (
        f" More than {100 * MANY_UNLEARNT:g} % did in {counted(more, 'other cell')}, too." if more else ""
    )
    return (
        f"{words} was solved at some time on {when.ever.k:,} of {when.ever.n:,} {seeds_or_runs(result)}; "
        f"{when.unlearnt:,} of them had unlearnt it by the last epoch.{others}",
    )


def _turned(result: StudyResult) -> tuple[tuple[str, str], ...]:
    """Return a line of changes that help on average and hurt after all the others, or the other way round."""
    opposite = {"helps": "hurts", "hurts": "helps"}
    parts = [
        f"{effect.change} {effect.last.reading} {effect.network} when made after all the others: "
        f"{_one(effect.last.value)}"
        for effect in result.effects
        if effect.last and opposite.get(read_of(effect).reading) == effect.last.reading
    ]
    sometime = {(effect.network, effect.change): effect.main for effect in result.ever_effects}
    for effect in result.effects:
        ever = sometime.get((effect.network, effect.change))
        if effect.main and ever and opposite.get(effect.main.reading) == ever.reading:
            parts.append(f"{effect.change} {ever.reading} {effect.network}, {SOMETIME}: {_one(ever.value)}")
    parts = [*turned_changes(result.verdicts), *parts]
    return (("But", "; ".join(parts)),) if parts else ()


def _one(value: Estimate) -> str:
    return f"{_points(value.estimate)} ({_points(value.low)} to {_points(value.high)})"


def _span(effects: Sequence[Effect]) -> str:
    values = sorted(read_of(effect).value.estimate for effect in effects)
    low, high = _rounded(values[0]), _rounded(values[-1])
    return low if low == high else f"{low} to {high}"


def _rounded(share: float) -> str:
    return format_fixed(100 * share, 0, sign=True)


def _points(share: float) -> str:
    return format_fixed(100 * share, 1, sign=True)


def _made(result: StudyResult, together: Sequence[AllChangesEffect]) -> str:
    """Say what all changes do to the networks, those that fare alike in one sentence."""
    study, seeds = result.study, counted(result.how.seeds, "seed")
    full = [item for item in together if item.before.k == item.before.n]
    parts: list[str] = []
    if full:
        whose = (
            "The baseline"
            if len(full) == len(study.network_names)
            else f"At the baseline {_names(result, full)}"
        )
        does = (
            "solves" if whose == "The baseline" else ("is solved on" if len(full) == 1 else "are solved on")
        )
        parts.append(f"{whose} {does} every one of {seeds}: no change can help there.")
    rest = [item for item in together if item not in full or item.fate == "lowered"]
    subject = all_changes(study, first=True)
    for fate in _SENTENCES:
        group = [item for item in rest if item.fate == fate]
        if group:
            parts.append(_sentence(result, fate, group, subject, seeds))
            subject = "They" if len(study.changes) > 1 else "It"
    return " ".join(parts)


_SENTENCES: tuple[Fate, ...] = ("learns", "lowered", "minority", "not", "either way", "open")


def _sentence(
    result: StudyResult, fate: Fate, group: Sequence[AllChangesEffect], subject: str, seeds: str
) -> str:
    one = len(result.study.changes) == 1
    who = _names(result, group)
    single = len(group) == 1
    after, before = percents([item.after for item in group]), percents([item.before for item in group])
    makes, lowers, does, helps = (
        ("makes", "lowers", "doesn't", "helps") if one else ("make", "lower", "don't", "help")
    )
    them = {"It": "it", "They": "them"}.get(subject, all_changes(result.study))
    they = them if subject == "It" else subject if one else subject[:1].lower() + subject[1:]
    of = "" if subject in ("They", "It") else f" of {seeds} solved"
    figures = f"{after}{of}, {before} at the baseline"
    together = "" if one or subject == "They" else " together"
    return {
        "learns": f"{subject}{together} {makes} {who} learn: {figures}.",
        "lowered": f"{subject}{together} {lowers} the share solved of {who}: {figures}.",
        "minority": f"{subject}{together} {helps} {who}, but most runs still fail: {figures}.",
        "not": f"{subject}{together} {does} make {who} learn: {figures}.",
        "either way": f"{_capital(who)} {'learns' if single else 'learn'} on most seeds "
        f"with and without {them}: {figures}.",
        "open": f"Whether {they} {makes} {who} learn on most seeds is open: {figures}.",
    }[fate]


def _names(result: StudyResult, group: Sequence[AllChangesEffect]) -> str:
    return named_all(result.study, [item.network for item in group])


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:] if words.startswith("all ") else words


def _best(result: StudyResult) -> str:
    """Say how often the one cell is solved, or the most often solved one of several."""
    best = max(result.cells, key=lambda item: item.solved.k)
    words = best.cell.words.replace(best.cell.network, named(result.study, best.cell.network), 1)
    if len(result.cells) == 1:
        return f"{words} is solved on {share_words(best.solved)}."
    same = [item for item in result.cells if item.solved.k == best.solved.k]
    if len(same) == len(result.cells):
        return f"All {len(same):,} cells are solved on {share_words(best.solved)}."
    others = f" {len(same) - 1:,} more are solved as often." if len(same) > 1 else ""
    return (
        f"{words} is solved most often of {len(result.cells):,} cells, on {share_words(best.solved)}. It was "
        f"picked on these same seeds, so its figure flatters.{others}"
    )


def _table(
    result: StudyResult,
) -> tuple[FilledTable[str] | FilledTable[CellResult], tuple[str, ...]]:
    """Return the table and its remarks: a row for each network, or for each cell of one network."""
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    return _by_network(result, networks) if len(networks) > 1 else _by_cell(result)


def _by_network(result: StudyResult, networks: Sequence[str]) -> tuple[FilledTable[str], tuple[str, ...]]:
    """Return a row for each network; of many cells the baseline, the best and the one with all changes."""
    made = list(dict.fromkeys(item.cell.changes for item in result.cells))
    ends = [changes for changes in ((), result.study.change_names) if changes in made]
    cells = {(item.cell.network, item.cell.changes): item for item in result.cells}

    def solved(changes: tuple[str, ...]) -> Column[str]:
        return _solved(_head(result, changes), lambda name: cells.get((name, changes)))

    columns = list(map(solved, made if len(made) <= FEW else dict.fromkeys(ends)))
    remarks: list[str] = []
    if len(made) > FEW:
        best = {
            name: _best_of([item for item in result.cells if item.cell.network == name]) for name in networks
        }
        columns.insert(1, Column(f"Best of {len(made):,}", best.get, show=_best_words, align="right"))
        remarks.append(picked_note(len(made)))
    listed = networks[:MOST_NETWORKS]
    if len(networks) > len(listed):
        remarks.append(f"{len(networks) - len(listed):,} more networks: --details.")
    names: Column[str] = Column("Network", short, align="left")
    return FilledTable(TableOf((names, *columns)), listed), tuple(remarks)


def _by_cell(result: StudyResult) -> tuple[FilledTable[CellResult], tuple[str, ...]]:
    """Return a row for each cell of one network; of many the baseline, single changes, the best and all."""
    chosen, best = chosen_cells(result, result.cells, _best_of)
    heading = "Changes" if result.study.changes else "Network"
    names: Column[CellResult] = Column(
        heading,
        lambda item: f"{cell_name(result, item)}{' (best)' if item is best else ''}",
        align="left",
    )
    remarks = (picked_note(len(result.cells)),) if best else ()
    table = TableOf((names, _solved("Solved", lambda item: item)))
    return FilledTable(table, chosen), remarks


def _solved(heading: str, cell: Callable[[T], CellResult | None]) -> Column[T]:
    return Column(heading, cell, show=_share, brief=_percent, align="right")


def _best_words(item: CellResult) -> str:
    return f"{percent_words(item.solved)}: {short('+'.join(item.cell.changes) or 'none')}"


def chosen_cells(
    result: StudyResult, cells: Sequence[CellResult], best_of: BestOf
) -> tuple[list[CellResult], CellResult | None]:
    """Return one network's cells for a table, and the best if it was picked: all, or those that tell most."""
    if len(cells) <= MOST_ROWS:
        return list(cells), None
    everything, best = result.study.change_names, best_of(cells)
    most = 1 if len(everything) + 3 <= MOST_ROWS else 0
    wanted = [item for item in cells if len(item.cell.changes) <= most or item.cell.changes == everything]
    return [item for item in cells if item in wanted or item is best], best


def cell_name(result: StudyResult, item: CellResult) -> str:
    """Return what a cell is called in a table of one network."""
    if not result.study.changes:
        return item.cell.network
    everything = result.study.change_names
    if item.cell.changes == everything and len(everything) > 1:
        return f"all {len(everything):,}" if len(everything) > 2 else "+".join(item.cell.changes)
    return short("+".join(item.cell.changes)) or "none (baseline)"


def _best_of(cells: Sequence[CellResult]) -> CellResult:
    """Return the cell that is solved most often; of equals the one with the fewest changes."""
    return max(cells, key=lambda item: item.solved.k)


def _head(result: StudyResult, changes: tuple[str, ...]) -> str:
    if not changes:
        return "Baseline" if result.study.changes else "Solved"
    names = result.study.change_names
    if changes == names and len(names) > 2:
        return f"All {len(names):,} changes"
    return "+".join(map(short, changes))


def _share(item: CellResult | None) -> str:
    return UNKNOWN if item is None else share(item.solved)


def _percent(item: CellResult | None) -> str:
    return UNKNOWN if item is None else share_alone(item.solved)
