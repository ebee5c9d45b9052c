"""Does a change help? Judged by its main effect, over all combinations of the others."""

from __future__ import annotations

from trainlab.stats import Rate, ReadEstimate, Reading, Verdict, disagreement, passed_over
from trainlab.studies.effect_table import Effect
from trainlab.studies.verdicts.rules import OUTCOMES, Bools


def judge_change(
    effect: Effect,
    label: str,
    solved_with: Bools,
    solved_without: Bools,
    *,
    others: bool = True,
    ever: Effect | None = None,
) -> Verdict:
    """Does one change help, over all combinations of the others? It helps, hurts, or can't be told apart.

    `solved_with` and `solved_without` are bool [n]: one pair of runs a seed, that differ in this change only,
    at combinations of the others that take turns. `others` says whether the study has other changes, and
    `ever` what the change does to being solved at some time, if that is known. A pair
    says "helps" when only the run with the change is solved, "hurts" when only the other is, and else that
    there is no difference; `opposite` counts the seeds whose pair says otherwise than the verdict.
    """
    main = effect.main
    if main is None:
        raise ValueError("a change is judged by its main effect")
    averaged = ", averaged over all combinations of the other changes" if others else ""
    named = f"Change {effect.change} ({label})" if label else f"Change {effect.change}"
    return Verdict(
        topic="change",
        statement=f"{named} helps {effect.network}.",
        outcome=OUTCOMES[main.reading],
        sentence=f"{change_claim(effect.change, effect.network, main)}: "
        f"{main.value} in the success rate{averaged}."
        f"{_holm_note(main)}{_ever_note(main, ever and ever.main)}"
        f"{_alone_note(effect) + _last_note(effect, ever) if others else ''}",
        opposite=_pairs_that_differ(main.reading, solved_with, solved_without),
        about=(effect.network, effect.change),
        difference=main.value,
    )


def _pairs_that_differ(reading: Reading, solved_with: Bools, solved_without: Bools) -> Rate | None:
    said = {
        "helps": solved_with & ~solved_without,
        "hurts": ~solved_with & solved_without,
        "shown to be small": solved_with == solved_without,
    }
    return disagreement(said[reading], True) if reading in said else None


def change_claim(
    subject: str, network: str, read: ReadEstimate, *, little: str = "2 points", one: bool = True
) -> str:
    """Say what one or several changes do to a network, as an estimate reads; `little` counts as small."""
    s, are = ("s", "is") if one else ("", "are")
    claims: dict[Reading, str] = {
        "helps": f"{subject} help{s} {network}",
        "hurts": f"{subject} hurt{s} {network}",
        "shown to be small": f"{subject} {are} shown to change {network} by less than {little}",
        "no difference seen": f"{subject} can't be told apart from nothing for {network}",
    }
    return claims[read.reading]


def _holm_note(main: ReadEstimate) -> str:
    """Say where Holm's correction doesn't let pass what the interval by itself would show."""
    note = passed_over(main)
    return f" Its interval {note}." if note else ""


def _alone_note(effect: Effect) -> str:
    """Say what the change does alone where that differs from its average."""
    alone, main = effect.alone, effect.main
    if alone is None or main is None or alone.reading == main.reading:
        return ""
    return f" Made alone, {_read_words(alone)}."


def _last_note(effect: Effect, ever: Effect | None) -> str:
    """Say what the change does after all the others where that differs from its average.

    What it does there to being solved at some time is said where that differs again.
    """
    last, main, sometime = effect.last, effect.main, ever and ever.last
    if last is None or main is None or last.reading == main.reading:
        return ""
    return f" Made after all the others, {_read_words(last)}.{_ever_note(last, sometime)}"


def _ever_note(end: ReadEstimate, sometime: ReadEstimate | None) -> str:
    """Say what a change does to being solved at some time where that differs from the end."""
    if sometime is None or sometime.reading == end.reading:
        return ""
    return f" Counting runs solved at some time, not only at the end, {_read_words(sometime)}."


def _read_words(read: ReadEstimate) -> str:
    words: dict[Reading, str] = {
        "helps": "it helps",
        "hurts": "it hurts",
        "shown to be small": "its effect is shown to be within 2 points",
        "no difference seen": "no difference is seen",
    }
    note = passed_over(read)
    return f"{words[read.reading]}: {read.value}{f', which {note}' if note else ''}"
