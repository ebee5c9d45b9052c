"""The verdicts of a study: mark and word, statement, sentence, and what one run would have said."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw.svg import escape
from trainlab.report.parts import fold
from trainlab.report.words import MARKS, single_run, unbroken
from trainlab.studies.verdicts import Verdict

MANY = 6
"""More verdicts on single changes than this are folded away."""


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
    alone = single_run(verdict)
    claim = f' <span class="muted">{escape(verdict.claim)}</span>' if verdict.claim else ""
    return (
        f'<li class="{verdict.outcome}"><p><span class="mark">{MARKS[verdict.outcome]} '
        f"{verdict.outcome.capitalize()}:</span>{claim}</p>"
        f"<p>{escape(unbroken(verdict.sentence))}</p>"
        + (f'<p class="muted">{escape(unbroken(alone))}</p>' if alone else "")
        + "</li>\n"
    )
