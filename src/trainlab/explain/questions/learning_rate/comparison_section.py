"""The section that compares schedules with a constant rate; and any populations side by side.

Shares solved, and paired differences from the first population, corrected by Holm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.draw import Cell, Interval, intervals
from trainlab.engine import Runs
from trainlab.explain.common.paired import difference_interval, differences_from_first
from trainlab.explain.questions.learning_rate.grid import RatePoint, point_of
from trainlab.page.section import Section, Table
from trainlab.stats import Rate, ReadEstimate, Reading

HEADERS = ("", "Solved (%)", "Difference (points)", "p (Holm)", "Epochs")
NOTE = "Epochs: until solved, the median of those solved at the end. In brackets 95 % intervals."


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """A population called `label`, and how its share solved differs from the first one's.

    `point` has its numbers. `difference` is None for the first itself.
    """

    label: str
    point: RatePoint
    difference: ReadEstimate | None

    @property
    def reading(self) -> Reading | None:
        """How the difference reads, None for the first itself."""
        return None if self.difference is None else self.difference.reading


def compare(labels: Sequence[str], runs: Sequence[Runs]) -> tuple[Compared, ...]:
    """Return populations on the same seeds compared with the first of them."""
    read = differences_from_first(runs)
    return tuple(
        Compared(label=label, point=_point(each), difference=read.get(place))
        for place, (label, each) in enumerate(zip(labels, runs, strict=True))
    )


def comparison_section(compared: Sequence[Compared]) -> Section:
    """Return the section that compares schedules with a constant rate."""
    names = [each.label for each in compared]
    others = compared[1:]
    helped = [each.label for each in others if each.reading == "helps"]
    hurt = [each.label for each in others if each.reading == "hurts"]
    small = [each.label for each in others if each.reading == "shown to be small"]
    open_ones = [each.label for each in others if each.reading == "no difference seen"]
    words = [
        f"{compared[0].point.solved.n:,} seeds, the same for all; each difference from the constant rate is "
        "paired by seed (Bonett–Price 95 %), its p corrected by Holm for all of them together.",
        NOTE,
        *(
            f"{title}: {', '.join(labels)}."
            for title, labels in (
                ("Shown to help", helped),
                ("Shown to hurt", hurt),
                ("Shown to be small, within ±2 points", small),
                ("No difference seen", open_ones),
            )
            if labels
        ),
    ]
    return Section(
        name="comparison",
        heading="Schedules against a constant rate",
        text=tuple(words),
        pictures=(
            intervals(
                intervals_of(compared, names),
                x_label="Share solved minus that of the constant rate (percentage points)",
                title="What each schedule does to the share solved",
            ),
        ),
        tables=(
            Table(
                title="Compared with a constant rate",
                headers=HEADERS,
                rows=rows_of(compared, names),
                shown=40,
            ),
        ),
    )


def rows_of(compared: Sequence[Compared], names: Sequence[str]) -> list[list[Cell]]:
    """Return a row for each population under `HEADERS`, called by `names`."""
    return [_row(each, name) for each, name in zip(compared, names, strict=True)]


def intervals_of(compared: Sequence[Compared], names: Sequence[str]) -> list[Interval]:
    """Return the differences from the first as rows of an interval chart, in percentage points."""
    return [
        difference_interval(name, each.difference)
        for each, name in zip(compared, names, strict=True)
        if each.difference is not None
    ]


def to_dict(compared: Compared) -> dict[str, object]:
    """Return a population's numbers as plain data."""
    found = compared.difference
    return {
        "label": compared.label,
        **point_dict(compared.point),
        "difference": None if found is None else found.to_dict(),
    }


def point_dict(point: RatePoint) -> dict[str, object]:
    """Return a population's numbers as plain data."""
    return {
        "rate": point.rate,
        "solved": point.solved.to_dict(),
        "diverged": point.diverged.to_dict(),
        "epochs_until_solved": point.epochs,
        "loss": {"median": point.loss, "low": point.loss_low, "high": point.loss_high},
    }


def span(low: float, high: float) -> str:
    """Return the interval of a difference of shares in points."""
    return f"{100 * low:.1f} to {100 * high:.1f}".replace("-", "−")


def share_cell(share: Rate) -> str:
    """Return a share with its interval in per cent: ``99.5 (97.2–99.9)``."""
    return f"{100 * share.estimate:.1f} ({100 * share.low:.1f}–{100 * share.high:.1f})"


def _point(runs: Runs) -> RatePoint:
    return point_of(runs.experiment.optimizer.lr, runs)


def _row(each: Compared, name: str) -> list[Cell]:
    epochs = "–" if math.isnan(each.point.epochs) else f"{each.point.epochs:g}"
    solved, read = share_cell(each.point.solved), each.difference
    if read is None:
        return [name, solved, "–", "–", epochs]
    found = read.value
    difference = f"{100 * found.estimate:+.1f} ({span(found.low, found.high)})".replace("-", "−")
    p = "< 0.0001" if read.p_adjusted < 1e-4 else f"{read.p_adjusted:.4f}"
    return [name, solved, difference, p, epochs]
