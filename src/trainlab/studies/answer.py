"""The answer of a study: a sentence or two, one table, what helps and what hurts, what was asked beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainlab.draw import counted, join
from trainlab.spec import Study
from trainlab.stats import Estimate, Rate, ReadEstimate, Reading, percent_words
from trainlab.studies.effects import Effect

if TYPE_CHECKING:
    from trainlab.studies.result import StudyResult
    from trainlab.studies.verdicts import Outcome

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
    "shown to be small": "No effect",
    "no difference seen": "Open",
}
_OUTCOMES: Mapping[Outcome, str] = {"upheld": "Upheld", "refuted": "Refuted", "mixed": "Open"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a study says at first sight.

    `sentence` is the answer. `rows` under `headers` are the table, whose title is `title`; `narrow` are the
    same rows without intervals, for where there is little room. `remarks` belong to the table. `effects` are
    pairs of a word and what it holds of: what helps, hurts, makes no difference; `asked` alike what was asked
    beside the changes, by how it came out.
    """

    sentence: str
    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    narrow: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...]
    effects_title: str
    effects: tuple[tuple[str, str], ...]
    asked: tuple[tuple[str, str], ...]


def answer_of(result: StudyResult) -> Answer:
    """Return the answer: by the measure where the data have one, else by what is solved."""
    from trainlab.studies.answer_score import score_answer
    from trainlab.studies.answer_solved import solved_answer

    measure = result.measure
    return solved_answer(result) if measure is None else score_answer(result, measure)


def all_changes(study: Study, *, first: bool = False) -> str:
    """Return what all changes are called in a sentence: ``all five changes``; `first` begins with a capital."""
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


def short(name: str) -> str:
    """Return a name as the table has it, a long one with its end cut off."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def picked_note(count: int, more: str = "") -> str:
    """Say what the best of many cells is worth: it was picked and is told on the same seeds."""
    return f"Best of {count:,}: picked on these same seeds, so its figure flatters{more}."


def effect_lines(
    study: Study,
    effects: Sequence[Effect],
    *,
    one: Callable[[Estimate], str],
    span: Callable[[Sequence[Effect]], str],
) -> tuple[tuple[str, str], ...]:
    """Return what helps, what hurts, what is shown to be small and what is open, a line each.

    `one` tells an estimate in figures, `span` several effects of one change.
    """
    networks = list(dict.fromkeys(effect.network for effect in effects))
    lines: list[tuple[str, str]] = []
    for reading, word in _READINGS.items():
        parts: list[str] = []
        for change in study.change_names:
            found = [item for item in effects if item.change == change and read_of(item).reading == reading]
            if not found:
                continue
            where = f" on {_who([item.network for item in found], networks)}" if len(networks) > 1 else ""
            if len(found) == 1:
                parts.append(f"{change}{where} {one(read_of(found[0]).value)}{_alone(found[0], one)}")
            else:
                parts.append(f"{change}{where} {span(found)}")
        if parts:
            lines.append((word, "; ".join(parts)))
    return tuple(lines)


def _alone(effect: Effect, one: Callable[[Estimate], str]) -> str:
    """Tell what a change does alone, where its figure is an average over other changes."""
    if effect.alone is None or effect.main is None or effect.alone.value == effect.main.value:
        return ""
    return f", alone {one(effect.alone.value)}"


def _who(names: Sequence[str], networks: Sequence[str]) -> str:
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
        return f"What the change does to {what} (95 % interval)"
    over = any(effect.main for effect in effects)
    how = "averaged over all combinations of the others" if over else "made alone"
    return f"What each change does to {what}, {how}"


def asked_lines(result: StudyResult) -> tuple[tuple[str, str], ...]:
    """Return what the study asks beside its changes, by how it came out, with the share of each."""
    topics = ("parameters", "vanishing", "predictions")
    names = result.study.change_names
    long = f"with {join(names)}" if len(names) > 1 else ""
    lines: list[tuple[str, str]] = []
    for outcome, word in _OUTCOMES.items():
        parts = [
            _statement(item.statement.replace(long, "with all changes") if long else item.statement)
            + (f" ({_of(item.share)})" if item.share else "")
            for item in result.verdicts
            if item.outcome == outcome and item.topic in topics
        ]
        if parts:
            lines.append((word, "; ".join(parts)))
    return tuple(lines)


def _statement(words: str) -> str:
    return words.removesuffix(".")


def _of(share: Rate) -> str:
    return f"{share.k:,} of {share.n:,}"


def percents(rates: Sequence[Rate]) -> str:
    """Return ``92 % and 98 %``, or their range where they are many."""
    if len(rates) > MOST_NAMED:
        ordered = sorted(rates, key=lambda item: item.estimate)
        return f"{percent_words(ordered[0])} to {percent_words(ordered[-1])}"
    return join([percent_words(item) for item in rates])


def seeds_of(rates: Sequence[Rate]) -> str:
    """Return ``50 seeds``."""
    return counted(rates[0].n, "seed")
