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
from trainlab.diagnosis.report.verdict import confidence_words
from trainlab.draw.svg import escape
from trainlab.page.document import Front, fold, page, paragraph, picture, side_by_side, terms, terms_html
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
            show=picture(drawn(front)) if front else "",
            more=_tried_at_all(data) + _in_short(data),
        ),
        [
            ("findings", "What is wrong", _findings(data, shown)),
            ("notes", "Worth knowing", _notes(data)),
            ("card", "What was trained", _card(data, curve if curve != front else None)),
            ("looked", "What was looked at", _looked(data)),
        ],
        style=_STYLE,
    )


def _in_short(data: dict[str, Any]) -> str:
    """Return the findings in a line each, with their remedies; causes only."""
    names = {finding["fault"] for finding in data["findings"]}
    causes = [one for one in data["findings"] if one["consequence_of"] not in names]
    lines = "".join(
        f'<li><a href="#{escape(one["fault"])}">{escape(_sentence(one["title"]))}</a>: '
        f"{_inline(one['where'])}.<br><strong>Remedy.</strong> {_inline(one['remedy']['text'])}</li>"
        for one in causes
    )
    return f'<ol class="causes">{lines}</ol>\n' if lines else ""


def _card(data: dict[str, Any], curve: dict[str, Any] | None) -> str:
    card = terms([(label.capitalize(), words) for label, words in card_rows(data)])
    return side_by_side([card, picture(drawn(curve))]) if curve else card


def _findings(data: dict[str, Any], shown: dict[str, Any] | None) -> str:
    """Return the findings, symptoms inside of their causes; `shown` is the picture at the top of the page."""
    findings: list[dict[str, Any]] = data["findings"]
    names = {finding["fault"] for finding in findings}
    pictures: list[Any] = []
    tried_already: set[str] = set()

    def block(finding: dict[str, Any]) -> str:
        drawn_before = finding["picture"] in pictures
        same = pictures.index(finding["picture"]) + 1 if drawn_before else None
        if shown is not None and finding["picture"] == shown:
            same = 0
        pictures.append(finding["picture"])
        number = len(pictures)
        inner = [block(other) for other in findings if other["consequence_of"] == finding["fault"]]
        return _finding(finding, number, "".join(inner), same_as=same, tried_already=tried_already)

    return "".join(block(finding) for finding in findings if finding["consequence_of"] not in names)


def _finding(
    finding: dict[str, Any], number: int, inner: str, *, same_as: int | None, tried_already: set[str]
) -> str:
    name = finding["fault"]
    sure = f"{confidence_words(finding['confidence'])} ({finding['confidence']:.2f})"
    words = [
        ("Fault", f'<a href="#about-{escape(name)}"><code>{escape(name)}</code></a>'),
        ("Confidence", escape(sure)),
        ("Where", _inline(finding["where"])),
        ("Evidence", _evidence(finding["evidence"])),
    ]
    if finding["consequence_of"]:
        cause = f"<code>{escape(finding['consequence_of'])}</code>: {escape(finding['because'])}"
        words.insert(1, ("Explained by", cause))
    remedy = f"<p><strong>Remedy.</strong> {_inline(finding['remedy']['text'])}</p>"
    told = terms_html([(term, [said]) for term, said in words]) + remedy
    if finding["picture"] and same_as is None:
        told = side_by_side([told, picture(drawn(finding["picture"]))])
    elif finding["picture"]:
        # Twice on a page, its ids would be there twice.
        where = f"that of finding {same_as}" if same_as else "at the top of the page"
        told += paragraph(f"The picture is {where}.", kind="muted")
    blocks = [
        f'<h3 id="{escape(name)}-h">{number}. {escape(_sentence(finding["title"]))}</h3>',
        told,
        _code(finding["remedy"]["code"]),
        _tried(finding, tried_already),
        _about(name, anchor=f"about-{name}"),
        inner,
    ]
    opening = f'<article class="finding" id="{escape(name)}" aria-labelledby="{escape(name)}-h">'
    return f"{opening}{''.join(blocks)}</article>\n"


def _notes(data: dict[str, Any]) -> str:
    if not data["notes"]:
        return ""
    blocks = [
        f'<article class="note"><h3>{escape(_sentence(note["title"]))}</h3>'
        + terms_html([("Where", [_inline(note["where"])]), ("Seen", [_evidence(note["evidence"])])])
        + f"<p>If it is meant so, there is nothing to do; else: {_inline(note['remedy']['text'])}</p>"
        + _about(note["fault"])
        + "</article>\n"
        for note in data["notes"]
    ]
    return paragraph("These are no faults: the training does without a remedy for them.") + "".join(blocks)


def _looked(data: dict[str, Any]) -> str:
    words = [paragraph(looked_at_line(data)), paragraph(ending_line(data["ended"]))]
    words += [
        paragraph(f"The doctor itself stumbled, which did the training no harm: {trouble}", kind="muted")
        for trouble in data["troubles"]
    ]
    return "".join(words)


def _about(name: str, *, anchor: str = "") -> str:
    """Return what is known of a fault, folded; browsers open it for who follows a link to the `anchor`."""
    fault = all_faults()[name]
    pairs = [
        ("Rule", fault.rule),
        ("Source", fault.source),
        ("Silent if", fault.silence),
        ("Remedy", fault.remedy),
        ("In the terminal", f"`trainlab faults {name}`"),
    ]
    words = terms_html([(term, [_inline(text)]) for term, text in pairs])
    place = f' id="{escape(anchor)}"' if anchor else ""
    return fold(f"About {name}", f"<p{place}>{_inline(fault.what)}</p>{words}")


def _tried_at_all(data: dict[str, Any]) -> str:
    return paragraph(data["tried"]["words"]) if data["tried"] is not None else ""


def _tried(finding: dict[str, Any], drawn_already: set[str]) -> str:
    """Return what was tried; the picture of a remedy that two findings have comes once."""
    lines = tried_lines(finding)
    if not lines:
        return ""
    told = f"<p><strong>Tried.</strong></p>{_evidence(lines)}"
    pictures: list[str] = []
    for trial in finding["tried"]["remedies"]:
        shown = None if trial["remedy"] in drawn_already else trial_picture(trial)
        drawn_already.add(trial["remedy"])
        pictures += [picture(shown)] if shown is not None else []
    return told + side_by_side(pictures)


def _code(code: str) -> str:
    """Return the remedy's code; added and removed lines are told by their sign, and in colour."""
    if not code:
        return ""
    kinds = {"+": "added", "-": "removed"}
    lines = [
        f'<span class="{kinds[line[0]]}">{escape(line)}</span>' if line[:2] in ("+ ", "- ") else escape(line)
        for line in code.splitlines()
    ]
    return f'<pre tabindex="0" aria-label="Remedy as code"><code>{chr(10).join(lines)}</code></pre>\n'


def _evidence(evidence: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{_inline(text)}</li>' for text in evidence)}</ul>"


def _inline(text: str) -> str:
    """Return text with what stands between backticks as code."""
    return "".join(
        f"<code>{escape(part)}</code>" if place % 2 else escape(part)
        for place, part in enumerate(text.split("`"))
    )


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]
