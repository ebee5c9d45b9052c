"""Success rates, effects and interactions."""

from __future__ import annotations

from trainlab.draw import html_table
from trainlab.report.parts import fold, heading, paragraph, picture, side_by_side
from trainlab.report.score_part import score_pictures
from trainlab.report.words import p_words, points, reading_words
from trainlab.stats import passed_over
from trainlab.studies.effects import Interaction
from trainlab.studies.result import StudyResult
from trainlab.studies.show import effect_picture, rate_picture

LARGEST = 5
"""So many interactions are shown without opening the rest."""


def rate_part(result: StudyResult) -> str:
    """Return the grid of success rates, and of many cells with classes those of their accuracies."""
    return side_by_side([picture(drawn) for drawn in (rate_picture(result), *score_pictures(result))])


def effect_part(result: StudyResult) -> str:
    """Return effects alone and averaged, and the interactions; nothing if the cells they need are missing."""
    drawn = [effect_picture(result, kind=kind) for kind in ("alone", "main")]
    body = side_by_side([picture(item) for item in drawn if item is not None]) + _why_none(result)
    if result.effects:
        body += fold(f"All {len(result.effects)} effects as a table", _effect_table(result), printed=True)
    return body + _interactions(result)


def _why_none(result: StudyResult) -> str:
    """Explain the charts' hollow circles whose intervals by themselves would show something."""
    found = [
        f"{effect.change} on {effect.network}, {words}: its interval {passed_over(value)}."
        for words in ("alone", "averaged")
        for effect in result.effects
        for value in [effect.alone if words == "alone" else effect.main]
        if value is not None and passed_over(value)
    ]
    return paragraph(f"No difference seen, all the same. {' '.join(found)}") if found else ""


def _effect_table(result: StudyResult) -> str:
    return html_table(
        ["Network", "Change", "Alone, points", "p", "Reads", "Averaged, points", "p", "Reads"],
        [
            [
                effect.network,
                effect.change,
                *(
                    cell
                    for value in (effect.alone, effect.main)
                    for cell in (
                        points(value),
                        p_words(value.p_adjusted) if value else "–",
                        reading_words(value) if value else "–",
                    )
                ),
            ]
            for effect in result.effects
        ],
        caption="Change of the success rate in points, with 95 % intervals; p corrected by Holm",
    )


def _interactions(result: StudyResult) -> str:
    if not result.interactions:
        return ""
    ordered = sorted(result.interactions, key=lambda item: -abs(item.effect.value.estimate))
    body = (
        heading("Interactions of two changes")
        + paragraph(
            "By how many points a change's effect differs where the other is made too, averaged over the "
            "rest. Positive: together they do more than the sum."
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
