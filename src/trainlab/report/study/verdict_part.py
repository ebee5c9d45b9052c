"""The verdicts of a study: mark and word, statement, sentence, and what one run would have said."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import unbroken
from trainlab.draw.svg import Html, escape
from trainlab.page.document import fold, paragraph
from trainlab.page.html import LINE, NOTHING, SPACE, joined, tag
from trainlab.report.first_sentence import first_sentence
from trainlab.report.words import MARKS, single_run
from trainlab.stats import Verdict
from trainlab.studies.result import StudyResult
from trainlab.studies.verdicts.robustness_words import sides_words

MANY = 6
"""More verdicts on single changes than this are folded away."""
LONG = 160
"""What follows a verdict's first sentence is folded if it has more letters."""


def verdict_part(verdicts: Sequence[Verdict], *, names: Sequence[str] = (), runs: str = "seeds") -> Html:
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
    every = _list(changes, names, runs)
    return joined(
        first, fold(f"Does each change help? {len(changes)} verdicts: {counts}", every, printed=True)
    )


def _list(verdicts: Sequence[Verdict], names: Sequence[str], runs: str) -> Html:
    items = [_item(verdict, names, runs) for verdict in verdicts]
    return joined(tag("ul", *items, class_="verdicts"), LINE) if items else NOTHING


def _item(verdict: Verdict, names: Sequence[str], runs: str) -> Html:
    """Return mark and word, the claim where it doesn't hold, and what was found; the long rest is folded."""
    beside = [words for words in (single_run(verdict, runs), sides_words(verdict)) if words]
    found, rest = first_sentence(verdict.sentence, names)
    mark = tag("span", escape(f"{MARKS[verdict.outcome]} {verdict.outcome.capitalize()}:"), class_="mark")
    sentence = escape(unbroken(found))
    if verdict.claim:
        claim = tag("span", escape(verdict.claim), class_="muted")
        first = joined(tag("p", mark, SPACE, claim), tag("p", sentence))
    else:
        first = tag("p", mark, SPACE, sentence)
    more = paragraph(unbroken(rest)) if rest else NOTHING
    if len(rest) > LONG:
        more = fold("More numbers", more, printed=True)
    aside = [tag("p", escape(unbroken(words)), class_="muted") for words in beside]
    return joined(tag("li", first, *aside, more, class_=verdict.outcome), LINE)


def names_in(result: StudyResult) -> list[str]:
    """Return the names with a full stop in them that a study's sentences may contain."""
    study, data = result.study, [item.runs.experiment.data() for item in result.cells]
    changes = [words for change in study.changes for words in (change.name, change.label)]
    columns = [words for each in data for words in (*each.class_names, *each.target_names)]
    return [name for name in {*study.network_names, *changes, *columns} if "." in name]
