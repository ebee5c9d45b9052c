"""A neuron's numbers held against those of torch's autograd, in float64, and the section that says so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainlab.draw import format_number
from trainlab.engine.network_pass import Array, Layer
from trainlab.explain.common.torch_installed import torch_or_none
from trainlab.explain.questions.neuron.decompose import Neuron
from trainlab.page.section import Section
from trainlab.spec import Experiment


def autograd_difference(
    experiment: Experiment, layers: Sequence[Layer], point: Array, neuron: Neuron
) -> float | None:
    """Return the largest difference of sum, output, slope and ∂a/∂w to autograd's; None without torch."""
    torch = torch_or_none()
    if torch is None:
        return None
    from trainlab.engine.reference import build_module

    module = build_module(torch, experiment, 0, "float64")
    linears = list(module)[::2]
    with torch.no_grad():
        for linear, layer in zip(linears, layers, strict=True):
            linear.weight.copy_(torch.from_numpy(layer.weight))
            if layer.bias is not None:
                linear.bias.copy_(torch.from_numpy(layer.bias))
    values = torch.from_numpy(point.copy())[None]
    parts = list(module)[: 2 * neuron.layer]
    for part in parts[:-1]:
        values = part(values)
    values.retain_grad()
    output = parts[-1](values)[0, neuron.unit - 1]
    output.backward()
    chosen = neuron.unit - 1
    slope, gradient = values.grad, linears[neuron.layer - 1].weight.grad
    assert slope is not None
    assert gradient is not None
    return max(
        abs(float(values[0, chosen].detach()) - neuron.sum),
        abs(float(output.detach()) - neuron.output),
        abs(float(slope[0, chosen]) - neuron.slope),
        float(np.abs(gradient[chosen].numpy() - neuron.gradient).max()),
    )


def check_section(difference: float | None) -> Section:
    """Return how far the neuron's numbers are from autograd's."""
    words = (
        "torch isn't installed, so these numbers weren't compared with autograd; "
        "pip install 'trainlab[torch]' and ask again."
        if difference is None
        else "Sum, output, slope and the change by each weight, computed again by torch's autograd in "
        f"float64: the largest difference is {format_number(difference)}."
    )
    return Section(name="check", heading="Checked against autograd", text=(words,))
