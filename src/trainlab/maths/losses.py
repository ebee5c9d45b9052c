"""Losses: means over examples and outputs (PyTorch's ``reduction="mean"``), and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """A loss of predictions and targets of one shape, each ``[examples, outputs]``.

    ``value(prediction, target)`` is a number; ``gradient`` its derivative by the prediction.
    """

    name: str
    code: int
    formula: str
    citation: str
    torch_class: str
    value: Callable[[Array, Array], float]
    gradient: Callable[[Array, Array], Array]


_TABLE = (
    Loss(
        name="l1",
        code=0,
        formula="L = mean |p − y|, ∂L/∂p = sign(p − y) / N, and 0 where p = y",
        citation="torch.nn.L1Loss",
        torch_class="L1Loss",
        value=lambda p, y: float(np.mean(np.abs(p - y))),
        gradient=lambda p, y: np.sign(p - y) / p.size,
    ),
    Loss(
        name="mse",
        code=1,
        formula="L = mean (p − y)², ∂L/∂p = 2 (p − y) / N",
        citation="torch.nn.MSELoss",
        torch_class="MSELoss",
        value=lambda p, y: float(np.mean((p - y) ** 2)),
        gradient=lambda p, y: 2.0 * (p - y) / p.size,
    ),
)

LOSSES: dict[str, Loss] = {entry.name: entry for entry in _TABLE}
"""Every loss by name."""
