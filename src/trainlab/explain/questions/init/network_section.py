"""The section on an experiment's own network, as it starts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainlab.draw.table import Cell
from trainlab.explain.questions.init.signals_section import signals_pictures, size_text
from trainlab.explain.questions.init.stack import LayerSignals
from trainlab.page.section import Section, Table

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
