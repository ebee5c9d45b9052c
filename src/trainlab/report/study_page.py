"""A study as one self-contained HTML page: verdicts first, then the pictures, the method last."""

from __future__ import annotations

from trainlab.draw import counted
from trainlab.draw.svg import escape
from trainlab.report.curve_part import gradient_part, loss_part, prediction_part
from trainlab.report.effect_part import effect_part, rate_part
from trainlab.report.method_part import code_part, method_part
from trainlab.report.parts import document, paragraph, section
from trainlab.report.run_part import run_part
from trainlab.report.score_part import score_part
from trainlab.report.verdict_part import verdict_part
from trainlab.report.why_part import why_part
from trainlab.studies.result import StudyResult


def study_html(result: StudyResult) -> str:
    """Return the report of a study as one HTML file that needs no network and no script.

    It follows the reader's light or dark setting, reads at 390 px, and prints. Sections that the study has no
    cells for are left out. The same result gives the same text; times differ from call to call.
    """
    title = result.study.title or "A study"
    parts = [
        ("rates", "How often each cell is solved", rate_part(result)),
        ("effects", "What each change does", effect_part(result)),
        ("why", "Why runs failed", why_part(result)),
        ("scores", "Accuracy and loss at the end", score_part(result)),
        ("loss", "Loss over time", loss_part(result)),
        ("gradients", "Gradients by layer", gradient_part(result)),
        ("predictions", "Predictions", prediction_part(result)),
        ("runs", "A solved and an unsolved run", run_part(result)),
        ("method", "How it was run", method_part(result)),
        ("code", "The cells as PyTorch code", code_part(result)),
    ]
    links = "".join(f'<li><a href="#{name}">{escape(words)}</a></li>' for name, words, body in parts if body)
    return document(
        title,
        "\n".join(
            [
                f"<header>\n<h1>{escape(title)}</h1>",
                paragraph(result.study.question, kind="question") if result.study.question else "",
                *(paragraph(data["words"].replace("`", "")) for data in result.data if data["words"]),
                paragraph(
                    f"{counted(len(result.cells), 'cell')} × {counted(result.how.seeds, 'seed')}",
                    kind="muted",
                )
                + "</header>",
                section(
                    "verdicts",
                    "Verdicts",
                    verdict_part(result.verdicts)
                    + "".join(paragraph(f"Note: {note}") for note in result.notes),
                ),
                f'<nav aria-label="Contents"><ul>{links}</ul></nav>',
                *(section(name, words, body) for name, words, body in parts),
            ]
        ),
    )
