"""A statement of the assignment: where it stands, what was asked, and the rules that judge several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from measure.blocks import percent, under
from measure.explained import Explained
from measure.xor_studies import Studies
from trainlab.draw import join
from trainlab.stats import HALF, OFTEN, Estimate, Rate, Reading, Verdict, almost_always, more_than
from trainlab.studies import EndingsResult
from trainlab.studies.verdicts.change_verdicts import OUTCOMES
from trainlab.studies.verdicts.robustness import AS_ASKED, TURNED, as_asked

# Rules that several statements share: pure functions of numbers, each of which can come out either way.


Outcome = Literal[
    "upheld", "in part", "refuted", "mixed", "carried out", "not carried out", "can't be tested"
]
"""How a statement fares; things to be done are carried out, in part, or not."""


EXACT = 1e-9
"""Two ways to compute one number are the same if they differ by less."""
SELDOM = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """How a statement fares, with its number, the details in sentences, and the sides from which it holds."""

    outcome: Outcome
    number: str = ""
    told: str = ""
    sides: str = ""


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Return how a statement with several parts fares: like its parts if they agree.

    In part if some are upheld and others not, else mixed.
    """
    different = set(outcomes)
    if len(different) == 1:
        return different.pop()
    return "in part" if "upheld" in different or "in part" in different else "mixed"


def most(
    *, share: Rate, of: str = "seeds", more: str = "", others: Mapping[str, Rate] | None = None
) -> Answer:
    """Upheld if it is so of most, with the whole interval; refuted if of a minority.

    `others` are the shares by other readings, in words; where one turns it round it is mixed.
    """
    outcome: Outcome = more_than(HALF, share)
    found: dict[str, Outcome] = {words: more_than(HALF, each) for words, each in (others or {}).items()}
    return Answer(
        outcome=_weighed(outcome, found),
        number=percent(share),
        told=f"It holds on {share} of the {of}.{more}",
        sides=held(outcome, found),
    )


def held(outcome: Outcome, others: Mapping[str, Outcome]) -> str:
    """Return from how many other sides it comes out the same, and which turn it."""
    turned = [f"{words}: {each}" for words, each in others.items() if each != outcome]
    same = len(others) - len(turned)
    if not others or not turned:
        return f"all {same}" if others else ""
    return f"{same} of {len(others)}; not {'; '.join(turned)}"


def exact(*, gaps: Mapping[str, float], more: str = "", facts: Mapping[str, bool] | None = None) -> Answer:
    """Upheld if every pair of numbers that ought to be one is, refuted if none; `facts` count as others."""
    parts = [*(gap < EXACT for gap in gaps.values()), *(facts or {}).values()]
    told = f"{', '.join(f'{name}: {under(gap)}' for name, gap in gaps.items())}." if gaps else ""
    failing = [name for name, true in (facts or {}).items() if not true]
    return Answer(
        outcome=all_of("upheld" if part else "refuted" for part in parts),
        number=under(max(gaps.values())) if gaps else "",
        told=f"Differences: {told}{' Not so: ' + join(failing) + '.' if failing else ''}{more}",
    )


def done(*, facts: Mapping[str, bool], number: str = "", told: str = "", sides: str = "") -> Answer:
    """For things to be done: carried out if all of it was done, not carried out if nothing was."""
    missing = [what for what, true in facts.items() if not true]
    outcome: Outcome = "carried out" if not missing else "in part"
    if len(missing) == len(facts):
        outcome = "not carried out"
    lacks = f" Not found so: {join(missing)}." if missing else ""
    return Answer(outcome=outcome, number=number, told=f"{told}{lacks}".strip(), sides=sides)


def alike(*, found: Mapping[str, object], wanted: Mapping[str, object], told: str = "") -> Answer:
    """Upheld if everything counted is what was said, refuted if nothing is."""
    outcome = all_of("upheld" if found[name] == value else "refuted" for name, value in wanted.items())
    number = ", ".join(f"{name}: {found[name]}" for name in wanted)
    return Answer(outcome=outcome, number=number, told=told)


def parts(
    *,
    outcomes: Mapping[str, Outcome],
    number: str,
    told: str = "",
    others: Mapping[str, Outcome] | None = None,
) -> Answer:
    """For a claim about several at once: upheld if true of all, refuted if of none, in part if of some.

    `others` is how the whole comes out by other readings, in words; where one turns it round it is mixed.
    """
    whole, asked = all_of(outcomes.values()), others or {}
    names: dict[Outcome, list[str]] = {}
    for name, outcome in outcomes.items():
        names.setdefault(outcome, []).append(name)
    shown = _first("; ".join(f"{outcome}: {join(each)}" for outcome, each in names.items()))
    return Answer(
        outcome=_weighed(whole, asked),
        number=number,
        told=told if len(outcomes) == 1 else f"{shown}. {told}".strip(),
        sides=held(whole, asked),
    )


def _weighed(outcome: Outcome, others: Mapping[str, Outcome]) -> Outcome:
    """Return the outcome; mixed if another reading turns it."""
    return "mixed" if TURNED.get(outcome, "") in others.values() else outcome


