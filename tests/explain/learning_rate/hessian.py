"""The whole Hessian of an experiment's loss by autograd, which products and formulas are held against."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.reference import build_module
from trainlab.explain.questions.learning_rate.one_step import loss_of
from trainlab.spec import Experiment

Array = npt.NDArray[np.float64]


def dense_hessian(torch: Any, experiment: Experiment, parameters: Array) -> Array:
    """Return the Hessian ``[P, P]`` of that loss at a row of parameters, row by row by autograd."""
    module = build_module(torch, experiment, 0, "float64")
    with torch.no_grad():
        torch.nn.utils.vector_to_parameters(torch.from_numpy(parameters.copy()), module.parameters())
    weights = list(module.parameters())
    slopes = torch.autograd.grad(loss_of(torch, experiment, module), weights, create_graph=True)
    slope = torch.cat([each.reshape(-1) for each in slopes])
    rows: list[Array] = []
    for entry in slope:
        if not entry.requires_grad:
            rows.append(np.zeros(len(parameters)))
            continue
        parts = torch.autograd.grad(entry, weights, retain_graph=True, allow_unused=True)
        filled = [
            torch.zeros_like(weight) if part is None else part
            for part, weight in zip(parts, weights, strict=True)
        ]
        rows.append(torch.cat([part.reshape(-1) for part in filled]).numpy())
    return np.stack(rows)
