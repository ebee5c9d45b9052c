"""A diagnosis as one self-contained HTML page: verdict and picture, findings under their causes, notes."""

from __future__ import annotations

from typing import Any

from trainlab.diagnosis import Report
from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.report.card_rows import (
    card_rows,
    ending_line,
    is_loss_curve,
    looked_at_line,
    tried_lines,
)
from trainlab.diagnosis.report.verdict import blame_words, confidence_words
from trainlab.draw.svg import Html, escape
from trainlab.page.document import Front, fold, page, paragraph, picture, side_by_side, terms, terms_html
from trainlab.page.html import BREAK, LINE, NOTHING, SPACE, join_html, joined, tag
from trainlab.report.diagnosis_pictures import drawn, trial_picture

_STYLE = """\
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
    data = report.to_dict() if isinstance(report, Report) else report
    findings = data["findings"]
    shown = findings[0]["picture"] if findings else None
    curve = data.get("picture")
    front = shown or curve
    if is_loss_curve(shown, curve):
        front = curve
    return page(
        title,
        Front(
            say=paragraph(data["verdict"], kind="question"),
            show=picture(drawn(front)) if front else NOTHING,
            more=joined(_tried_at_all(data), _in_short(data)),
        ),
        [
            ("findings", "What is wrong", _findings(data, shown)),
            ("notes", "Worth knowing", _notes(data)),
            ("card", "What was trained", _card(data, curve if curve != front else None)),
            ("looked", "What was looked at", _looked(data)),
        ],
        style=_STYLE,
    )


def _in_short(data: dict[str, Any]) -> Html:
    """Return the findings in a line each, with their remedies; causes only."""
    names = {finding["fault"] for finding in data["findings"]}
    causes = [one for one in data["findings"] if one["consequence_of"] not in names]
    lines = [
        tag(
            "li",
            tag("a", escape(_sentence(one["title"])), href=f"#{one['fault']}"),
            escape(": "),
            _inline(one["where"]),
            escape("."),
            BREAK,
            _remedy(one),
        )
        for one in causes
    ]
    return joined(tag("ol", *lines, class_="causes"), LINE) if lines else NOTHING


def _remedy(finding: dict[str, Any]) -> Html:
    return joined(tag("strong", escape("Remedy.")), SPACE, _inline(finding["remedy"]["text"]))


def _card(data: dict[str, Any], curve: dict[str, Any] | None) -> Html:
    card = terms([(label.capitalize(), words) for label, words in card_rows(data)])
    return side_by_side([card, picture(drawn(curve))]) if curve else card


def _findings(data: dict[str, Any], shown: dict[str, Any] | None) -> Html:
    """Return the findings, symptoms inside of their causes; `shown` is the picture at the top of the page."""
    findings: list[dict[str, Any]] = data["findings"]
    names = {finding["fault"] for finding in findings}
    pictures: list[Any] = []
    tried_already: set[str] = set()

    def block(finding: dict[str, Any]) -> Html:
        drawn_before = finding["picture"] in pictures
        same = pictures.index(finding["picture"]) + 1 if drawn_before else None
        if shown is not None and finding["picture"] == shown:
            same = 0
        pictures.append(finding["picture"])
        number = len(pictures)
        inner = [block(other) for other in findings if other["consequence_of"] == finding["fault"]]
        blame = blame_words(finding, data["card"]["outcome"])
        return _finding(
            finding, number, joined(*inner), same_as=same, tried_already=tried_already, blame=blame
        )

    return joined(*(block(finding) for finding in findings if finding["consequence_of"] not in names))


def _finding(
    finding: dict[str, Any],
    number: int,
    inner: Html,
    *,
    same_as: int | None,
    tried_already: set[str],
    blame: str,
) -> Html:
    name = finding["fault"]
    sure = f"{confidence_words(finding['confidence'])} ({finding['confidence']:.2f})"
    words = [
        ("Fault", tag("a", tag("code", escape(name)), href=f"#about-{name}")),
        ("Is there", escape(f"{sure}; {blame}" if blame else sure)),
        ("Where", _inline(finding["where"])),
        ("Evidence", _evidence(finding["evidence"])),
    ]
    if finding["consequence_of"]:
        cause = joined(tag("code", escape(finding["consequence_of"])), escape(f": {finding['because']}"))
        words.insert(1, ("Explained by", cause))
    told = joined(terms_html([(term, [said]) for term, said in words]), tag("p", _remedy(finding)))
    if finding["picture"] and same_as is None:
        told = side_by_side([told, picture(drawn(finding["picture"]))])
    elif finding["picture"]:
        # Twice on a page, its ids would be there twice.
        where = f"that of finding {same_as}" if same_as else "at the top of the page"
        told = joined(told, paragraph(f"The picture is {where}.", kind="muted"))
    title = f"{number}. {_sentence(finding['title'])}"
    article = tag(
        "article",
        tag("h3", escape(title), id=f"{name}-h"),
        told,
        _code(finding["remedy"]["code"]),
        _tried(finding, tried_already),
        _about(name, anchor=f"about-{name}"),
        inner,
        class_="finding",
        id=name,
        aria_labelledby=f"{name}-h",
    )
    return joined(article, LINE)


def _notes(data: dict[str, Any]) -> Html:
    if not data["notes"]:
        return NOTHING
    intro = paragraph("These are no faults: the training does without a remedy for them.")
    return joined(intro, *map(_note, data["notes"]))


def _note(note: dict[str, Any]) -> Html:
    seen = [("Where", [_inline(note["where"])]), ("Seen", [_evidence(note["evidence"])])]
    otherwise = escape("If it is meant so, there is nothing to do; else: ")
    article = tag(
        "article",
        tag("h3", escape(_sentence(note["title"]))),
        terms_html(seen),
        tag("p", otherwise, _inline(note["remedy"]["text"])),
        _about(note["fault"]),
        class_="note",
    )
    return joined(article, LINE)


def _looked(data: dict[str, Any]) -> Html:
    words = [paragraph(looked_at_line(data)), paragraph(ending_line(data["ended"]))]
    words += [
        paragraph(f"The doctor itself stumbled, which did the training no harm: {trouble}", kind="muted")
        for trouble in data["troubles"]
    ]
    return joined(*words)


def _about(name: str, *, anchor: str = "") -> Html:
    """Return what is known about a fault, folded; a link to `anchor` opens it."""
    fault = all_faults()[name]
    pairs = [
        ("Rule", fault.rule),
        ("Source", fault.source),
        ("Silent if", fault.silence),
        *([("Proven if", fault.proof)] if fault.proven else []),
        ("Remedy", fault.remedy),
        ("In the terminal", f"`trainlab faults {name}`"),
    ]
    words = terms_html([(term, [_inline(text)]) for term, text in pairs])
    return fold(f"About {name}", joined(tag("p", _inline(fault.what), id=anchor), words))


def _tried_at_all(data: dict[str, Any]) -> Html:
    return paragraph(data["tried"]["words"]) if data["tried"] is not None else NOTHING


def _tried(finding: dict[str, Any], drawn_already: set[str]) -> Html:
    """Return what was tried; a remedy that two findings share is drawn once."""
    lines = tried_lines(finding)
    if not lines:
        return NOTHING
    pictures: list[Html] = []
    for trial in finding["tried"]["remedies"]:
        shown = None if trial["remedy"] in drawn_already else trial_picture(trial)
        drawn_already.add(trial["remedy"])
        pictures += [picture(shown)] if shown is not None else []
    return joined(tag("p", tag("strong", escape("Tried."))), _evidence(lines), side_by_side(pictures))


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


def _evidence(evidence: list[str]) -> Html:
    return tag("ul", *(tag("li", _inline(text)) for text in evidence))


def _inline(text: str) -> Html:
    """Return text with what stands between backticks as code."""
    parts = text.split("`")
    return joined(
        *(tag("code", escape(part)) if place % 2 else escape(part) for place, part in enumerate(parts))
    )


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]
