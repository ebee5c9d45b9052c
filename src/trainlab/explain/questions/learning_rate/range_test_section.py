"""The section on the range test, and how its suggestion fared on fresh seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainlab.draw import Band, Curve, curves, format_number
from trainlab.explain.questions.learning_rate.comparison_section import HEADERS, NOTE, Compared, rows_of
from trainlab.explain.questions.learning_rate.range_test import RULE as RANGE_RULE
from trainlab.explain.questions.learning_rate.range_test import RangeTest
from trainlab.page.section import Section, Table
from trainlab.spec import Experiment

CLIFF = 100.0
"""How many times its first value the loss of a range test is drawn up to; more would flatten the rest."""


def range_test_section(test: RangeTest, compared: Sequence[Compared], experiment: Experiment) -> Section:
    """Return the section on the range test and how its suggestion fared."""
    own = experiment.optimizer.lr
    most = CLIFF * float(test.median[0])
    picture = curves(
        [
            Curve(
                label="loss",
                x=test.rate,
                median=_below(test.median, most),
                bands=(
                    Band(label="5–95 % of seeds", low=_below(test.low, most), high=_below(test.high, most)),
                ),
            )
        ],
        x_label="Learning rate at that moment",
        y_label="Loss",
        title="A range test: the loss while the rate climbs, until it is a hundred times the first",
        log_x=True,
        log_y=True,
    )
    if test.suggested is None:
        said = (
            "The median loss never fell by a hundredth while the rate climbed: there is nothing to suggest."
        )
    else:
        said = (
            f"The median loss begins to fall at {format_number(test.begins)} (a tenth of the fall done) and "
            f"is lowest at {format_number(test.lowest)}. Suggested: {format_number(test.suggested)}; this "
            f"experiment has {own:g}."
        )
    words = [
        f"{test.seeds:,} seeds train for {test.epochs:,} epochs while the rate climbs by the same factor "
        f"each step, from {format_number(float(test.rate[0]))} to {format_number(float(test.rate[-1]))} "
        "(Smith, WACV 2017).",
        RANGE_RULE,
        said,
    ]
    tables = ()
    if compared:
        words.append(
            f"How it fared: {compared[0].point.solved.n:,} fresh seeds, used neither by the range test nor "
            "to pick the best rate of the grid. "
            + " ".join(f"The {each.label} against the own rate: {each.reading}." for each in compared[1:])
            + f" {NOTE}"
        )
        tables = (
            Table(
                title="On fresh seeds, compared with the experiment's own rate",
                headers=HEADERS,
                rows=rows_of(
                    compared, [f"{each.label}, {format_number(each.point.rate)}" for each in compared]
                ),
            ),
        )
    return Section(
        name="range-test",
        heading="A range test, and how its suggestion fared",
        text=tuple(words),
        pictures=(picture,),
        tables=tables,
    )


def _below(values: npt.NDArray[np.float64], most: float) -> npt.NDArray[np.float64]:
    return np.where(values <= most, values, np.nan)
