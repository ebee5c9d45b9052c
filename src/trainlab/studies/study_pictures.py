"""How a study shows itself: its answer in a notebook, and the pictures of its rates and effects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trainlab.draw import Emphasis, Interval, Picture, html_table, intervals, rate_grid
from trainlab.draw.svg import Html, escape
from trainlab.page.html import NOTHING, SPACE, joined, tag
from trainlab.page.notebook import drawing, notebook, text_list
from trainlab.stats import Reading
from trainlab.studies.answers.answer import answer_of, seeds_or_runs
from trainlab.studies.cells import any_solved

if TYPE_CHECKING:
    from trainlab.studies.result import StudyResult

_EMPHASIS: dict[Reading, Emphasis] = {
    "helps": "helps",
    "hurts": "hurts",
    "shown to be small": "small",
    "no difference seen": "none",
}


def rate_picture(result: StudyResult) -> Picture:
    """Return the grid of success rates: rows are combinations of changes, columns networks."""
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    combinations = list(dict.fromkeys(item.cell.changes for item in result.cells))
    table = {(item.cell.changes, item.cell.network): item.solved for item in result.cells}
    return rate_grid(
        ["+".join(changes) or "none" for changes in combinations],
        networks,
        [[table.get((changes, network)) for network in networks] for changes in combinations],
        title=f"Share of {seeds_or_runs(result)} solved, by changes made and network",
    )


def effect_picture(result: StudyResult, *, kind: str) -> Picture | None:
    """Return the effects of each change, `kind` ``"main"`` or ``"alone"``, grouped by network.

    Both kinds have the same scale, so that they can stand side by side.
    """
    rows = _effect_rows(result, kind=kind)
    if not rows:
        return None
    words = "averaged over all other changes" if kind == "main" else "made alone, against the baseline"
    return intervals(
        rows,
        x_label=_effect_label(result),
        title=f"Effect of each change, {words}",
        beside=_effect_rows(result, kind="alone" if kind == "main" else "main"),
    )


def _effect_label(result: StudyResult) -> str:
    measure = result.measure
    if measure is None or not result.score_effects:
        return "difference in success rate, points"
    if measure.kind == "accuracy":
        return f"difference in {measure.name}, points"
    return f"change of the {measure.name}, %"


def _effect_rows(result: StudyResult, *, kind: str) -> list[Interval]:
    """Return the effects on the measure where the data have one, else on the success rate."""
    rows: list[Interval] = []
    measure = result.measure
    for effect in result.score_effects or result.effects:
        value = effect.main if kind == "main" else effect.alone
        if value is not None:
            low, middle, high = value.value.low, value.value.estimate, value.value.high
            if measure is not None and result.score_effects and measure.kind == "loss":
                # Minus a logarithm of a ratio of losses: more is less loss.
                low, middle, high = math.expm1(-high), math.expm1(-middle), math.expm1(-low)
            rows.append(
                Interval(
                    label=effect.change,
                    estimate=100 * middle,
                    low=100 * low,
                    high=100 * high,
                    group=effect.network,
                    emphasis=_EMPHASIS[value.reading],
                )
            )
    return rows


def study_notebook(result: StudyResult) -> Html:
    """Return the answer, its table, what helps and what hurts for a notebook; the rest folded."""
    found = answer_of(result)
    words = [(word, told) for word, told in (*found.effects, *found.asked)]
    lines = [tag("li", tag("strong", escape(word)), SPACE, escape(told)) for word, told in words]
    head = tag("p", escape(f"{found.effects_title}:")) if found.effects else NOTHING
    verdicts = [
        tag(
            "li",
            escape(f"{verdict.claim} "),
            tag("strong", escape(f"{verdict.outcome}.")),
            escape(f" {verdict.sentence}"),
        )
        for verdict in result.verdicts
    ]
    rates = _rates(result) if result.measure is None or any_solved(result.cells) else NOTHING
    summary = tag("summary", escape("All verdicts and cells"))
    return notebook(
        result.study.title or "A study",
        tag("p", tag("strong", escape(found.sentence))),
        text_list(f"{item.name}: {item.label}" for item in result.study.changes if item.label),
        found.table.html(caption=found.title),
        tag("p", escape(" ".join(found.remarks))),
        joined(head, tag("ul", *lines)) if lines else NOTHING,
        tag("details", summary, tag("ul", *verdicts), rates),
    )


def _rates(result: StudyResult) -> Html:
    picture = rate_picture(result)
    return drawing(picture, html_table(picture.data["headers"], picture.data["rows"], caption=picture.title))
