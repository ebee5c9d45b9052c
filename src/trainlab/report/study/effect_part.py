"""Success rates, effects and interactions."""

from __future__ import annotations

from trainlab.draw import counted
from trainlab.draw.svg import Html
from trainlab.page.cells import UNKNOWN
from trainlab.page.columns import TableOf
from trainlab.page.document import fold, heading, paragraph, picture, side_by_side
from trainlab.page.html import NOTHING, joined
from trainlab.report.study.score_part import score_pictures
from trainlab.report.study.solved_when_part import when_part
from trainlab.stats import passed_over
from trainlab.studies.answers.score_cautions import MORE_SPLITS
from trainlab.studies.cells import any_solved
from trainlab.studies.effect_table import EFFECTS, INTERACTIONS, Effect, effect_table
from trainlab.studies.performance_measure import PerformanceMeasure
from trainlab.studies.result import StudyResult
from trainlab.studies.study_pictures import effect_picture, rate_picture

LARGEST = 5
"""So many interactions are shown without opening the rest."""
_CAPTION = "Change of the success rate (solved {}) in points, with 95 % intervals; p corrected by Holm"


def rate_part(result: StudyResult) -> Html:
    """Return the grid of success rates, and grids of accuracies: first where cells are told by them.

    Where they are told by a measure and nobody asked what is solved, there is no grid of it.
    """
    rates = [rate_picture(result)] if _shows_rates(result) else []
    grids = score_pictures(result)
    drawn = [*rates, *grids] if result.measure is None else [*grids, *rates]
    grid = side_by_side([picture(item) for item in drawn])
    return joined(grid, when_part(result) if rates else NOTHING)


def _shows_rates(result: StudyResult) -> bool:
    return result.measure is None or any_solved(result.cells)


def effect_part(result: StudyResult) -> Html:
    """Return effects alone and averaged, and the interactions; nothing if the cells they need are missing."""
    drawn = [effect_picture(result, kind=kind) for kind in ("alone", "main")]
    tables, count = _effect_tables(result), len(result.score_effects or result.effects)
    return joined(
        side_by_side([picture(item) for item in drawn if item is not None]),
        _why_none(result),
        fold(f"All {counted(count, 'effect')} as a table", tables, printed=True) if tables else NOTHING,
        _interactions(result) if result.measure is None else _assumed(result),
    )


def _assumed(result: StudyResult) -> Html:
    """Say what the intervals of effects on the measure allow for, and what one split leaves to chance."""
    measure = result.measure
    if measure is None or not result.score_effects:
        return NOTHING
    chance = paragraph(f"All of this is of one split's rows. {MORE_SPLITS}") if measure.one_split else NOTHING
    return joined(paragraph(measure.assumed, kind="muted"), chance)


def _why_none(result: StudyResult) -> Html:
    """Explain the charts' hollow circles whose intervals by themselves would show something."""
    found = [
        f"{effect.change} on {effect.network}, {words}: its interval {passed_over(value)}."
        for words in ("alone", "averaged")
        for effect in result.score_effects or result.effects
        for value in [effect.alone if words == "alone" else effect.main]
        if value is not None and passed_over(value)
    ]
    return paragraph(f"No difference seen, all the same. {' '.join(found)}") if found else NOTHING


def _effect_tables(result: StudyResult) -> Html:
    """Return the effects on the measure, and those on the success rate where it is told."""
    tables: list[Html] = []
    measure = result.measure
    if measure is not None and result.score_effects:
        words = f"Change of the {measure.name}, with 95 % intervals; p corrected by Holm"
        tables.append(score_effect_table(measure).html(result.score_effects, caption=words))
    if result.effects and _shows_rates(result):
        tables.append(EFFECTS.html(result.effects, caption=_CAPTION.format("at the end")))
        if result.ever_effects:
            tables.append(EFFECTS.html(result.ever_effects, caption=_CAPTION.format("at some time")))
    return joined(*tables)


def score_effect_table(measure: PerformanceMeasure) -> TableOf[Effect]:
    """Return the table of effects on a measure."""
    return effect_table(lambda value: UNKNOWN if value is None else measure.difference(value.value))


def _interactions(result: StudyResult) -> Html:
    if not result.interactions:
        return NOTHING
    ordered = sorted(result.interactions, key=lambda item: -abs(item.effect.value.estimate))
    most = ordered[:LARGEST]
    words = (
        "By how many points a change's effect on the share solved differs where the other is made too, "
        "averaged over the rest. Positive: together they do more than the sum."
    )
    every = INTERACTIONS.html(ordered, caption="All interactions")
    return joined(
        heading("Interactions of two changes"),
        paragraph(words),
        INTERACTIONS.html(most, caption=f"The {len(most)} largest of {len(ordered)}"),
        fold(f"All {len(ordered)} interactions, largest first", every) if len(ordered) > LARGEST else NOTHING,
    )
