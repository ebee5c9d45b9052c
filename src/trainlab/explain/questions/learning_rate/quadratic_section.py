"""The section on quadratics: where a rate becomes too large."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainlab.draw import Cell, Curve, curves, format_number
from trainlab.explain.questions.learning_rate.network_sharpness import PlaceSharpness, example_curvature
from trainlab.explain.questions.learning_rate.quadratic import Descent, StabilityEdge, path
from trainlab.page.section import Section, Table

STEPS = 25


MULTIPLES = (("too small", 0.02), ("good", 0.3), ("oscillating", 0.95), ("divergent", 1.04))
"""Rates of the picture, as shares of the limit; their factors are 0.96, 0.4, −0.9 and −1.08."""


def quadratic_section(edges: Sequence[StabilityEdge], place: PlaceSharpness) -> Section:
    """Return the section on quadratics; the steepest curvature is that of the network at `place`, or 1."""
    steep, whose = example_curvature(place)
    limit = 2.0 / steep
    steps = np.arange(STEPS + 1.0)
    drawn = [
        Curve(label=name, x=steps, median=path(share * limit, [steep], STEPS)[:, 0])
        for name, share in MULTIPLES
    ]
    worst = max(edge.difference for edge in edges if not edge.descent.unstable)
    rows: list[list[Cell]] = [
        [
            ", ".join(f"{each:.4g}" for each in edge.curvatures),
            descent_words(edge.descent),
            *(
                ("none", "–", "–")
                if edge.descent.unstable
                else (f"{each:.10g}" for each in (edge.limit, edge.spectral, edge.measured))
            ),
        ]
        for edge in edges
    ]
    flat = min(edges[-1].curvatures)
    return Section(
        name="quadratic",
        heading="At a quadratic: where a rate becomes too large",
        text=(
            f"The simplest valley is ½ λ w². Take λ = {steep:.4g}: {whose}. A step multiplies w by 1 − lr × "
            f"λ. Between −1 and 1 that converges, so the limit is 2/λ = {limit:.4g}; below 1/λ w comes down "
            "on one side, above it jumps from side to side.",
            "With several directions the steepest sets the limit, and the flattest sets the pace: at λ = "
            f"{flat:.4g} beside it, the best rate 2/(λ_max + λ_min) still leaves "
            f"{100 * (steep - flat) / (steep + flat):.1f} % of the distance after each step.",
            f"{_momentum_words(edges[-1].descent)} Formula, eigenvalues and iterating agree to "
            f"{format_number(worst, digits=2)}, relatively.",
        ),
        pictures=(
            curves(
                drawn,
                x_label="Step",
                y_label="Weight w, from 1; the minimum is 0",
                title="Four rates: 2 %, 30 %, 95 % and 104 % of the limit 2/λ",
                middle="weight",
            ),
        ),
        tables=(
            Table(
                title="The rate above which descent diverges",
                headers=("Curvatures λ", "Descent", "Formula", "By eigenvalues", "Measured by iterating"),
                rows=rows,
            ),
        ),
    )


def _momentum_words(descent: Descent) -> str:
    """Return what momentum does to the limit 2/λ."""
    if descent.unstable:
        return f"With this experiment's momentum there is no limit: {descent.unstable}."
    if descent.nesterov:
        formula = "Nesterov's momentum β narrows the limit to 2(1 + β)/((1 + 2β) λ)"
    elif descent.dampening:
        formula = "Momentum β with dampening d moves the limit to 2(1 + β)/((1 − d) λ)"
    else:
        formula = "Momentum β widens the limit to 2(1 + β)/λ"
    return (
        f"{formula}, where an eigenvalue of the step, a matrix that acts on weight and momentum, reaches −1."
    )


def descent_words(descent: Descent) -> str:
    """Return the kind of descent in words."""
    if not descent.momentum:
        return "plain"
    extra = ", Nesterov" if descent.nesterov else ""
    extra += f", dampening {descent.dampening:g}" if descent.dampening else ""
    return f"momentum {descent.momentum:g}{extra}"
