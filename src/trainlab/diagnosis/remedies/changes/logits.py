# pyright: basic
"""Losses given what they are made for: logits, or log-probabilities, whatever the script hands them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.remedies.changes.tensor_sources import made_of, remember
from trainlab.diagnosis.remedies.patching import Patching, function_places

_LIMITS = ("clamp", "clamp_min", "clamp_max", "clip", "relu", "hardtanh", "abs", "tanh", "hardsigmoid")
_SQUASHING = ("softmax", "sigmoid")
_EPS = 1e-7
_SHAPING = frozenset(
    ("ViewBackward0", "UnsafeViewBackward0", "ReshapeAliasBackward0", "SqueezeBackward0", "SqueezeBackward1",
     "UnsqueezeBackward0", "SelectBackward0", "SliceBackward0", "TransposeBackward0", "PermuteBackward0",
     "TBackward0", "ToCopyBackward0", "CloneBackward0")
)  # fmt: skip


def given_logits(on: Patching) -> None:
    """Undo a softmax or sigmoid before a loss that applies it itself, and apply it where one is needed."""
    remember(on, (*_SQUASHING, *_LIMITS))
    functional = nn.functional
    on.replace(functional, "cross_entropy", lambda original: _undone(on, original, "softmax"))
    on.replace(
        functional, "binary_cross_entropy_with_logits", lambda original: _undone(on, original, "sigmoid")
    )
    for owner, name in function_places("log_softmax", inplace=False):
        on.replace(owner, name, lambda original: _undone(on, original, "softmax"))
    remember(on, ("log_softmax",))
    on.replace(functional, "nll_loss", lambda original: _log_probabilities(on, original))
    on.replace(functional, "binary_cross_entropy", lambda original: _with_logits(on, original))


def _undone(on: Patching, original: Any, name: str) -> Any:
    """Return the function applied to what `name` was given, where its input came out of `name`."""

    def loss(output: Any, *args: Any, **kwargs: Any) -> Any:
        bare = _before(output, name)
        if bare is None:
            return original(output, *args, **kwargs)
        on.act()
        return original(bare, *args, **kwargs)

    return loss


def _before(output: Any, name: str) -> torch.Tensor | None:
    """Return logits for what came out of softmax or sigmoid, also where its shape was changed since."""
    made = made_of(output)
    if made is not None:
        return made[1] if made[0] in (name, *_SQUASHING) else None
    if not isinstance(output, torch.Tensor):
        return None
    node = output.grad_fn
    while node is not None and node.name() in _SHAPING:
        node = node.next_functions[0][0] if node.next_functions else None
    kind = node.name() if node is not None else ""
    # The inverse of softmax is known up to a constant, which a second softmax doesn't see.
    if kind.startswith("Softmax"):
        return output.clamp_min(_EPS).log()
    return torch.logit(output, _EPS) if kind.startswith("Sigmoid") else None


def _log_probabilities(on: Patching, original: Any) -> Any:
    def nll_loss(output: Any, *args: Any, **kwargs: Any) -> Any:
        made = made_of(output)
        if made is not None and made[0] == "log_softmax":
            return original(output, *args, **kwargs)
        bare = _before(output, "softmax")
        logits = output if bare is None else bare
        logs = nn.functional.log_softmax(logits, 1 if logits.dim() > 1 else 0)
        if torch.allclose(logs, output, atol=1e-3):
            return original(output, *args, **kwargs)
        on.act()
        return original(logs, *args, **kwargs)

    return nll_loss


def _with_logits(on: Patching, original: Any) -> Any:
    """Return the loss with a sigmoid of its own, where what it is given has none."""

    def binary_cross_entropy(output: Any, target: Any, weight: Any = None, *args: Any, **kwargs: Any) -> Any:
        source, limited = output, False
        while (made := made_of(source)) is not None and made[0] in _LIMITS:
            source, limited = made[1], True
        squashed = made_of(source) is not None or _before(source, "sigmoid") is not None
        raw = limited or (output.grad_fn is not None and output.grad_fn.name().startswith(("Addmm", "Mm")))
        if squashed or not raw:
            return original(output, target, weight, *args, **kwargs)
        on.act()
        allowed = {name: value for name, value in kwargs.items() if name == "reduction"}
        return nn.functional.binary_cross_entropy_with_logits(source, target, weight, **allowed)

    return binary_cross_entropy
