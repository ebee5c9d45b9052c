"""Losses of outputs and targets (PyTorch's ``reduction="mean"``), and their gradients by the outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trainlab.maths import loss_functions as f

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """A loss of outputs and targets of one shape, each ``[examples, outputs]``.

    ``value(output, target, **settings)`` is a number; ``gradient`` its derivative by the output. The mean is
    over all elements or over the examples. ``link`` names what turns outputs into predictions;
    ``torch_class`` the class of ``torch.nn``, None where it has none.
    """

    name: str
    code: int
    formula: str
    citation: str
    torch_class: str | None
    link: str = "identity"
    mean_over: Literal["elements", "examples"] = "elements"
    value: Callable[..., float]
    gradient: Callable[..., Array]


_TABLE = (
    Loss(
        name="l1",
        code=0,
        formula="L = mean |p − y|, ∂L/∂p = sign(p − y) / N, and 0 where p = y",
        citation="torch.nn.L1Loss",
        torch_class="L1Loss",
        value=f.l1,
        gradient=f.l1_gradient,
    ),
    Loss(
        name="mse",
        code=1,
        formula="L = mean (p − y)², ∂L/∂p = 2 (p − y) / N",
        citation="torch.nn.MSELoss",
        torch_class="MSELoss",
        value=f.mse,
        gradient=f.mse_gradient,
    ),
    Loss(
        name="huber",
        code=2,
        formula=(
            "L = mean d²/2 where |d| ≤ delta, delta (|d| − delta/2) beyond, d = p − y; "
            "∂L/∂p = min(max(d, −delta), delta) / N"
        ),
        citation="Huber, Annals of Mathematical Statistics 35, 1964; torch.nn.HuberLoss",
        torch_class="HuberLoss",
        value=f.huber,
        gradient=f.huber_gradient,
    ),
    Loss(
        name="smooth_l1",
        code=3,
        formula=(
            "L = mean d²/(2 beta) where |d| ≤ beta, |d| − beta/2 beyond, d = p − y; "
            "∂L/∂p = min(max(d/beta, −1), 1) / N"
        ),
        citation="Girshick, ICCV 2015; torch.nn.SmoothL1Loss",
        torch_class="SmoothL1Loss",
        value=f.smooth_l1,
        gradient=f.smooth_l1_gradient,
    ),
    Loss(
        name="log_cosh",
        code=4,
        formula="L = mean ln cosh(p − y), ∂L/∂p = tanh(p − y) / N",
        citation="Green, IEEE Transactions on Medical Imaging 9, 1990",
        torch_class=None,
        value=f.log_cosh,
        gradient=f.log_cosh_gradient,
    ),
    Loss(
        name="bce",
        code=5,
        formula=(
            "L = −mean (y ln p + (1 − y) ln(1 − p)), logarithms at least −100; "
            "∂L/∂p = (p − y) / max(p (1 − p), 1e-12) / N"
        ),
        citation="torch.nn.BCELoss",
        torch_class="BCELoss",
        value=f.bce,
        gradient=f.bce_gradient,
    ),
    Loss(
        name="bce_with_logits",
        code=6,
        formula="L = mean ln(1 + eᶻ) − y z, ∂L/∂z = (σ(z) − y) / N",
        citation="torch.nn.BCEWithLogitsLoss",
        torch_class="BCEWithLogitsLoss",
        link="sigmoid",
        value=f.bce_with_logits,
        gradient=f.bce_with_logits_gradient,
    ),
    Loss(
        name="cross_entropy",
        code=7,
        formula=(
            "L = −Σ y′ ln softmax(z) / examples, y′ = (1 − label_smoothing) y + label_smoothing / C; "
            "∂L/∂z = (softmax(z) − y′) / examples"
        ),
        citation="Szegedy et al., CVPR 2016 (label smoothing); torch.nn.CrossEntropyLoss",
        torch_class="CrossEntropyLoss",
        link="softmax",
        mean_over="examples",
        value=f.cross_entropy,
        gradient=f.cross_entropy_gradient,
    ),
    Loss(
        name="nll",
        code=8,
        formula="L = −Σ y z / examples, z log-probabilities; ∂L/∂z = −y / examples",
        citation="torch.nn.NLLLoss",
        torch_class="NLLLoss",
        link="exp",
        mean_over="examples",
        value=f.nll,
        gradient=f.nll_gradient,
    ),
    Loss(
        name="hinge",
        code=9,
        formula="L = mean max(0, 1 − t p), t = 2 y − 1; ∂L/∂p = −t / N where t p < 1, else 0",
        citation="Cortes & Vapnik, Machine Learning 20, 1995",
        torch_class=None,
        link="margin",
        value=f.hinge,
        gradient=f.hinge_gradient,
    ),
)

LOSSES: dict[str, Loss] = {entry.name: entry for entry in _TABLE}
"""Every loss by name."""
