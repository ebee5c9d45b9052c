"""A line on how a verdict comes out from its other sides: it holds from all, or turns round from some."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import counted, join
from trainlab.stats import Outcome, Side, Verdict

AS_ASKED = "as asked"
"""The first side of a verdict that turns round on another."""
SOMETIME = "counting runs solved at some time"
OUTCOMES: tuple[Outcome, ...] = ("upheld", "refuted", "mixed")


def has_turned(verdict: Verdict) -> bool:
    """Whether a verdict is mixed because it turns round on some side."""
    return any(side.turns for side in verdict.sides)


def as_asked(verdict: Verdict) -> Outcome:
    """Return how a verdict came out as first asked, before it was called mixed for turning on some side."""
    first = verdict.sides[0] if verdict.sides else None
    return first.outcome if first is not None and first.words == AS_ASKED else verdict.outcome


def holds_everywhere(verdict: Verdict) -> bool:
    """Whether a verdict comes out the same on every other side that it was asked from."""
    return bool(verdict.sides) and all(side.outcome == verdict.outcome for side in verdict.sides)


def turned_words(verdict: Verdict) -> str:
    """Say from which sides a verdict turns round, before it is called mixed for that."""
    turned = _told([side for side in verdict.sides if side.turns])
    return f"It depends on how it is asked: {verdict.outcome} {AS_ASKED}, {turned}."


def sides_words(verdict: Verdict) -> str:
    """Say in a line how a verdict comes out on its other sides; empty if there are none."""
    sides = [side for side in verdict.sides if side.words != AS_ASKED]
    if not sides:
        return ""
    if has_turned(verdict):
        first = verdict.sides[0].outcome
        turned = [side for side in sides if side.turns]
        rest = [side for side in sides if not side.turns]
        also = [side for side in rest if side.outcome == first]
        still = [side for side in rest if side.outcome != first]
        parts = [f"Turns round: {_told(turned)}", _told([*also, *still])]
        return f"{'; '.join(part for part in parts if part)}."
    same = [side for side in sides if side.outcome == verdict.outcome]
    others = [side for side in sides if side.outcome != verdict.outcome]
    holds = "Holds" if verdict.outcome != "mixed" else "Mixed"
    if not others and len(sides) == 1:
        return f"{holds} from another side, too: {_said(sides)}."
    if not others:
        every = "both" if len(sides) == 2 else f"all {len(sides):,}"
        return f"{holds} from {every} sides: {_said(sides)}."
    if not same:
        return f"Asked in other ways: {_told(others)}."
    return f"{holds} from {len(same):,} of {counted(len(sides), 'side')}; {_told(others)}."


def held_words(verdicts: Sequence[Verdict], also: Sequence[str]) -> str:
    """Say how many verdicts hold from every side, `also` in these words, and how many turn round.

    Empty where none can be asked in other ways.
    """
    asked = [verdict for verdict in verdicts if verdict.sides]
    if not asked:
        return ""
    held, turned = sum(map(holds_everywhere, asked)), sum(map(has_turned, asked))
    rest = len(asked) - held - turned
    turn = f"{turned:,} {'turns' if turned == 1 else 'turn'} round" if turned else "none turns round"
    some = f", {rest:,} differ{'s' * (rest == 1)} on some side without turning round" if rest else ""
    come = "comes" if held == 1 else "come"
    return (
        f"Asked from every side, also {join(also)}: {held:,} of {counted(len(asked), 'verdict')} {come} out "
        f"the same, {turn}{some} (--details)."
    )


def turned_changes(verdicts: Sequence[Verdict]) -> list[str]:
    """Say from which sides each change does something else than as asked: ``C helps Model 1 at 300 epochs``.

    What it does to being solved at some time is left out: effects tell that, with their numbers.
    """
    told: list[str] = []
    for verdict in verdicts:
        if verdict.topic != "change" or not has_turned(verdict):
            continue
        network, change = verdict.about
        for outcome, does in _DOES.items():
            sides = [side for side in verdict.sides if side.turns and side.outcome == outcome]
            words = [side.words for side in sides if side.words != SOMETIME]
            if words:
                told.append(f"{change} {does} {network} {join(words)}")
    return told


_DOES: dict[Outcome, str] = {
    "upheld": "helps",
    "refuted": "doesn't help",
    "mixed": "can't be told apart from nothing for",
}


def _told(sides: Sequence[Side]) -> str:
    """Return ``upheld rounded; refuted within 0.05 and at 300 epochs``."""
    alike = {outcome: [side for side in sides if side.outcome == outcome] for outcome in OUTCOMES}
    return "; ".join(f"{outcome} {_said(some)}" for outcome, some in alike.items() if some)


def _said(sides: Sequence[Side]) -> str:
    return join([side.words for side in sides])
