"""Pages of what is said in sections: explanations, diagnoses, and populations of seeds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from trainlab.diagnosis import Report
from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.report.sections import FindingSection, ReportSections, is_loss_curve, report_sections
from trainlab.diagnosis.seeds.population_words import seeds_sections
from trainlab.draw import unbroken
from trainlab.draw.svg import Html, escape
from trainlab.explain import Explanation
from trainlab.page.document import (
    BREAK,
    LINE,
    NOTHING,
    SPACE,
    Front,
    fold,
    join_html,
    joined,
    page,
    paragraph,
    picture,
    side_by_side,
    tag,
    terms_html,
)
from trainlab.page.section import Fact, Section, fact_terms, inline_html, list_html, said_html, section_html
from trainlab.page.sketch import Sketch
from trainlab.report.common import check_given, check_title, first_sentence, read_back

if TYPE_CHECKING:
    from trainlab.diagnosis.seeds.population import SeedsResult


# An explanation as one self-contained HTML page: the answer and its picture, then its sections.


_TELLING: Final = {
    "neuron": ("plane", "apart"),
    "learning-rate": ("effects",),
    "init": ("learning", "sizes", "signals", "network"),
    "loss": ("population", "shapes"),
    "chain-rule": ("paths", "layers"),
}
"""Of each question the sections whose first picture shows the answer, the best first."""


def explanation_html(result: Explanation) -> str:
    """Return an explanation as one HTML file that needs no network, and reads whole without a script."""
    check_given(result, Explanation, made_by="trainlab.explain")
    first, rest = first_sentence(result.verdict)
    # A page of some parts has no answer that a picture could stand beside.
    chosen = _chosen(result) if result.verdict else None
    sections = [_without_first(part) if part is chosen else part for part in result.sections]
    top = tag("a", escape("top of the page"), href="#answer")
    moved = tag("p", escape("The picture at the "), top, escape(" belongs here."), class_="muted")
    return page(
        result.title,
        Front(
            say=paragraph(unbroken(first), kind="question"),
            show=picture(chosen and chosen.pictures[0]),
            more=paragraph(unbroken(rest)),
        ),
        [
            (part.name, part.heading, joined(section_html(part), moved if before is chosen else NOTHING))
            for part, before in zip(sections, result.sections, strict=True)
        ],
        question=f"Shown on {result.subject}" if result.subject else "",
    )


def _chosen(result: Explanation) -> Section | None:
    """Return the section whose first picture is the answer's: the one that tells most, else any."""
    drawn = {part.name: part for part in result.sections if part.pictures}
    wanted = (drawn[name] for name in _TELLING.get(result.question, ()) if name in drawn)
    return next(wanted, next(iter(drawn.values()), None))


def _without_first(part: Section) -> Section:
    return replace(part, pictures=part.pictures[1:])


# A diagnosis as one self-contained HTML page: verdict and picture, findings under their causes, notes.
#
# It has all that the report says; the terminal has less and in another order (`diagnosis.report.show`).
# Here the picture of the first finding stands beside the verdict, and consequences inside of their causes.


STYLE = """\
.finding{border-left:4px solid var(--tl-bad);padding-left:.9rem;margin:0 0 2.5rem}
.finding .finding{border-left-style:dashed;margin:1.5rem 0 0}
.finding h3{margin:0 0 .25rem;font-size:1.15rem}
.note{border-left:4px dotted var(--tl-neutral);padding-left:.9rem;margin:0 0 1.5rem}
.note h3{margin:0 0 .25rem}
.finding ul,.note ul{margin:.25rem 0;padding-left:1.2rem}
.finding dd ul{padding-left:1.1rem;margin:0}
.finding pre code{font-size:1em}
.finding .pair>*{margin-bottom:.25rem}
.finding figure{margin-bottom:.5rem}
.causes{padding-left:1.3rem}
.causes li{margin-bottom:.5rem}
@media(max-width:480px){.finding,.note{padding-left:.5rem;border-left-width:3px}
.finding .finding{padding-left:.3rem}}
.added{color:var(--tl-good);font-weight:600}
.removed{color:var(--tl-bad)}
"""


