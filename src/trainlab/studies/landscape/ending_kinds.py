"""Where failed runs end, counted: by the kind of place, and at other thresholds, each with its table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trainlab.draw import format_number
from trainlab.page.cells import count_of, share_under_percent
from trainlab.page.columns import Column, TableOf, json_only
from trainlab.stats import Rate
from trainlab.studies.landscape.classify_end import KINDS, Kind

PLACES: dict[Kind, str] = {
    "minimum": "at a minimum",
    "saddle": "at a saddle",
    "plateau": "on a plateau",
    "kink": "at a kink",
    "still moving": "still moving",
}
THRESHOLD_WORDS = {"slope": "the slope", "down": "a saddle's fall", "up": "a layer's change"}


@dataclass(frozen=True, kw_only=True, slots=True)
class EndingKind:
    """The failed runs that end in one kind of place: how many, and how many of them are solved later.

    `escaped` is None if there are none, or none was trained on. `loss` and `gradient_norm` are medians at the
    end, NaN if there are none, and so is `flat`, how many directions are flat.
    """

    kind: Kind
    runs: Rate
    escaped: Rate | None
    loss: float
    gradient_norm: float
    flat: float


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """How many failed runs end in each kind of place if the threshold `name` is `value`."""

    name: str
    value: float
    runs: dict[Kind, int]


def format_percent_of(value: float) -> str:
    """Return a share as a per cent: ``1 %``, ``0.1 %``."""
    return f"{100 * value:g} %"


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
