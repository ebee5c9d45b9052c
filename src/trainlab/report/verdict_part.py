"""The verdicts of a study: mark and word, statement, sentence, and what one run would have said."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw.svg import escape
from trainlab.report.parts import fold, paragraph
from trainlab.report.words import MARKS, single_run, unbroken
from trainlab.studies.verdicts import Verdict

MANY = 6
"""More verdicts on single changes than this are folded away."""
LONG = 160
"""What follows a verdict's first sentence is folded if it has more letters."""


def verdict_part(verdicts: Sequence[Verdict]) -> str:
    """Return all verdicts, those on single changes folded if they are many."""
    changes = [verdict for verdict in verdicts if verdict.topic == "change"]
    if len(changes) <= MANY:
        return _list(verdicts)
    counts = ", ".join(
        f"{n} {outcome}" for outcome in MARKS if (n := sum(item.outcome == outcome for item in changes))
    )
    first = _list([verdict for verdict in verdicts if verdict.topic != "change"])
    return first + fold(
        f"Does each change help? {len(changes)} verdicts: {counts}", _list(changes), printed=True
    )


def _list(verdicts: Sequence[Verdict]) -> str:
    return f'<ul class="verdicts">{"".join(map(_item, verdicts))}</ul>\n' if verdicts else ""


def _item(verdict: Verdict) -> str:
    """Return mark and word, the claim where it doesn't hold, and what was found; the long rest is folded."""
    alone = single_run(verdict)
    found, rest = first_sentence(verdict.sentence)
    claim = f'<span class="muted">{escape(verdict.claim)}</span></p><p>' if verdict.claim else ""
    return (
        f'<li class="{verdict.outcome}"><p><span class="mark">{MARKS[verdict.outcome]} '
        f"{verdict.outcome.capitalize()}:</span> {claim}{escape(unbroken(found))}</p>"
        + (f'<p class="muted">{escape(unbroken(alone))}</p>' if alone else "")
        + (fold("More numbers", paragraph(unbroken(rest)), printed=True) if len(rest) > LONG else "")
        + (paragraph(unbroken(rest)) if 0 < len(rest) <= LONG else "")
        + "</li>\n"
    )


def first_sentence(words: str) -> tuple[str, str]:
    """Return the first sentence and the rest; a full stop within a number ends none."""
    first, end, rest = words.partition(". ")
    return (f"{first}.", rest) if end else (words, "")
