"""Predictions: the link that turns a network's outputs into them, and the share of them that are right.

Loss and training read outputs; *solved* and accuracy read predictions. The loss determines the link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.maths.activation_functions import identity, sigmoid, softmax

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A function of outputs ``[..., outputs]`` whose values, of the same shape, are the predictions.

    ``torch_value(torch, outputs)`` is the same in PyTorch, ``torch_code`` as a script writes it of ``{}``.
    """

    name: str
    code: int
    formula: str
    citation: str
    value: Callable[[Array], Array]
    torch_value: Callable[[Any, Any], Any]
    torch_code: str


def _exp(outputs: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.exp(outputs)


def _margin(outputs: Array) -> Array:
    # Halved first, because the sum of the largest floats would overflow.
    return np.clip(0.5 * outputs + 0.5, 0.0, 1.0)


_TABLE = (
    Link(
        name="identity",
        code=0,
        formula="p = z",
        citation="outputs are predictions",
        value=identity,
        torch_value=lambda torch, outputs: outputs,
        torch_code="{}",
    ),
    Link(
        name="sigmoid",
        code=1,
        formula="p = 1 / (1 + e⁻ᶻ)",
        citation="outputs are log-odds; torch.nn.BCEWithLogitsLoss",
        value=sigmoid,
        torch_value=lambda torch, outputs: torch.sigmoid(outputs),
        torch_code="torch.sigmoid({})",
    ),
    Link(
        name="softmax",
        code=2,
        formula="pᵢ = eᶻⁱ / Σⱼ eᶻʲ",
        citation="outputs are logits; torch.nn.CrossEntropyLoss",
        value=softmax,
        torch_value=lambda torch, outputs: torch.softmax(outputs, dim=-1),
        torch_code="torch.softmax({}, dim=1)",
    ),
    Link(
        name="exp",
        code=3,
        formula="p = eᶻ",
        citation="outputs are log-probabilities; torch.nn.NLLLoss",
        value=_exp,
        torch_value=lambda torch, outputs: torch.exp(outputs),
        torch_code="torch.exp({})",
    ),
    Link(
        name="margin",
        code=4,
        formula="p = min(max((z + 1) / 2, 0), 1)",
        citation="outputs are margins about 0, right at −1 and 1; Vapnik 1995",
        value=_margin,
        torch_value=lambda torch, outputs: torch.clamp((outputs + 1.0) / 2.0, 0.0, 1.0),
        torch_code="(({} + 1) / 2).clamp(0, 1)",
    ),
)

LINKS: dict[str, Link] = {entry.name: entry for entry in _TABLE}
"""Every link by name."""


def is_right(predictions: npt.ArrayLike, targets: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return ``[..., examples]``: whether each of the predictions ``[..., examples, outputs]`` is right.

    One output: prediction and target on the same side of ½, ½ itself below. Many: the largest in the same
    place, ties to the first. A prediction with a NaN in it is never right.
    """
    p, y = np.asarray(predictions), np.asarray(targets)
    same = (p > 0.5)[..., 0] == (y > 0.5)[..., 0] if p.shape[-1] == 1 else p.argmax(-1) == y.argmax(-1)
    return same & ~np.isnan(p).any(axis=-1)


def accuracy(predictions: npt.ArrayLike, targets: npt.ArrayLike) -> Array:
    """Return ``[...]``: the share of examples that `is_right`."""
    return is_right(predictions, targets).mean(axis=-1)
