"""Losses of outputs and targets ``[examples, outputs]``, and what turns outputs into predictions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec

from trainlab.engine.custom_loss import tensor_function
from trainlab.maths import LOSSES
from trainlab.spec import BCE, NLL, CrossEntropy, Custom, Hinge, LogCosh, Loss, loss_entry, name_of

Criterion = Callable[[Any, Any], Any]


def build_criterion(torch: Any, loss: Loss) -> Criterion:
    """Return the loss as a function: torch.nn's, or its formula where torch.nn has none for such targets."""
    f = torch.nn.functional
    if isinstance(loss, Custom):
        function = tensor_function(loss, engine="reference")
        return lambda p, y: function(p, y).mean()
    if isinstance(loss, BCE):
        return lambda p, y: _bce(torch, p, y)
    if isinstance(loss, CrossEntropy):
        return lambda z, y: f.cross_entropy(z, y, label_smoothing=loss.label_smoothing)
    if isinstance(loss, NLL):
        # torch.nn.NLLLoss takes the numbers of classes, not rows of shares.
        return lambda z, y: -(y * z).sum(dim=1).mean()
    if isinstance(loss, LogCosh):
        return lambda p, y: log_cosh(torch, p - y).mean()
    if isinstance(loss, Hinge):
        # relu, whose derivative at the kink is 0; that of clamp is 1.
        return lambda p, y: torch.relu(1.0 - (2.0 * y - 1.0) * p).mean()
    return getattr(torch.nn, str(LOSSES[name_of(loss)].torch_class))(**msgspec.structs.asdict(loss))


def predictions_of(torch: Any, loss: Loss, outputs: Any) -> Any:
    """Return the predictions that the outputs ``[examples, outputs]`` stand for under this loss."""
    link = loss_entry(loss).link
    if link == "sigmoid":
        return torch.sigmoid(outputs)
    if link == "softmax":
        return torch.softmax(outputs, dim=1)
    if link == "exp":
        return torch.exp(outputs)
    return torch.clamp((outputs + 1.0) / 2.0, 0.0, 1.0) if link == "margin" else outputs


def log_cosh(torch: Any, d: Any) -> Any:
    """Return log cosh of each error, as exact near 0 as far from it.

    Below 1 it is log(1 + sinh² d)/2, of which no digit is lost; beyond, |d| + log(1 + e^(−2|d|)) − log 2, in
    which no power of e overflows. No large d reaches sinh: 0 times its infinite slope would be NaN.
    """
    size = d.abs()
    near = size < 1.0
    small = 0.5 * torch.log1p(torch.sinh(torch.where(near, d, 0.0)).square())
    large = size + torch.nn.functional.softplus(-2.0 * size) - math.log(2.0)
    return torch.where(near, small, large)


def _bce(torch: Any, probabilities: Any, targets: Any) -> Any:
    # torch refuses what isn't between 0 and 1, NaN too; a network that diverges must go on.
    if bool(torch.isnan(probabilities).any()):
        return (probabilities * targets).mean()
    return torch.nn.functional.binary_cross_entropy(probabilities, targets)
