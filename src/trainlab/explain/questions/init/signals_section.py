"""The section on a deep stack, and the rule of thumb that activations should have mean zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainlab.draw import Measured, Picture, counted, format_number, join, measured_curves
from trainlab.draw.table import Cell
from trainlab.explain.questions.init.signals import EXAMPLES, LayerSignals, Spread
from trainlab.page.section import Section, Table
from trainlab.plain import Plain

NEAR = 0.1
"""A mean of at most this share of the root mean square is called zero."""

KEPT = 1.25
"""A gradient arrives whole if it is neither smaller nor larger by more than this factor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeanZero(Plain):
    """The rule over several stacks, by their names: `without` have no mean of zero and pass the gradient on
    whole all the same; `lost` have one, and don't; `agreeing` are as the rule says.
    """

    _written = "outcome without lost agreeing"

    without: tuple[str, ...]
    lost: tuple[str, ...]
    agreeing: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """What that makes of the rule."""
        if self.without and self.lost:
            return "neither needed nor enough"
        if self.without:
            return "not needed"
        if self.lost:
            return "not enough"
        return "as the rule says" if self.agreeing else "not asked"

    @property
    def sentence(self) -> str:
        """The verdict with its counts."""
        stacks = len(self.without) + len(self.lost) + len(self.agreeing)
        if not stacks:
            return ""
        of = f"of {counted(stacks, 'stack')}"
        told = [
            f"{len(self.lost)} {of} {_has(self.lost)} it, and the gradient is lost or inflated "
            f"({_named(self.lost)})"
            if self.lost
            else "",
            f"{len(self.without)} {of} {_has(self.without)} another mean, and the gradient arrives whole "
            f"({_named(self.without)})"
            if self.without
            else "",
        ]
        evidence = "; ".join(filter(None, told)) or f"no exception among {counted(stacks, 'stack')}"
        return f"“Activations with mean zero” is {self.outcome}: {evidence}."


def mean_share(found: LayerSignals) -> float:
    """Return the mean of the last layer's activations as a share of their root mean square; NaN of none."""
    mean, std = (float(each.estimate[-1]) for each in (found.activation_mean, found.activation_std))
    size = math.hypot(mean, std)
    return abs(mean) / size if math.isfinite(size) and size > 0 else math.nan


def mean_zero(stacks: Sequence[tuple[str, LayerSignals]]) -> MeanZero:
    """Hold the rule against stacks, each with its name; one whose sizes can't be had says nothing."""
    without, lost, agreeing = list[str](), list[str](), list[str]()
    for name, each in stacks:
        share, ratio = mean_share(each), each.gradient_ratio
        if not (math.isfinite(share) and math.isfinite(ratio)):
            continue
        zero, whole = share <= NEAR, 1 / KEPT <= ratio <= KEPT
        (agreeing if zero == whole else without if whole else lost).append(
            f"{name}: mean {format_number(100 * share, digits=2)} % of the size, gradient × "
            f"{format_number(ratio)}"
        )
    return MeanZero(without=tuple(without), lost=tuple(lost), agreeing=tuple(agreeing))


def _has(stacks: Sequence[str]) -> str:
    return "has" if len(stacks) == 1 else "have"


def _named(stacks: Sequence[str]) -> str:
    """Return the first three."""
    more = f"; and {len(stacks) - 3} more" if len(stacks) > 3 else ""
    return "; ".join(stacks[:3]) + more


# What schemes do to signals in a deep stack: theory and measurement.


def signals_section(found: Sequence[LayerSignals], *, depth: int, width: int, activation: str) -> Section:
    """Return the section on a stack of equal layers."""
    networks = found[0].networks
    stack = f"{depth} layer{'s' if depth > 1 else ''} of {width} {activation} units"
    return Section(
        name="signals",
        heading=f"A deep stack: {stack}",
        text=(
            f"{networks} networks a scheme, without biases, each with its own weights; {EXAMPLES} normal "
            "inputs of mean square 1 sent forward, normal gradients sent back from the last layer. Where "
            "the lines stay level, a scheme keeps signals alive.",
            "Theory, of infinitely wide layers: forward q → n Var(w) E[f(√q z)²], back χ = n_out Var(w) "
            "E[f′(√q z)²] a layer, z standard normal; a gradient survives depth only where χ is "
            "near 1. Of weights with a mean there is no theory here. Intervals are Student's over networks; "
            "for the deviation of activations, the jackknife.",
            *_means(found, depth),
            *_overflows(found),
        ),
        pictures=signals_pictures(found, stack),
        tables=(_ends(found),),
    )


def _means(found: Sequence[LayerSignals], depth: int) -> list[str]:
    """Judge the rule of thumb on means, where there is a first layer and a last."""
    judged = mean_zero([(each.label, each) for each in found]) if depth > 1 else None
    return [judged.sentence] if judged and judged.sentence else []


def _overflows(found: Sequence[LayerSignals]) -> list[str]:
    """Say which signals are too large for float64."""
    names = [
        each.label
        for each in found
        if not (np.isfinite(each.activation_std.estimate).all() and np.isfinite(each.gradient.estimate).all())
    ]
    return [f"Too large for float64, whose squares end at 10³⁰⁸: {join(names)}."] if names else []


def signals_pictures(found: Sequence[LayerSignals], where: str) -> tuple[Picture, Picture]:
    """Return the sizes of activations forward, and of gradients back, by layer."""
    forward = [_curve(each.label, each.theory.activation_std, each.activation_std) for each in found]
    backward = [_curve(each.label, each.theory.gradient_rms, each.gradient) for each in found]
    return (
        measured_curves(
            forward,
            x_label="layer",
            y_label="Standard deviation of activations",
            title=f"Forward through {where}",
            log_y=True,
        ),
        measured_curves(
            backward,
            x_label="layer",
            y_label="Root mean square of ∂L/∂z",
            title=f"Back through {where}",
            log_y=True,
        ),
    )


def _curve(label: str, theory: np.ndarray, spread: Spread) -> Measured:
    return Measured(
        label=label,
        x=list(range(1, len(theory) + 1)),
        theory=theory,
        measured=spread.estimate,
        low=spread.low,
        high=spread.high,
    )


def _ends(found: Sequence[LayerSignals]) -> Table:
    """The first and last layer of each scheme; the JSON and the pictures have those between."""
    rows: list[tuple[Cell, ...]] = []
    for each in found:
        factor = each.theory.factor[1:]
        rows.append(
            (
                each.label,
                _with_theory(each.activation_std, each.theory.activation_std, 0),
                _with_theory(each.activation_std, each.theory.activation_std, -1),
                _with_theory(each.gradient, each.theory.gradient_rms, 0),
                _with_theory(each.gradient, each.theory.gradient_rms, -1),
                f"{_size_text(each.gradient_ratio)} ({_size_text(each.theory_ratio)})",
                _size_text(factor[-1]) if len(factor) else "–",
            )
        )
    return Table(
        title="Measured, with theory in brackets",
        headers=(
            "Scheme",
            "std, first layer",
            "std, last layer",
            "gradient, first layer",
            "gradient, last layer",
            "gradient, first ÷ last",
            "χ",
        ),
        rows=rows,
    )


def _with_theory(spread: Spread, theory: np.ndarray, place: int) -> str:
    return f"{_size_text(spread.estimate[place])} ({_size_text(theory[place])})"


def _size_text(value: float) -> str:
    return format_number(float(value)) if np.isfinite(value) else "–"
