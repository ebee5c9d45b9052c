"""The same derivatives by PyTorch's autograd in float64, where PyTorch is installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.engine.reference.losses import build_criterion
from trainlab.engine.reference.module import build_module
from trainlab.explain.common.torch_import import torch_or_none
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass
from trainlab.explain.questions.chain_rule.notation import Entry
from trainlab.spec import Experiment


@dataclass(frozen=True, kw_only=True, slots=True)
class Autograd:
    """∂L/∂w by autograd, and `worst`: the largest difference of any weight's derivative to the backward
    pass's, as a share of the largest derivative (0 where all are 0).
    """

    value: float
    worst: float


def autograd_check(experiment: Experiment, seed: int, example: ExamplePass, entry: Entry) -> Autograd | None:
    """Return what autograd says of the same network and point; None without PyTorch."""
    torch = torch_or_none()
    if torch is None:
        return None
    parts = [
        each.ravel() for layer in example.layers for each in (layer.weight, layer.bias) if each is not None
    ]
    module = build_module(torch, experiment, seed, "float64", start=np.concatenate(parts))
    return compare(torch, module, build_criterion(torch, experiment.loss), example, entry)


def compare(torch: Any, module: Any, criterion: Any, example: ExamplePass, entry: Entry) -> Autograd:
    """Return autograd's derivatives of this module (Linear, activation, Linear, …) beside the example's."""
    inputs, targets = torch.from_numpy(example.inputs.copy()), torch.from_numpy(example.targets.copy())
    loss = criterion(module(inputs), targets)
    linears = list(module)[::2]
    parameters = [parameter for linear in linears for parameter in linear.parameters()]
    found = iter(torch.autograd.grad(loss, parameters))
    gaps, sizes, value = [0.0], [0.0], 0.0
    for place, gradient in enumerate(example.gradients, start=1):
        weight = next(found).numpy()
        pairs = [(weight, gradient.weight)]
        if gradient.bias is not None:
            pairs.append((next(found).numpy(), gradient.bias))
        gaps += [float(np.abs(theirs - ours).max()) for theirs, ours in pairs]
        sizes += [float(np.abs(theirs).max()) for theirs, _ in pairs]
        if place == entry.layer:
            chosen = (
                pairs[1][0][entry.unit - 1]
                if entry.source is None
                else weight[entry.unit - 1, entry.source - 1]
            )
            value = float(chosen)
    return Autograd(value=value, worst=max(gaps) / max(sizes) if max(sizes) > 0 else max(gaps))
