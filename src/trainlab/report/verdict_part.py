"""The verdicts of a study: mark and word, statement, sentence, and what one run would have said."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import unbroken
from trainlab.draw.svg import escape
from trainlab.page.document import fold, paragraph
from trainlab.report.words import MARKS, single_run
from trainlab.studies.result import StudyResult
from trainlab.studies.side_words import sides_words
from trainlab.studies.verdicts import Verdict

MANY = 6
"""More verdicts on single changes than this are folded away."""
_MASK = "\0"
LONG = 160
"""What follows a verdict's first sentence is folded if it has more letters."""


def verdict_part(verdicts: Sequence[Verdict], *, names: Sequence[str] = (), runs: str = "seeds") -> str:
    """Return all verdicts, those on single changes folded if they are many.

    `names` as in `first_sentence`, `runs` as in `single_run`.
    """
    changes = [verdict for verdict in verdicts if verdict.topic == "change"]
    if len(changes) <= MANY:
        return _list(verdicts, names, runs)
    counts = ", ".join(
        f"{n} {outcome}" for outcome in MARKS if (n := sum(item.outcome == outcome for item in changes))
    )
    first = _list([verdict for verdict in verdicts if verdict.topic != "change"], names, runs)
    return first + fold(
        f"Does each change help? {len(changes)} verdicts: {counts}", _list(changes, names, runs), printed=True
    )


def _list(verdicts: Sequence[Verdict], names: Sequence[str], runs: str) -> str:
    items = "".join(_item(verdict, names, runs) for verdict in verdicts)
    return f'<ul class="verdicts">{items}</ul>\n' if verdicts else ""


def _item(verdict: Verdict, names: Sequence[str], runs: str) -> str:
    """Return mark and word, the claim where it doesn't hold, and what was found; the long rest is folded."""
    alone, sides = single_run(verdict, runs), sides_words(verdict)
    found, rest = first_sentence(verdict.sentence, names)
    claim = f'<span class="muted">{escape(verdict.claim)}</span></p><p>' if verdict.claim else ""
    return (
        f'<li class="{verdict.outcome}"><p><span class="mark">{MARKS[verdict.outcome]} '
        f"{verdict.outcome.capitalize()}:</span> {claim}{escape(unbroken(found))}</p>"
        + "".join(f'<p class="muted">{escape(unbroken(words))}</p>' for words in (alone, sides) if words)
        + (fold("More numbers", paragraph(unbroken(rest)), printed=True) if len(rest) > LONG else "")
        + (paragraph(unbroken(rest)) if 0 < len(rest) <= LONG else "")
        + "</li>\n"
    )


def first_sentence(words: str, names: Sequence[str] = ()) -> tuple[str, str]:
    """Return the first sentence and the rest; a full stop in a number or in one of these names ends none.

    Names are what users call things: networks, changes, classes, columns.
    """
    masked = words
    for name in sorted(set(names), key=len, reverse=True):
        masked = masked.replace(name, name.replace(". ", _MASK))
        if name.endswith("."):
            masked = masked.replace(f"{name} ", f"{name[:-1]}{_MASK}")
    first, end, _ = masked.partition(". ")
    length = len(first.replace(_MASK, ". ")) + 1
    return (words[:length], words[length + 1 :]) if end else (words, "")


def names_in(result: StudyResult) -> list[str]:
    """Return the names that a study's sentences may have in them, if they hold a full stop."""
    study, data = result.study, [item.runs.experiment.data() for item in result.cells]
    changes = [words for change in study.changes for words in (change.name, change.label)]
    columns = [words for each in data for words in (*each.class_names, *each.target_names)]
    return [name for name in {*study.network_names, *changes, *columns} if "." in name]