def diagnosis_html(report: Report | dict[str, Any], *, title: str = "Diagnosis") -> str:
    """Return a diagnosis as one HTML file that needs no network, and reads whole without a script.

    Args:
        report: `watch(…).report`, or what ``trainlab doctor --json`` has written.
        title: the page's heading.
    """
    check_title(title)
    if not isinstance(report, dict):
        check_given(report, Report, made_by="trainlab.doctor")
    with read_back(report, written_by="trainlab doctor --json"):
        shown = DiagnosisParts(report_sections(report))
        return page(title, shown.front(), shown.parts(), style=STYLE)


@dataclass(frozen=True, slots=True)
class DiagnosisParts:
    """The front and the parts of a page about a `report`, which are styled by `STYLE`.

    All ids begin with `prefix`: where each has its own, several reports can stand on a page. `top` says
    where on the page the front is.
    """

    report: ReportSections
    prefix: str = ""
    top: str = "at the top of the page"

    def front(self) -> Front:
        """Return the verdict, its picture, and the causes in a line each."""
        shown = self._shown()
        return Front(
            say=paragraph(self.report.verdict, kind="question"),
            show=picture(shown and shown.drawn()),
            more=joined(self._trainings(), paragraph(self.report.tried), self._in_short()),
        )

    def parts(self) -> list[tuple[str, str, Html]]:
        """Return id, heading and body of each section; of one that has nothing to say the body is empty."""
        card, curve, looked = self.report.card, self.report.curve, self.report.looked
        recipe = self.report.recipe
        if curve and curve != self._shown():
            card = replace(card, sketches=(curve,))
        parts = [
            ("findings", "What is wrong", joined(*map(self._finding, self.report.findings))),
            ("notes", "Worth knowing", self._notes()),
            *((each.name, each.heading, section_html(each)) for each in (card, recipe, looked)),
        ]
        return [(f"{self.prefix}{name}", heading, body) for name, heading, body in parts]

    def _shown(self) -> Sketch | None:
        """Return the picture of the front: the first finding's, or else the loss curve."""
        first = self.report.findings[0].sketches if self.report.findings else ()
        curve = self.report.curve
        return first[0] if first and not is_loss_curve(first, curve) else curve

    def _trainings(self) -> Html:
        return list_html(self.report.trainings) if self.report.trainings else NOTHING

    def _in_short(self) -> Html:
        """Return the causes in a line each, with their remedies."""
        lines = [
            tag(
                "li",
                tag("a", escape(_headed(cause)), href=f"#{self.prefix}{cause.anchor}"),
                joined(escape(": "), *map(said_html, cause.brief), escape("."), BREAK, _remedy(cause)),
            )
            for cause in self.report.findings
        ]
        return joined(tag("ol", *lines, class_="causes"), LINE) if lines else NOTHING

    def _finding(self, finding: FindingSection) -> Html:
        """Return a finding, with its consequences inside."""
        name, about = f"{self.prefix}{finding.anchor}", f"{self.prefix}about-{finding.anchor}"
        terms = [("Fault", [tag("a", tag("code", escape(finding.name)), href=f"#{about}")])]
        if finding.consequence_of:
            cause = tag("code", escape(finding.consequence_of))
            terms.append(("Explained by", [joined(cause, escape(f": {finding.because}"))]))
        told = joined(terms_html([*terms, *fact_terms(finding.facts)]), tag("p", _remedy(finding)))
        drawn = [picture(sketch.drawn()) for sketch in finding.sketches]
        if drawn and (finding.number == 1 or finding.same_as):
            # Twice on a page, its ids would be there twice.
            where = f"that of finding {finding.same_as}" if finding.same_as > 1 else self.top
            told, drawn = joined(told, paragraph(f"The picture is {where}.", kind="muted")), []
        article = tag(
            "article",
            tag("h3", escape(f"{finding.number}. {_headed(finding)}"), id=f"{name}-h"),
            side_by_side([told, *drawn]) if drawn else told,
            _code(finding.code),
            paragraph(finding.edited),
            _tried(finding),
            _about(finding.name, anchor=about),
            *map(self._finding, finding.consequences),
            class_="finding",
            id=name,
            aria_labelledby=f"{name}-h",
        )
        return joined(article, LINE)

    def _notes(self) -> Html:
        if not self.report.notes:
            return NOTHING
        return joined(paragraph(self.report.on_notes), *map(_note, self.report.notes))


