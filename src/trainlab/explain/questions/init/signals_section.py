"""What schemes do to signals, in a deep stack and in an experiment's own network: theory and measurement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainlab.draw import Measured, Picture, format_number, join, measured_curves
from trainlab.draw.table import Cell
from trainlab.explain.questions.init.layer_signals import EXAMPLES, LayerSignals
from trainlab.explain.questions.init.mean_zero import mean_zero
from trainlab.explain.questions.init.measured_signals import Spread
from trainlab.page.section import Section, Table


def signals_section(found: Sequence[LayerSignals], *, depth: int, width: int, activation: str) -> Section:
    """Return the section on a stack of equal layers."""
    networks = found[0].networks
    stack = f"{depth} layer{'s' if depth > 1 else ''} of {width} {activation} units"
    return Section(
        name="signals",
        heading=f"A deep stack: {stack}",
        text=(
            f"{networks} networks a scheme, without biases, each with its own weights; {EXAMPLES} normal "
            "inputs of mean square 1 sent forward, normal gradients sent back from the last layer. A scheme "
            "keeps signals alive where the lines stay level.",
            "Theory, of infinitely wide layers: forward q → n Var(w) E[f(√q z)²], back χ = n_out Var(w) "
            "E[f′(√q z)²] a layer, z standard normal; the gradient lives through depth only where χ is "
            "near 1. Weights with a mean carry along what a layer's neurons share, approximately; of their "
            "gradients there is no theory where slopes vary. Intervals are Student's over networks; for the "
            "deviation of activations, the jackknife.",
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
    forward = [_curve(each.label, np.sqrt(each.theory.variance), each.activation_std) for each in found]
    backward = [_curve(each.label, np.sqrt(each.theory.gradient_square), each.gradient) for each in found]
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
                _with_theory(each.activation_std, np.sqrt(each.theory.variance), 0),
                _with_theory(each.activation_std, np.sqrt(each.theory.variance), -1),
                _with_theory(each.gradient, np.sqrt(each.theory.gradient_square), 0),
                _with_theory(each.gradient, np.sqrt(each.theory.gradient_square), -1),
                f"{size_text(each.gradient_ratio)} ({size_text(each.theory_ratio)})",
                size_text(factor[-1]) if len(factor) else "–",
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
    return f"{size_text(spread.estimate[place])} ({size_text(theory[place])})"


def size_text(value: float) -> str:
    """Return a size, a dash for one that can't be had."""
    return format_number(float(value)) if np.isfinite(value) else "–"


WIDE_ENOUGH = 10
"""Below this width the theory of wide layers isn't expected to fit, and the text says so."""


def network_section(found: Sequence[LayerSignals]) -> Section:
    """Return the section on networks of one's own, as they start."""
    narrow = any(min(each.widths[1:-1], default=1) < WIDE_ENOUGH for each in found)
    text = (
        f"The experiment's own examples, init and loss, before the first step, over {found[0].networks} "
        "seeds. Theory starts from the measured gradient at the outputs.",
    )
    if narrow:
        text += (
            "Theory is for wide layers, and this network is narrow: it need not fit. Sizes of single "
            "networks then differ by decades, and the few largest decide the mean square.",
        )
    rows: list[tuple[Cell, ...]] = [
        (
            each.label,
            layer + 1,
            size_text(each.activation_mean.estimate[layer]),
            size_text(each.activation_std.estimate[layer]),
            size_text(np.sqrt(each.theory.variance[layer])),
            size_text(each.gradient.estimate[layer]),
            size_text(np.sqrt(each.theory.gradient_square[layer])),
            size_text(each.weight_gradient.estimate[layer]),
        )
        for each in found
        for layer in range(len(each.widths) - 1)
    ]
    headers = (
        "Network",
        "Layer",
        "mean of activations",
        "std of activations",
        "theory",
        "rms of ∂L/∂z",
        "theory",
        "mean |∂L/∂w|",
    )
    table = Table(title="Layer by layer, at the start", headers=headers, rows=rows, shown=24)
    return Section(
        name="network",
        heading="Your network, as it starts",
        text=text,
        pictures=signals_pictures(found, "the network, at the start"),
        tables=(table,),
    )
