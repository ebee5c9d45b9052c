"""A study as one self-contained HTML page: the answer and its picture first, the method last."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw.svg import Html
from trainlab.page.document import page
from trainlab.page.html import NOTHING
from trainlab.report.given import check_given
from trainlab.report.study.answer_part import answer_front
from trainlab.report.study.curve_part import gradient_part, loss_part, prediction_part
from trainlab.report.study.effect_part import effect_part, rate_part
from trainlab.report.study.method_part import code_part, method_part
from trainlab.report.study.run_part import run_part
from trainlab.report.study.score_part import score_part
from trainlab.report.study.verdict_part import names_in, verdict_part
from trainlab.report.study.why_failed_part import why_part
from trainlab.studies.answers.answer import seeds_or_runs
from trainlab.studies.result import StudyResult


def study_html(
    result: StudyResult, *, notice: Html = NOTHING, further: Sequence[tuple[str, str, Html]] = ()
) -> str:
    """Return the report of a study as one HTML file that needs no network, and reads whole without a script.

    It follows the reader's light or dark setting, reads at 390 px, and prints. Sections that the study has no
    cells for are left out. The same result gives the same text; times differ from call to call.

    Args:
        result: the study.
        notice: what to know before all else.
        further: id, heading and body of sections that stand after the others.
    """
    check_given(result, StudyResult, made_by="trainlab.study")
    title = result.study.title or "A study"
    size = f"{result.size} = {result.run_count:,} runs"
    told = verdict_part(result.verdicts, names=names_in(result), runs=seeds_or_runs(result))
    return page(
        title,
        answer_front(result),
        [
            ("verdicts", "Statements and verdicts", told),
            ("rates", "Every cell", rate_part(result)),
            ("effects", "What each change does", effect_part(result)),
            ("why", "Why runs failed", why_part(result)),
            ("scores", "Accuracy and loss at the end", score_part(result)),
            ("loss", "Loss over time", loss_part(result)),
            ("gradients", "Gradients by layer", gradient_part(result)),
            ("predictions", "Predictions", prediction_part(result)),
            ("runs", "A solved and an unsolved run", run_part(result)),
            ("method", "How it was run", method_part(result)),
            ("code", "The cells as PyTorch code", code_part(result)),
            *further,
        ],
        question=result.study.question,
        notice=notice,
        aside=" ".join([*(data["words"].replace("`", "") for data in result.data if data["words"]), size]),
    )
