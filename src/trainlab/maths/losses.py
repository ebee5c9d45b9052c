"""Losses of outputs and targets (PyTorch's ``reduction="mean"``): everything about each in one place.

Beside its entry a new loss needs the struct of its settings (`spec.losses`), a pair of functions in the
kernel (`loss_terms`), and what `explain loss` says of it; tests/engine/test_new_loss.py adds one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trainlab.maths import loss_functions as f

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """A loss of outputs and targets of one shape, each ``[examples, outputs]``.

    ``value(output, target, **settings)`` is a number; ``gradient`` its derivative by the output;
    ``tangent(output, change, target, **settings)`` how that changes, None where it isn't known. The mean is
    over all elements or over the examples. ``link`` names what turns outputs into predictions; ``label`` is
    what pictures call it.

    ``targets`` says whether they may be any numbers or are shares, from 0 to 1. ``best_constant(target,
    **settings)`` are the outputs ``[outputs]`` that do best if they must ignore the inputs; None where they
    are to be searched for, between the lowest target and the highest: the loss is then convex in each output.
    ``kinks(output, target, **settings)`` is 0 where one formula takes over from another, with a sign on each
    side of that; None where there is only one.

    ``torch_class`` and ``torch_function`` are the names in ``torch.nn`` and ``torch.nn.functional``, None
    where there is none. Where PyTorch hasn't the loss for such targets, ``torch_terms(torch, output,
    target)`` are what is averaged, summed over the outputs if the mean is over examples, and ``torch_code``
    what a script returns of ``outputs`` and ``targets``.
    """

    name: str
    code: int
    formula: str
    citation: str
    torch_class: str | None
    torch_function: str | None = None
    torch_terms: Callable[[Any, Any, Any], Any] | None = None
    torch_code: tuple[str, ...] = ()
    label: str = ""
    link: str = "identity"
    mean_over: Literal["elements", "examples"] = "elements"
    value: Callable[..., float]
    gradient: Callable[..., Array]
    tangent: Callable[..., Array] | None = None
    targets: Literal["numbers", "shares"] = "numbers"
    best_constant: Callable[..., Array] | None = None
    kinks: Callable[..., Array] | None = None


_TABLE = (
    Loss(
        name="l1",
        code=0,
        formula="L = mean |p − y|, ∂L/∂p = sign(p − y) / N, and 0 where p = y",
        citation="torch.nn.L1Loss",
        torch_class="L1Loss",
        torch_function="l1_loss",
        label="L1",
        value=f.l1,
        gradient=f.l1_gradient,
        tangent=f.no_tangent,
        best_constant=f.best_median,
        kinks=f.l1_kinks,
    ),
    Loss(
        name="mse",
        code=1,
        formula="L = mean (p − y)², ∂L/∂p = 2 (p − y) / N",
        citation="torch.nn.MSELoss",
        torch_class="MSELoss",
        torch_function="mse_loss",
        label="MSE",
        value=f.mse,
        gradient=f.mse_gradient,
        tangent=f.mse_tangent,
        best_constant=f.best_mean,
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
        torch_function="huber_loss",
        label="Huber",
        value=f.huber,
        gradient=f.huber_gradient,
        tangent=f.huber_tangent,
        kinks=f.huber_kinks,
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
        torch_function="smooth_l1_loss",
        label="smooth L1",
        value=f.smooth_l1,
        gradient=f.smooth_l1_gradient,
        tangent=f.smooth_l1_tangent,
        kinks=f.smooth_l1_kinks,
    ),
    Loss(
        name="log_cosh",
        code=4,
        formula="L = mean ln cosh(p − y), ∂L/∂p = tanh(p − y) / N",
        citation="Green, IEEE Transactions on Medical Imaging 9, 1990",
        torch_class=None,
        torch_terms=f.log_cosh_terms,
        torch_code=(
            "gap = (outputs - targets).abs()",
            "return (gap + nn.functional.softplus(-2 * gap) - math.log(2)).mean()",
        ),
        label="log cosh",
        value=f.log_cosh,
        gradient=f.log_cosh_gradient,
        tangent=f.log_cosh_tangent,
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
        torch_function="binary_cross_entropy",
        label="BCE",
        value=f.bce,
        gradient=f.bce_gradient,
        tangent=f.bce_tangent,
        targets="shares",
        best_constant=f.best_mean,
        kinks=f.bce_kinks,
    ),
    Loss(
        name="bce_with_logits",
        code=6,
        formula="L = mean ln(1 + eᶻ) − y z, ∂L/∂z = (σ(z) − y) / N",
        citation="torch.nn.BCEWithLogitsLoss",
        torch_class="BCEWithLogitsLoss",
        torch_function="binary_cross_entropy_with_logits",
        label="BCE with logits",
        link="sigmoid",
        value=f.bce_with_logits,
        gradient=f.bce_with_logits_gradient,
        tangent=f.bce_with_logits_tangent,
        targets="shares",
        best_constant=f.best_logit,
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
        torch_function="cross_entropy",
        label="cross-entropy",
        link="softmax",
        mean_over="examples",
        value=f.cross_entropy,
        gradient=f.cross_entropy_gradient,
        tangent=f.cross_entropy_tangent,
        targets="shares",
        best_constant=f.best_logarithms,
    ),
    Loss(
        name="nll",
        code=8,
        formula="L = −Σ y z / examples, z log-probabilities; ∂L/∂z = −y / examples",
        citation="torch.nn.NLLLoss",
        torch_class="NLLLoss",
        torch_function="nll_loss",
        torch_terms=f.nll_terms,
        torch_code=("return -(targets * outputs).sum(dim=1).mean()",),
        label="NLL",
        link="exp",
        mean_over="examples",
        value=f.nll,
        gradient=f.nll_gradient,
        tangent=f.no_tangent,
        targets="shares",
        best_constant=f.best_logarithms,
    ),
    Loss(
        name="hinge",
        code=9,
        formula="L = mean max(0, 1 − t p), t = 2 y − 1; ∂L/∂p = −t / N where t p < 1, else 0",
        citation="Cortes & Vapnik, Machine Learning 20, 1995",
        torch_class=None,
        torch_terms=f.hinge_terms,
        torch_code=("return torch.relu(1 - (2 * targets - 1) * outputs).mean()",),
        label="hinge",
        link="margin",
        value=f.hinge,
        gradient=f.hinge_gradient,
        tangent=f.no_tangent,
        targets="shares",
        best_constant=f.best_side,
        kinks=f.hinge_kinks,
    ),
)

LOSSES: dict[str, Loss] = {entry.name: entry for entry in _TABLE}
"""Every loss by name."""
