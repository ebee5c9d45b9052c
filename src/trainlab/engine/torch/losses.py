"""The loss of each network of a stack, from outputs and targets ``[n, examples, outputs]``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import torch
from torch.nn import functional as f

from trainlab.engine.custom_loss import tensor_function
from trainlab.engine.torch.stack import over_outputs
from trainlab.maths import LINKS
from trainlab.maths.loss_functions import nll_terms
from trainlab.spec import BCE, CrossEntropy, Custom, Loss, loss_entry

Criterion = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Outputs and targets to losses ``[n]``."""


def criterion_of(loss: Loss) -> Criterion:
    """Return the loss as a function: torch.nn.functional's, or a formula where that has none."""
    if isinstance(loss, CrossEntropy):
        smoothing, log_softmax = loss.label_smoothing, over_outputs(torch.log_softmax)
        return lambda z, y: _over_examples(nll_terms(torch, log_softmax(z), _smoothed(y, smoothing)))
    terms = _terms_of(loss)
    if loss_entry(loss).mean_over == "examples":
        return lambda p, y: _over_examples(terms(p, y))
    return lambda p, y: terms(p, y).mean(dim=(1, 2))


def predictions_of(loss: Loss, outputs: torch.Tensor) -> torch.Tensor:
    """Return the predictions that outputs ``[n, examples, outputs]`` stand for under this loss."""
    link = loss_entry(loss).link
    if link == "softmax":
        return over_outputs(torch.softmax)(outputs)
    return LINKS[link].torch_value(torch, outputs)


def _terms_of(loss: Loss) -> Criterion:
    """Return what of a loss is averaged, ``[n, examples, outputs]``."""
    if isinstance(loss, Custom):
        own = tensor_function(loss, engine="torch")
        return lambda p, y: own(p, y.expand_as(p))
    if isinstance(loss, BCE):
        return _bce
    entry = loss_entry(loss)
    terms = entry.torch_terms
    if terms is not None:
        return lambda p, y: terms(torch, p, y)
    function: Any = getattr(f, str(entry.torch_function))
    settings = msgspec.structs.asdict(loss)
    return lambda p, y: function(p, y.expand_as(p), reduction="none", **settings)


def _bce(probabilities: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    # torch refuses NaN. As in the reference, a network with one somewhere has the loss p·y, NaN itself.
    lost = torch.isnan(probabilities).flatten(1).any(dim=1)[:, None, None]
    safe = torch.where(lost, 0.5, probabilities)
    losses = f.binary_cross_entropy(safe, targets.expand_as(safe), reduction="none")
    return torch.where(lost, probabilities * targets, losses)


def _over_examples(terms: torch.Tensor) -> torch.Tensor:
    return terms.sum(dim=2).mean(dim=1)


def _smoothed(targets: torch.Tensor, smoothing: float) -> torch.Tensor:
    return targets if not smoothing else targets * (1.0 - smoothing) + smoothing / targets.shape[-1]
