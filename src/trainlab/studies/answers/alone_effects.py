"""What a change does alone where the average over the other changes doesn't show it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainlab.stats import Reading, passed_over
from trainlab.studies.answers.answer import networks_words
from trainlab.studies.effect_table import Effect
from trainlab.studies.performance_measure import PerformanceMeasure

if TYPE_CHECKING:
    from trainlab.studies.result import StudyResult


def only_alone(effect: Effect) -> bool:
    """Whether a change is clearly seen to help or hurt alone, and isn't on average over the others."""
    clear: tuple[Reading, ...] = ("helps", "hurts")
    return (
        effect.alone is not None
        and effect.main is not None
        and effect.alone.reading in clear
        and effect.main.reading not in clear
    )


def describe_alone(
    result: StudyResult, effects: Sequence[Effect], measure: PerformanceMeasure
) -> list[tuple[str, str, str]]:
    """Return what each change does alone, in figures, and what its average shows."""
    networks = list(dict.fromkeys(item.cell.network for item in result.cells))
    over = "the other change" if len(result.study.change_names) == 2 else "the other changes"
    seen = {
        "no difference seen": "no difference is seen",
        "shown to be small": f"it is shown to be less than {measure.little}",
    }
    groups: dict[tuple[str, Reading, Reading], list[Effect]] = {}
    for effect in effects:
        if effect.alone is not None and effect.main is not None:
            key = (effect.change, effect.alone.reading, effect.main.reading)
            groups.setdefault(key, []).append(effect)
    found: list[tuple[str, str, str]] = []
    for (change, alone, main), items in groups.items():
        who = networks_words([item.network for item in items], networks, result)
        values = sorted(
            (item.alone.value for item in items if item.alone is not None), key=lambda value: value.estimate
        )
        figures = measure.difference(values[0])
        if len(values) > 1:
            unit = "points" if measure.kind == "accuracy" else "%"
            figures = f"{measure.figure(values[0].estimate)} to {measure.figure(values[-1].estimate)} {unit}"
        found.append((f"{change} {alone} {who}", figures, f"averaged over {over} {seen[main]}"))
    return found


def alone_lines(
    result: StudyResult, effects: Sequence[Effect], measure: PerformanceMeasure
) -> tuple[tuple[str, str], ...]:
    """Return a line on what changes do alone that their averages don't show; none if there is nothing."""
    told = describe_alone(result, [effect for effect in effects if only_alone(effect)], measure)
    words = [f"{words}: {figures}; {rest}" for words, figures, rest in told]
    return (("Alone", ". ".join(words)),) if words else ()


def nearest_to_seen(effects: Sequence[Effect], measure: PerformanceMeasure) -> str:
    """Name the effect that comes nearest to being seen, if an interval taken by itself leaves out 0."""
    near = [
        (read.p_adjusted, f"{effect.change}{how} on {effect.network}", read)
        for effect in effects
        for how, read in ((" alone", effect.alone), ("" if _is_alone(effect) else " on average", effect.main))
        if read is not None and passed_over(read).startswith("leaves out 0")
    ]
    if not near:
        return ""
    p, name, read = min(near, key=lambda item: item[0])
    others = f" as one of {read.together:,} read together" if read.together > 1 else ""
    return f"Nearest to it comes {name}: {measure.difference(read.value)}, p = {p:.2g}{others}."


def _is_alone(effect: Effect) -> bool:
    """Whether there is no other change, so that alone and on average are the same."""
    return effect.alone is not None and effect.main is not None and effect.alone.value == effect.main.value
