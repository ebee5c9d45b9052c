"""The section on the grid of rates: what each did, and where it works."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainlab.draw import Band, Cell, Curve, Picture, curves, format_number
from trainlab.explain.questions.learning_rate.comparison_section import share_cell
from trainlab.explain.questions.learning_rate.grid import RatePoint
from trainlab.explain.questions.learning_rate.regimes import RULE, Regimes, regime_words
from trainlab.page.section import Section, Table, paragraphs
from trainlab.spec import Experiment, solved_words


def effects_section(
    points: Sequence[RatePoint], found: Regimes, experiment: Experiment, notes: Sequence[str]
) -> Section:
    """Return the section on the grid of rates."""
    rows: list[list[Cell]] = [
        [
            format_number(point.rate),
            found.of(place),
            share_cell(point.solved),
            f"{100 * point.diverged.estimate:.1f}",
            "–" if math.isnan(point.epochs) else f"{point.epochs:g}",
            format_number(point.loss),
        ]
        for place, point in enumerate(points)
    ]
    return Section(
        name="effects",
        heading="What the rate does: the same networks at every rate",
        text=paragraphs(
            f"{points[0].solved.n:,} seeds at each of {len(points)} rates; solved "
            f"{solved_words(experiment.solved)}.",
            RULE,
            regime_words(points, found),
            notes,
        ),
        pictures=_effect_pictures(points, found),
        tables=(
            Table(
                title="The same seeds at every rate; epochs until solved and loss are medians",
                headers=(
                    "Rate",
                    "Regime",
                    "Solved (%, 95 %)",
                    "Diverged (%)",
                    "Epochs",
                    "Final loss",
                ),
                rows=rows,
                shown=60,
            ),
        ),
    )


def _effect_pictures(points: Sequence[RatePoint], found: Regimes) -> tuple[Picture, ...]:
    rates = [point.rate for point in points]
    works = (
        ""
        if found.low < 0
        else f"; it works from {format_number(rates[found.low])} to {format_number(rates[found.high])}"
    )

    def share(label: str, name: str) -> Curve:
        counts = [getattr(point, name) for point in points]
        band = Band(
            label="95 % interval",
            low=[100 * each.low for each in counts],
            high=[100 * each.high for each in counts],
        )
        return Curve(label=label, x=rates, median=[100 * each.estimate for each in counts], bands=(band,))

    shown = [
        curves(
            [share("solved", "solved"), share("diverged", "diverged")],
            x_label="Learning rate",
            y_label="Runs (%)",
            title=f"Runs solved and diverged by learning rate{works}",
            log_x=True,
            middle="share",
        )
    ]
    if any(math.isfinite(point.epochs) for point in points):
        shown.append(
            curves(
                [Curve(label="epochs", x=rates, median=[point.epochs for point in points])],
                x_label="Learning rate",
                y_label="Epochs until solved (median of the solved)",
                title="How long it takes the runs that are solved",
                log_x=True,
            )
        )
    spread = Band(
        label="5–95 % of runs",
        low=[point.loss_low for point in points],
        high=[point.loss_high for point in points],
    )
    shown.append(
        curves(
            [Curve(label="loss", x=rates, median=[point.loss for point in points], bands=(spread,))],
            x_label="Learning rate",
            y_label="Final loss (median; a gap where it is infinite)",
            title="The loss at the end, by learning rate",
            log_x=True,
            log_y=True,
        )
    )
    return tuple(shown)
