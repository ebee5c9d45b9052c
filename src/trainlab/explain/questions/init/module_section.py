"""The sections on a torch module: signals through its layers, and equal neurons in them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainlab.draw import Measured, format_number, join, measured_curves
from trainlab.draw.table import Cell
from trainlab.explain.questions.init.layers_module import ModuleLayer
from trainlab.page.section import Section, Table, paragraphs


def module_section(
    layers: Sequence[ModuleLayer], name: str, batch: int, never: Sequence[str], notes: Sequence[str]
) -> Section:
    """Return what the layers of a module pass on and get back, for one batch; `notes` say how it was run."""
    rows: list[tuple[Cell, ...]] = [
        (
            f"{each.name} ({each.kind})",
            each.fan_in,
            each.weight_std,
            each.scaled,
            *(
                value if math.isfinite(value) else None
                for value in (each.mean, each.std, each.gradient, each.weight_gradient)
            ),
        )
        for each in layers
    ]
    called = [each for each in layers if each.called]
    nothing = [math.nan] * len(called)
    places = list(range(1, len(called) + 1))
    pictures = [
        measured_curves(
            [Measured(label=label, x=places, theory=nothing, measured=values, low=nothing, high=nothing)],
            x_label="layer with weights, in the order of the pass",
            y_label=what,
            title=title,
            log_y=True,
            measured_label="One module, one batch: no interval.",
        )
        for label, what, title, values in (
            (
                "outputs",
                "Standard deviation of outputs",
                f"Forward through {name}",
                [each.std for each in called],
            ),
            (
                "gradients",
                "Root mean square of ∂L/∂output",
                f"Back through {name}",
                [each.gradient for each in called],
            ),
        )
    ]
    return Section(
        name="module",
        heading=f"{name}, with a batch of {batch:,}",
        text=paragraphs(
            "Each layer with weights, measured on a copy; the module itself is as it was. To compare the "
            "weights with schemes: std · √fan_in is 0.577 for PyTorch's default, 1 for LeCun's, 1.414 for "
            "He's.",
            notes,
            f"From the first layer to the last, outputs go from a deviation of {_n(called[0].std)} to "
            f"{_n(called[-1].std)}, gradients from {_n(called[-1].gradient)} at the last back to "
            f"{_n(called[0].gradient)} at the first."
            if called
            else "",
            met_words(layers, never),
        ),
        pictures=tuple(pictures) if called else (),
        tables=(
            Table(
                title="Layer by layer",
                headers=(
                    "Layer",
                    "fan_in",
                    "std of weights",
                    "std · √fan_in",
                    "mean of outputs",
                    "std of outputs",
                    "rms of ∂L/∂output",
                    "mean |∂L/∂w|",
                ),
                rows=rows,
                shown=40,
            ),
        ),
    )


def met_words(layers: Sequence[ModuleLayer], never: Sequence[str]) -> str:
    """Return which layers the batch met without calling them, and which it never met; empty if none."""
    aside = [repr(each.name) for each in layers if not each.called]
    words = f"{join(aside)} is used without being called, so its outputs weren't seen." if aside else ""
    if len(aside) > 1:
        words = f"{join(aside)} are used without being called, so their outputs weren't seen."
    told = f"The batch never met {join([repr(each) for each in never])}." if never else ""
    return " ".join(part for part in (words, told) if part)


def module_symmetry_section(layers: Sequence[ModuleLayer]) -> Section:
    """Return how many neurons of a module's layers are equal, in weights and in gradients."""
    equal = [each for each in layers if each.distinct_rows < each.neurons]
    same = [
        each
        for each in layers
        if each.distinct_gradients is not None and each.distinct_gradients < each.neurons
    ]
    told = (
        f"{len(equal)} of {len(layers)} layers have neurons with the same incoming weights and bias."
        if equal
        else "No two neurons of a layer have the same incoming weights and bias."
    )
    more = (
        f"In {len(same)} of {len(layers)} some neurons get the same gradient; those that also start equal "
        "stay equal, and dead ones (gradient 0) don't move."
        if same
        else "No two neurons of a layer get the same gradient: no symmetry."
    )
    return Section(
        name="symmetry",
        heading="Symmetry: equal neurons",
        text=(told, more),
        tables=(
            Table(
                title="Neurons that differ",
                headers=("Layer", "neurons", "differ in weights", "differ in gradient"),
                rows=[
                    (each.name, each.neurons, each.distinct_rows, each.distinct_gradients) for each in layers
                ],
                shown=40,
            ),
        ),
    )


def _n(value: float) -> str:
    return format_number(value) if math.isfinite(value) else "nothing"