def by_readings(*, readings: Mapping[str, Reading], number: str, told: str = "") -> Answer:
    """For what is said to help several: upheld for each that it helps, refuted if it hurts or is small."""
    return parts(outcomes={name: OUTCOMES[each] for name, each in readings.items()}, number=number, told=told)  # type: ignore[arg-type]


def verdict(*, found: Verdict, number: str = "") -> Answer:
    """As a study of trainlab judged it, from every side."""
    return verdicts(found={"": found}, number=number)


def verdicts(*, found: Mapping[str, Verdict], number: str = "") -> Answer:
    """As studies of trainlab judged it for several networks: all of them together."""
    outcomes = [each.outcome or "mixed" for each in found.values()]
    shares = [
        f"{name} {percent(each.share)}".strip() for name, each in found.items() if each.share is not None
    ]
    return Answer(
        outcome=all_of(outcomes),
        number=number or "; ".join(shares),
        told=" ".join(f"{each.outcome.capitalize()}: {each.sentence}" for each in found.values())
        if len(found) > 1
        else " ".join(each.sentence for each in found.values()),
        sides=sides_of(found),
    )


def sides_of(found: Mapping[str, Verdict]) -> str:
    """Return from how many of the sides that were asked the verdicts hold, and on which one turns.

    A verdict that is mixed because it turns is held against how it was as first asked.
    """
    asked = [
        (name, as_asked(each), side)
        for name, each in found.items()
        for side in each.sides
        if side.words != AS_ASKED
    ]
    if not asked:
        return ""
    other = [
        f"{side.words}{f' ({name})' if name else ''}: {side.outcome}"
        for name, outcome, side in asked
        if side.outcome != outcome
    ]
    same = len(asked) - len(other)
    return f"all {same}" if not other else f"{same} of {len(asked)}; not {'; '.join(other)}"


def cured(*, left: Mapping[str, Rate], change: Mapping[str, Estimate]) -> Answer:
    """Cured if of the runs that had it surely fewer than one in ten still do, not if surely more."""
    limit = 1 - OFTEN
    outcomes: dict[str, Outcome] = {
        name: "upheld" if each.high < limit else "refuted" if each.low > limit else "mixed"
        for name, each in left.items()
    }
    told = [
        f"{name}: of the runs that had it {left[name]} still do; over all seeds it is {change[name]}"
        for name in left
    ]
    return Answer(
        outcome=all_of(outcomes.values()),
        number="still " + "; ".join(f"{name} {percent(each)}" for name, each in left.items()),
        told=f"{_first('; '.join(told))}.",
    )


def gives(
    *, shares: Mapping[str, Rate], beside: Mapping[str, Rate] | None = None, nine_in_ten: bool = False
) -> Answer:
    """For a claim about each run: upheld if it is true of most runs, or of nine in ten.

    `beside` are shares that are told and don't count.
    """
    every = {**shares, **(beside or {})}
    told = "; ".join(f"{name}: {share}" for name, share in every.items())
    return Answer(
        outcome=all_of(
            almost_always(share) if nine_in_ten else more_than(HALF, share) for share in shares.values()
        ),
        number="; ".join(f"{name} {percent(share)}" for name, share in every.items()),
        told=f"{_first(told)}.",
    )


def untestable(*, why: str) -> Answer:
    """Return that it can't be tested, and why; the one rule that takes no numbers."""
    return Answer(outcome="can't be tested", told=why)


def _first(words: str) -> str:
    return words[:1].upper() + words[1:]


# A statement of the assignment: where it stands, what was asked, and the rule that judges it.


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Everything that was computed and trained for the statements.

    `deep` says where runs of Model 3 with B and E end, at the smallest and the largest learning rate for
    which `explained` asks that of Model 2.
    """

    studies: Studies
    explained: Explained
    deep: tuple[EndingsResult, EndingsResult]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """What the assignment says at a `place`, in our words, and how it was `asked`.

    `rule` makes the answer from what `read` takes out of the results: only from numbers, so that made-up ones
    can turn it. `page` is the page on it; `note` says what to know of it beside.
    """

    number: str
    said: str
    place: str
    asked: str
    rule: Callable[..., Answer]
    read: Callable[[Found], Mapping[str, Any]]
    page: str
    seeds: str = "–"
    note: str = ""

    def judge(self, found: Found) -> Answer:
        """Return how it fares."""
        return self.rule(**self.read(found))


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One of the five questions: its page, where the assignment asks it, and the command that answers it."""

    page: str
    place: str
    command: str

    def statement(
        self,
        number: str,
        said: str,
        asked: str,
        rule: Callable[..., Answer],
        read: Callable[[Found], Mapping[str, Any]],
        seeds: str = "–",
        note: str = "",
    ) -> Statement:
        """Return a statement about it; `asked` says which part of the command's answer was used."""
        return Statement(
            number=number,
            said=said,
            place=self.place,
            asked=f"{self.command}: {asked}",
            rule=rule,
            read=read,
            page=self.page,
            seeds=seeds,
            note=note,
        )
