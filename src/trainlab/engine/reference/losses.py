"""Losses of outputs and targets ``[examples, outputs]``, and what turns outputs into predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from trainlab.engine.custom_loss import tensor_function
from trainlab.maths import LINKS
from trainlab.spec import BCE, Custom, Loss, loss_entry

Criterion = Callable[[Any, Any], Any]


def build_criterion(torch: Any, loss: Loss) -> Criterion:
    """Return the loss as a function: torch.nn's, or its formula where torch.nn has none for such targets."""
    if isinstance(loss, Custom):
        function = tensor_function(loss, engine="reference")
        return lambda p, y: function(p, y).mean()
    if isinstance(loss, BCE):
        return lambda p, y: _bce(torch, p, y)
    entry = loss_entry(loss)
    terms, settings = entry.torch_terms, msgspec.structs.asdict(loss)
    if terms is None:
        return getattr(torch.nn, str(entry.torch_class))(**settings)
    if entry.mean_over == "examples":
        return lambda p, y: terms(torch, p, y).sum(dim=1).mean()
    return lambda p, y: terms(torch, p, y).mean()


def predictions_of(torch: Any, loss: Loss, outputs: Any) -> Any:
    """Return the predictions that the outputs ``[examples, outputs]`` stand for under this loss."""
    return LINKS[loss_entry(loss).link].torch_value(torch, outputs)


def _bce(torch: Any, probabilities: Any, targets: Any) -> Any:
    # torch refuses what isn't between 0 and 1, NaN too; a network that diverges must go on.
    if bool(torch.isnan(probabilities).any()):
        return (probabilities * targets).mean()
    return torch.nn.functional.binary_cross_entropy(probabilities, targets)
