"""The section on how sharp the network's own loss is, and which rates that allows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainlab.draw import Cell, format_number
from trainlab.explain.questions.learning_rate.network_sharpness import PlaceSharpness, descent_of
from trainlab.explain.questions.learning_rate.quadratic_section import descent_words
from trainlab.explain.questions.learning_rate.sharpness import Curvature
from trainlab.page.section import Section, Table, paragraphs
from trainlab.spec import SGD, Experiment, Full, name_of


def sharpness_section(places: Sequence[PlaceSharpness], experiment: Experiment) -> Section:
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


def _curvature(found: Curvature) -> str:
    """Return an eigenvalue, with how far off one may be if that shows."""
    shown = format_number(found.value, digits=4)
    if math.isfinite(found.residual) and not found.settled:
        return f"{shown} ± {format_number(found.residual, digits=2)}"
    return shown
