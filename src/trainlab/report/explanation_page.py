"""An explanation as one self-contained HTML page: the answer, then its sections."""

from __future__ import annotations

from trainlab.draw.svg import escape
from trainlab.explain import Explanation
from trainlab.explain.explanation import section_html
from trainlab.report.parts import document, paragraph, section
from trainlab.report.words import unbroken


def explanation_html(result: Explanation) -> str:
    """Return an explanation as one HTML file that needs no network and no script."""
    links = "".join(f'<li><a href="#{part.name}">{escape(part.heading)}</a></li>' for part in result.sections)
    return document(
        result.title,
        "\n".join(
            [
                f"<header>\n<h1>{escape(result.title)}</h1></header>",
                section("answer", "Answer", paragraph(unbroken(result.verdict), kind="question")),
                f'<nav aria-label="Contents"><ul>{links}</ul></nav>',
                *(section(part.name, part.heading, section_html(part)) for part in result.sections),
            ]
        ),
    )
