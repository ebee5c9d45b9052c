"""Success rates, effects and interactions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trainlab.draw import counted, html_table
from trainlab.page.document import fold, heading, paragraph, picture, side_by_side
from trainlab.report.score_part import score_pictures
from trainlab.report.solved_when_part import when_part
from trainlab.report.words import p_words, points, reading_words
from trainlab.stats import ReadEstimate, passed_over
from trainlab.studies.effects import Effect, Interaction
from trainlab.studies.result import StudyResult
from trainlab.studies.score_cautions import MORE_SPLITS
from trainlab.studies.score_columns import tells_solved
from trainlab.studies.show import effect_picture, rate_picture

LARGEST = 5
"""So many interactions are shown without opening the rest."""
_CAPTION = "Change of the success rate (solved {}) in points, with 95 % intervals; p corrected by Holm"


def rate_part(result: StudyResult) -> str:
    """Return the grid of success rates, and grids of accuracies: first where cells are told by them.

    Where they are told by a measure and nobody asked what is solved, there is no grid of it.
    """
    rates = [rate_picture(result)] if _tells_rates(result) else []
    grids = score_pictures(result)
    drawn = [*rates, *grids] if result.measure is None else [*grids, *rates]
    return side_by_side([picture(item) for item in drawn]) + (when_part(result) if rates else "")


def _tells_rates(result: StudyResult) -> bool:
    return result.measure is None or tells_solved(result.cells)


def effect_part(result: StudyResult) -> str:
    """Return effects alone and averaged, and the interactions; nothing if the cells they need are missing."""
    drawn = [effect_picture(result, kind=kind) for kind in ("alone", "main")]
    body = side_by_side([picture(item) for item in drawn if item is not None]) + _why_none(result)
    tables = _effect_tables(result)
    if tables:
        count = len(result.score_effects or result.effects)
        body += fold(f"All {counted(count, 'effect')} as a table", tables, printed=True)
    return body + (_interactions(result) if result.measure is None else _assumed(result))


def _assumed(result: StudyResult) -> str:
    """Say what the intervals of effects on the measure allow for, and what one split leaves to chance."""
    measure = result.measure
    if measure is None or not result.score_effects:
        return ""
    return paragraph(measure.assumed, kind="muted") + (
        paragraph(f"All of this is of one split's rows. {MORE_SPLITS}") if measure.one_split else ""
    )


def _why_none(result: StudyResult) -> str:
    """Explain the charts' hollow circles whose intervals by themselves would show something."""
    found = [
        f"{effect.change} on {effect.network}, {words}: its interval {passed_over(value)}."
        for words in ("alone", "averaged")
        for effect in result.score_effects or result.effects
        for value in [effect.alone if words == "alone" else effect.main]
        if value is not None and passed_over(value)
    ]
    return paragraph(f"No difference seen, all the same. {' '.join(found)}") if found else ""


def _effect_tables(result: StudyResult) -> str:
    """Return the effects on the measure, and those on the success rate where it is told."""
    measure, tables = result.measure, ""
    if measure is not None and result.score_effects:
        tables = _effect_table(
            result.score_effects,
            lambda value: "–" if value is None else measure.difference(value.value),
            unit="",
            caption=f"Change of the {measure.name}, with 95 % intervals; p corrected by Holm",
        )
    if result.effects and _tells_rates(result):
        tables += _effect_table(
            result.effects,
            points,
            unit=", points",
            caption=_CAPTION.format("at the end"),
        )
        tables += _effect_table(
            result.ever_effects,
            points,
            unit=", points",
            caption=_CAPTION.format("at some time"),
        )
    return tables


def _effect_table(
    effects: Sequence[Effect], told: Callable[[ReadEstimate | None], str], *, unit: str, caption: str
) -> str:
    if not effects:
        return ""
    kinds = [
        head for kind in ("Alone", "Averaged", "After the others") for head in (f"{kind}{unit}", "p", "Reads")
    ]
    return html_table(
        ["Network", "Change", *kinds],
        [
            [
                effect.network,
                effect.change,
                *(
                    cell
                    for value in (effect.alone, effect.main, effect.last)
                    for cell in (
                        told(value),
                        p_words(value.p_adjusted) if value else "–",
                        reading_words(value) if value else "–",
                    )
                ),
            ]
            for effect in effects
        ],
        caption=caption,
    )


def _interactions(result: StudyResult) -> str:
    if not result.interactions:
        return ""
    ordered = sorted(result.interactions, key=lambda item: -abs(item.effect.value.estimate))
    body = (
        heading("Interactions of two changes")
        + paragraph(
            "By how many points a change's effect on the share solved differs where the other is made too, "
            "averaged over the rest. Positive: together they do more than the sum."
        )
        + _interaction_table(ordered[:LARGEST], f"The {len(ordered[:LARGEST])} largest of {len(ordered)}")
    )
    if len(ordered) > LARGEST:
        body += fold(
            f"All {len(ordered)} interactions, largest first", _interaction_table(ordered, "All interactions")
        )
    return body


def _interaction_table(items: list[Interaction], caption: str) -> str:
    return html_table(
        ["Network", "Changes", "Difference, points", "p (Holm)", "Reads"],
        [
            [
                item.network,
                " × ".join(item.changes),
                points(item.effect),
                p_words(item.effect.p_adjusted),
                _reading(item),
            ]
            for item in items
        ],
        caption=caption,
    )


def _reading(item: Interaction) -> str:
    words = {"helps": "more together", "hurts": "less together"}
    return words.get(item.effect.reading) or reading_words(item.effect)