def _remedy(finding: FindingSection) -> Html:
    return joined(tag("strong", escape("Remedy.")), SPACE, inline_html(finding.remedy))


def _note(note: FindingSection) -> Html:
    otherwise = escape("If it is meant so, there is nothing to do; else: ")
    article = tag(
        "article",
        tag("h3", escape(_headed(note))),
        terms_html(fact_terms(note.facts)),
        tag("p", otherwise, inline_html(note.remedy)),
        _about(note.name),
        class_="note",
    )
    return joined(article, LINE)


def _about(name: str, *, anchor: str = "") -> Html:
    """Return what is known about a fault, folded; a link to `anchor` opens it."""
    fault = all_faults()[name]
    facts = (
        Fact("rule", fault.rule),
        Fact("source", fault.source),
        Fact("silent if", fault.silence),
        *([Fact("proven if", fault.proof)] if fault.proven else []),
        Fact("remedy", fault.remedy),
        Fact("in the terminal", f"`trainlab faults {name}`"),
    )
    what = tag("p", inline_html(fault.what), id=anchor)
    return fold(f"About {name}", joined(what, terms_html(fact_terms(facts))))


def _tried(finding: FindingSection) -> Html:
    if not finding.tried:
        return NOTHING
    pictures = side_by_side([picture(trial.drawn()) for trial in finding.trials])
    return joined(tag("p", tag("strong", escape("Tried."))), list_html(finding.tried), pictures)


def _code(code: str) -> Html:
    """Return the remedy's code; added and removed lines are told by their sign, and in colour."""
    if not code:
        return NOTHING
    kinds = {"+ ": "added", "- ": "removed"}
    lines = [
        tag("span", escape(line), class_=kinds[line[:2]]) if line[:2] in kinds else escape(line)
        for line in code.splitlines()
    ]
    written = tag("code", join_html(lines, LINE))
    return joined(tag("pre", written, tabindex="0", aria_label="Remedy as code"), LINE)


def _headed(finding: FindingSection) -> str:
    of = f" ({finding.training})" if finding.training else ""
    return f"{_sentence(finding.heading)}{of}"


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]


# A population of seeds as one self-contained HTML page.


def seeds_html(found: SeedsResult | dict[str, Any], *, title: str = "Seeds") -> str:
    """Return a population of seeds as one HTML file that needs no network, and reads whole without a script.

    Args:
        found: what `trainlab.seeds` returned, or what ``trainlab seeds --json`` has written.
        title: the page's heading.
    """
    from trainlab.diagnosis.seeds.population import SeedsResult

    check_title(title)
    if not isinstance(found, dict):
        check_given(found, SeedsResult, made_by="trainlab.seeds")
    with read_back(found, written_by="trainlab seeds --json"):
        return _page(found if isinstance(found, dict) else found.to_dict(), title)


def _page(found: dict[str, Any], title: str) -> str:
    answer, failures, notes, runs = seeds_sections(found)
    first, rest = first_sentence(*answer.text)
    shown = (*answer.sketches, *failures.sketches)[:1]
    below = replace(failures, text=(), sketches=failures.sketches if answer.sketches else ())
    (table,) = runs.tables
    return page(
        title,
        Front(
            say=paragraph(unbroken(first), kind="question"),
            show=joined(*(picture(sketch.drawn()) for sketch in shown)),
            more=joined(
                paragraph(unbroken(rest)),
                section_html(replace(answer, text=(), sketches=())),
            ),
        ),
        [
            *((part.name, part.heading, section_html(part)) for part in (below, notes)),
            (runs.name, runs.heading, fold(f"{len(table.rows):,} runs", section_html(runs))),
        ],
        question=answer.heading,
    )
