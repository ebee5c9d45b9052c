"""The answer of a study: a sentence or two, one table, what helps and hurts, what was asked beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainlab.draw import join
from trainlab.page.columns import FilledTable
from trainlab.spec import Study
from trainlab.stats import Estimate, Rate, ReadEstimate, Reading, percent_words
from trainlab.studies.effects import Effect, interventions

if TYPE_CHECKING:
    from trainlab.stats import Outcome, Verdict
    from trainlab.studies.cells import CellResult
    from trainlab.studies.result import StudyResult


MOST_NETWORKS = 6
"""Of more networks the first are listed."""
MOST_ROWS = 8
"""A single network's cells are listed one by one up to so many."""
MOST_NAMED = 3
"""Of more networks than this a sentence tells how many they are."""
LONGEST = 24
"""Longer names are cut in the table."""

_COUNTS = ("", "", "both", "all three", "all four", "all five", "all six", "all seven", "all eight")
_READINGS: Mapping[Reading, str] = {
    "helps": "Helps",
    "hurts": "Hurts",
    "shown to be small": "Small",
    "no difference seen": "Open",
}

_OUTCOMES: Mapping[Outcome, str] = {"upheld": "Upheld", "refuted": "Refuted", "mixed": "Mixed"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a study says at first sight.

    `sentence` is the answer. `table`, under `title`, has a row for each network or each cell, or for the mere
    guess (None). Its cells have a range in brackets, which `range_words` explains; where it is brief, they
    have none. `remarks` belong to it. `effects` are pairs of a word
    and what it holds of: what helps, hurts, makes no difference; `asked` alike what was asked beside the
    changes, by how it came out.
    """

    sentence: str
    title: str
    range_words: str
    table: FilledTable[str] | FilledTable[CellResult] | FilledTable[CellResult | None]
    remarks: tuple[str, ...]
    effects_title: str
    effects: tuple[tuple[str, str], ...]
    asked: tuple[tuple[str, str], ...]


def all_changes(study: Study, *, first: bool = False) -> str:
    """Return what all changes are called: ``all five changes``; `first` in a sentence with a capital."""
    names = study.change_names
    words = names[0] if len(names) == 1 else f"{number_words(len(names))} changes"
    return words[:1].upper() + words[1:] if first and len(names) > 1 else words


def number_words(count: int) -> str:
    """Return ``both``, ``all three``, … for two and more."""
    return _COUNTS[count] if count < len(_COUNTS) else f"all {count:,}"


def named(study: Study, network: str) -> str:
    """Return a network's name with its widths: ``Model 1 (2-5-4-1)``."""
    label = study.experiment(network).network.label
    return network if label == network else f"{network} ({label})"


def named_all(study: Study, networks: Sequence[str]) -> str:
    """Return the names of a few networks, or how many of the study's they are."""
    if len(networks) <= MOST_NAMED:
        return join([named(study, name) for name in networks])
    total = len(study.network_names)
    return f"all {total:,} networks" if len(networks) == total else f"{len(networks):,} of {total:,} networks"


def networks_words(names: Sequence[str], networks: Sequence[str], result: StudyResult) -> str:
    """Return one network's name, ``both networks`` for all of them, or the names or number of some."""
    if len(names) == 1:
        return named(result.study, names[0])
    if len(names) == len(networks):
        return f"{number_words(len(names))} networks"
    return join(list(names)) if len(names) <= MOST_NAMED else f"{len(names):,} of {len(networks):,} networks"


def seeds_or_runs(result: StudyResult) -> str:
    """Return what medians are taken of: the seeds, or the runs on all splits."""
    return "runs" if result.study.splits > 1 else "seeds"


def short(name: str) -> str:
    """Return a name as the table shows it: a long one loses its end."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def picked_note(count: int) -> str:
    """Warn that the best of many cells was picked on the seeds on which it is reported."""
    return f"Best of {count:,}: picked on these same seeds, which flatters it."


def effect_lines(
    study: Study,
    effects: Sequence[Effect],
    *,
    one: Callable[[Estimate], str],
    span: Callable[[Sequence[Effect]], str],
    little: str = "2 points",
    tell_open: bool = False,
) -> tuple[tuple[str, str], ...]:
    """Return what helps, what hurts, what is shown to be small and what is open, a line each.

    `one` tells an estimate in figures, `span` several effects of one change; less than `little` is small.
    `tell_open` says whether those of a single network are told of what is open, too.
    """
    networks = list(dict.fromkeys(effect.network for effect in effects))
    lines: list[tuple[str, str]] = []
    for reading, word in _READINGS.items():
        found = {
            change: [item for item in effects if item.change == change and read_of(item).reading == reading]
            for change in study.change_names
        }
        found = {change: items for change, items in found.items() if items}
        if not found:
            continue
        if reading == "no difference seen" and tell_open and len(networks) == 1:
            lines.append((word, f"{_with_figures(found, networks, one, span)}: no difference seen"))
        elif reading == "no difference seen":
            lines.append((word, f"{_names_alone(found, networks)} (no difference seen)"))
        elif reading == "shown to be small":
            lines.append((word, f"{_names_alone(found, networks)} (shown to be less than {little})"))
        else:
            lines.append((word, _with_figures(found, networks, one, span)))
    return tuple(lines)


def _with_figures(
    found: Mapping[str, Sequence[Effect]],
    networks: Sequence[str],
    one: Callable[[Estimate], str],
    span: Callable[[Sequence[Effect]], str],
) -> str:
    parts: list[str] = []
    for change, items in found.items():
        where = f" on {_who(items, networks)}" if len(networks) > 1 else ""
        if len(items) > 1:
            parts.append(f"{change}{where} {span(items)}")
        else:
            alone = _alone(items[0], one) if len(networks) == 1 else ""
            parts.append(f"{change}{where} {one(read_of(items[0]).value)}{alone}")
    return "; ".join(parts)


def _names_alone(found: Mapping[str, Sequence[Effect]], networks: Sequence[str]) -> str:
    """Name the changes, those of the same networks together; of a difference not seen no figure is told."""
    groups: dict[str, list[str]] = {}
    for change, items in found.items():
        groups.setdefault(_who(items, networks), []).append(change)
    if len(networks) == 1:
        ((_, changes),) = groups.items()
        return join(changes)
    return "; ".join(f"{join(changes)} on {who}" for who, changes in groups.items())


def _alone(effect: Effect, one: Callable[[Estimate], str]) -> str:
    """Tell what a change does alone, where its figure is an average over other changes."""
    if effect.alone is None or effect.main is None or effect.alone.value == effect.main.value:
        return ""
    return f", alone {one(effect.alone.value)}"


def _who(effects: Sequence[Effect], networks: Sequence[str]) -> str:
    names = [effect.network for effect in effects]
    if len(names) == len(networks):
        return number_words(len(names))
    return join(names) if len(names) <= MOST_NAMED else f"{len(names):,} of {len(networks):,} networks"


def read_of(effect: Effect) -> ReadEstimate:
    """Return an effect over the factorial, or alone where cells are missing."""
    value = effect.main or effect.alone
    if value is None:
        raise ValueError("an effect has at least one of the two")
    return value


def effects_title(study: Study, effects: Sequence[Effect], what: str) -> str:
    """Say what the figures of the effects are: of `what`, and averaged or alone."""
    if len(study.change_names) == 1:
        return f"Effect on the {what}"
    over = any(effect.main for effect in effects)
    others = "the others that don't intervene" if interventions(study) else "the other changes"
    return f"Effect on the {what}, {f'averaged over {others}' if over else 'of each change alone'}"


def asked_lines(result: StudyResult) -> tuple[tuple[str, str], ...]:
    """Return what the study asks beside its changes, by how it came out, with the share of each."""
    lines: list[tuple[str, str]] = []
    for outcome, word in _OUTCOMES.items():
        found = [item for item in result.verdicts if item.outcome == outcome and item.topic in _ASKED]
        alike: dict[str, list[Verdict]] = {}
        for item in found:
            alike.setdefault(_predicate(item, result.study), []).append(item)
        if found:
            lines.append((word, "; ".join(_statement(items, result.study) for items in alike.values())))
    return tuple(lines)


_ASKED = ("parameters", "vanishing", "predictions")


def _predicate(item: Verdict, study: Study) -> str:
    """Return a statement without the network that it begins with."""
    name = _subject(item, study)
    return item.statement.removeprefix(name) if name else item.statement


def _subject(item: Verdict, study: Study) -> str:
    known = [name for name in study.network_names if item.statement.startswith(f"{name} ")]
    return max(known, key=len, default="")


def _statement(items: Sequence[Verdict], study: Study) -> str:
    """Return a statement, made of several networks at once if they fare alike, with its shares."""
    first, names = items[0], study.change_names
    if first.topic == "parameters" and first.outcome == "upheld":
        return first.sentence.removesuffix(".")
    words = first.statement
    if len(items) > 1:
        rest = _predicate(first, study).replace(" predicts ", " predict ", 1)
        words = f"{join([_subject(item, study) for item in items])}{rest}"
    if len(names) > 1:
        words = words.replace(f"with {join(names)}", "with all changes")
    known = [item.share for item in items if item.share]
    few = first.outcome == "mixed" and all(share.k in (0, share.n) for share in known)
    shares = ", ".join(f"{share.k:,} of {share.n:,}" for share in known)
    turned = "".join(
        f"; {side.outcome} {side.words}" for side in first.sides if side.turns and len(items) == 1
    )
    more = ": too few seeds to tell" if few else turned
    told = f" ({shares}{more})" if known else ""
    return f"{words.removesuffix('.')}{told}"


def phases_note(study: Study) -> tuple[str, ...]:
    """Say that trainings continue others, all of them or some: the figures are those of the last one."""
    later = [change.name for change in study.changes if change.then]
    if not study.phases:
        return (f"With {join(later)} a training goes on; all figures are of the last one.",) if later else ()
    told = [
        " and ".join(f"{edit.path} = {_plain(edit.value)}" for edit in phase.edits) or "no field changed"
        for phase in study.phases
    ]
    return (
        f"Every training goes on with its weights, with {', then '.join(told)}; all figures are of the last "
        "training.",
    )


def _plain(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def percents(rates: Sequence[Rate]) -> str:
    """Return ``92 % and 98 %``, or their range where they are many."""
    if len(rates) > MOST_NAMED:
        ordered = sorted(rates, key=lambda item: item.estimate)
        return f"{percent_words(ordered[0])} to {percent_words(ordered[-1])}"
    return join([percent_words(item) for item in rates])
