"""What a change does, and two together: effects and interactions, each with its table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trainlab.page.cells import p_value, points, reading
from trainlab.page.columns import Column, TableOf
from trainlab.stats import ReadEstimate

ALONE, AVERAGED = "Alone", "Averaged over the others"
IN_SHORT = ("Network", "Change", ALONE, AVERAGED)
"""The columns of the terminal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One change on one network: `alone` against the baseline, `main` averaged over all other changes.

    `last` is what it does where all the others are made. Changes that intervene aren't among the others.
    """

    network: str
    change: str
    alone: ReadEstimate | None
    main: ReadEstimate | None
    last: ReadEstimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the effect as JSON has it; null where the cells it needs were left out."""
        return EFFECTS.to_dict(self)


def effect_table(told: Callable[[ReadEstimate | None], str] = points) -> TableOf[Effect]:
    """Return the table of effects; `told` formats an estimate beside its corrected p-value and reading."""

    def read(
        heading: str, key: str, value: Callable[[Effect], ReadEstimate | None], brief_heading: str = ""
    ) -> tuple[Column[Effect], ...]:
        return (
            Column(heading, value, show=told, brief_heading=brief_heading, json=key),
            Column("p", value, show=p_value),
            Column("Reads", value, show=reading),
        )

    return TableOf(
        (
            Column("Network", lambda effect: effect.network, json="network"),
            Column("Change", lambda effect: effect.change, json="change"),
            *read(ALONE, "alone", lambda effect: effect.alone),
            *read(AVERAGED, "main", lambda effect: effect.main, "Averaged"),
            *read("After the others", "last", lambda effect: effect.last),
        )
    )


EFFECTS = effect_table()


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """How much one change's effect differs if the other is made too, averaged over the rest."""

    network: str
    changes: tuple[str, str]
    effect: ReadEstimate

    def to_dict(self) -> dict[str, Any]:
        """Return the interaction as JSON has it."""
        return {"network": self.network, "changes": list(self.changes), **self.effect.to_dict()}


def _reads_together(effect: ReadEstimate) -> str:
    words = {"helps": "more together", "hurts": "less together"}
    return words.get(effect.reading) or reading(effect)


INTERACTIONS: TableOf[Interaction] = TableOf(
    (
        Column("Network", lambda item: item.network),
        Column("Changes", lambda item: " × ".join(item.changes)),
        Column("Difference, points", lambda item: item.effect, show=points),
        Column("p (Holm)", lambda item: item.effect, show=p_value),
        Column("Reads", lambda item: item.effect, show=_reads_together),
    )
)
