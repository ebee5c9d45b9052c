"""The section that compares schedules with a constant rate."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import intervals
from trainlab.explain.questions.learning_rate.compare import HEADERS, NOTE, Compared, intervals_of, rows_of
from trainlab.page.section import Section, Table


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
