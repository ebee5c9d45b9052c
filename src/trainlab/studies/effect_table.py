"""The table of what changes do: alone, averaged over the others, and where all the others are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trainlab.page.cells import p_value, points, reading
from trainlab.page.columns import Column, TableOf
from trainlab.stats import ReadEstimate

if TYPE_CHECKING:
    from trainlab.studies.effects import Effect

ALONE, AVERAGED = "Alone", "Averaged over the others"
IN_SHORT = ("Network", "Change", ALONE, AVERAGED)
"""The columns of the terminal."""


def effect_table(told: Callable[[ReadEstimate | None], str] = points) -> TableOf[Effect]:
    """Return the table of effects, each `told` so, with its corrected p-value and how it reads."""

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
