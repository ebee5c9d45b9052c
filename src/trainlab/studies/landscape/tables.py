"""Tables of where failed runs end: by the kind of place, and at other thresholds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trainlab.draw import format_number
from trainlab.page.cells import count_of, share_under_percent
from trainlab.page.columns import Column, TableOf, json_only
from trainlab.studies.landscape.read import KINDS, Kind
from trainlab.studies.landscape.verdict import PLACES, THRESHOLD_WORDS, format_percent_of

if TYPE_CHECKING:
    from trainlab.studies.landscape.result import EndingKind, Moved


def _known(value: float) -> str:
    """Return a number, or nothing for a median of no runs."""
    return "" if value != value else format_number(value)


ENDING_KINDS: TableOf[EndingKind] = TableOf(
    (
        Column("Where", lambda each: each.kind, show=lambda kind: PLACES[kind], json="kind"),
        Column("Runs", lambda each: each.runs, show=lambda runs: f"{runs.k:,}", align="right", json="runs"),
        Column("Share, % (interval)", lambda each: each.runs, show=share_under_percent, align="right"),
        Column("Solved later", lambda each: each.escaped, show=count_of, align="right", json="escaped"),
        Column("Loss", lambda each: each.loss, show=_known, align="right", json="loss"),
        Column(
            "|gradient|", lambda each: each.gradient_norm, show=_known, align="right", json="gradient_norm"
        ),
        json_only("flat", lambda each: each.flat),
    )
)


def _runs_of(kind: Kind) -> Callable[[Moved], int]:
    return lambda each: each.runs[kind]


AT_OTHER_THRESHOLDS: TableOf[Moved] = TableOf(
    (
        Column(
            "Threshold", lambda each: each.name, show=lambda name: THRESHOLD_WORDS[name], json="threshold"
        ),
        Column("At", lambda each: each.value, show=format_percent_of, align="right", json="value"),
        *(Column(kind, _runs_of(kind), align="right") for kind in KINDS),
        json_only("runs", lambda each: {kind.replace(" ", "_"): n for kind, n in each.runs.items()}),
    )
)
