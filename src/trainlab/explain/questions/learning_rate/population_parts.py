"""Sections on what populations did: sharpness, the range test, schedules compared."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainlab.draw import Band, Cell, Curve, curves, format_number, intervals
from trainlab.explain.explanation import Section, Table, paragraphs
from trainlab.explain.questions.learning_rate.compare import HEADERS, NOTE, Compared, intervals_of, rows_of
from trainlab.explain.questions.learning_rate.exact_parts import descent_words
from trainlab.explain.questions.learning_rate.network_sharpness import PlaceSharpness, descent_of
from trainlab.explain.questions.learning_rate.range_test import RULE as RANGE_RULE
from trainlab.explain.questions.learning_rate.range_test import RangeTest
from trainlab.explain.questions.learning_rate.sharpness import Curvature
from trainlab.spec import SGD, Experiment, Full, name_of

CLIFF = 100.0
"""How many times its first value the loss of a range test is drawn up to; more would flatten the rest."""


def sharpness_part(places: Sequence[PlaceSharpness], experiment: Experiment) -> Section:
    """Return the section on the sharpness of the network's own loss."""
    own, descent = experiment.optimizer.lr, descent_of(experiment)
    rows: list[list[Cell]] = [
        [
            str(place.seed),
            place.moment,
            *(
                (
                    _curvature(place.largest),
                    _curvature(place.lowest),
                    *(
                        ("none", "–")
                        if descent.unstable
                        else (format_number(place.limit), format_number(own / place.limit, digits=2))
                    ),
                )
                if place.smooth
                else ("at a kink" if math.isfinite(place.largest.value) else "not finite", "–", "–", "–")
            ),
        ]
        for place in places
    ]
    sgd = isinstance(experiment.optimizer, SGD)
    caveats: list[str] = []
    if not sgd:
        caveats.append(
            f"This experiment's optimizer is {name_of(experiment.optimizer)}, which scales each weight's "
            "step by itself: the limit is that of plain gradient descent, not its own."
        )
    if not isinstance(experiment.sampling, Full):
        caveats.append(
            "The limit is that of descent over all the examples. This training steps on some at a time, "
            "whose own loss may be sharper, so that it may break down earlier."
        )
    if any(not place.smooth and math.isfinite(place.largest.value) for place in places):
        caveats.append(
            "At a kink, of the loss or an activation, the gradient jumps: it has no curvature, and no limit."
        )
    if any(place.smooth and not place.largest.settled for place in places):
        caveats.append(
            "Where ± follows λ_max the power iteration stopped before it settled: λ_max may be larger, and "
            "the limit lower."
        )
    return Section(
        name="sharpness",
        heading="This network: how sharp its loss is",
        text=paragraphs(
            "λ_max, the largest eigenvalue of the Hessian of the loss over all the examples, takes the place "
            "of λ: by power iteration on products of the Hessian with a vector, each a central difference of "
            "exact gradients in float64 (good to about 10⁻⁹ of λ_max). The most negative one, which makes a "
            "place no minimum, by Lanczos on the same products.",
            f"There is no limit: {descent.unstable}."
            if descent.unstable
            else f"Beyond the limit ({descent_words(descent)} descent), steps along the sharpest direction "
            "grow. In a network that need not be the end: they may be thrown to where the loss is flatter.",
            caveats,
        ),
        tables=(
            Table(
                title=f"Curvature and the rate that it allows; the experiment's own rate is {own:g}",
                headers=("Seed", "At the", "λ_max", "Most negative", "Limit of the rate", "Own rate / limit"),
                rows=rows,
            ),
        ),
    )


def range_part(test: RangeTest, compared: Sequence[Compared], experiment: Experiment) -> Section:
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


def comparison_part(compared: Sequence[Compared]) -> Section:
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


def _below(values: npt.NDArray[np.float64], most: float) -> npt.NDArray[np.float64]:
    return np.where(values <= most, values, np.nan)


def _curvature(found: Curvature) -> str:
    """Return an eigenvalue, with how far off one may be if that shows."""
    shown = format_number(found.value, digits=4)
    if math.isfinite(found.residual) and not found.settled:
        return f"{shown} ± {format_number(found.residual, digits=2)}"
    return shown
