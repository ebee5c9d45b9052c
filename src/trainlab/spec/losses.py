"""Losses, named as in ``torch.nn``: what training minimises."""

from __future__ import annotations

import re

import msgspec

from trainlab.errors import SpecError, shown
from trainlab.maths import LOSSES
from trainlab.maths import Loss as Entry
from trainlab.maths.formula import custom_entry, latest_digest
from trainlab.spec.checks import check_number
from trainlab.spec.fields import Kind, convert_fields, name_of


class L1(Kind, frozen=True, kw_only=True, tag="l1"):
    """mean |p − y|, as ``torch.nn.L1Loss``."""


class MSE(Kind, frozen=True, kw_only=True, tag="mse"):
    """mean (p − y)², as ``torch.nn.MSELoss``."""


class Huber(Kind, frozen=True, kw_only=True, tag="huber"):
    """Half the square up to `delta`, then delta · (|p − y| − delta/2), as ``torch.nn.HuberLoss``."""

    delta: float = 1.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("delta", self.delta, above=0)


class SmoothL1(Kind, frozen=True, kw_only=True, tag="smooth_l1"):
    """Huber's loss divided by its `beta`, as ``torch.nn.SmoothL1Loss``; with beta 0 the L1 loss."""

    beta: float = 1.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("beta", self.beta, at_least=0)


class LogCosh(Kind, frozen=True, kw_only=True, tag="log_cosh"):
    """mean log cosh(p − y): half the square near 0, |p − y| − log 2 far away."""


class BCE(Kind, frozen=True, kw_only=True, tag="bce"):
    """Binary cross-entropy of outputs that are probabilities, as ``torch.nn.BCELoss``."""


class BCEWithLogits(Kind, frozen=True, kw_only=True, tag="bce_with_logits"):
    """Binary cross-entropy of outputs before a sigmoid, as ``torch.nn.BCEWithLogitsLoss``."""


class CrossEntropy(Kind, frozen=True, kw_only=True, tag="cross_entropy"):
    """Cross-entropy of outputs before a softmax, as ``torch.nn.CrossEntropyLoss``."""

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("label_smoothing", self.label_smoothing, at_least=0, at_most=1)


class NLL(Kind, frozen=True, kw_only=True, tag="nll"):
    """Cross-entropy of outputs that are log-probabilities, as ``torch.nn.NLLLoss``.

    As in PyTorch it accepts any outputs, so that a wrong pairing can be studied: if they don't come from
    ``log_softmax`` it isn't a cross-entropy, and may fall without limit.
    """


class Hinge(Kind, frozen=True, kw_only=True, tag="hinge"):
    """mean max(0, 1 − t·p) with t = 2y − 1 (Cortes & Vapnik 1995)."""


class Custom(Kind, frozen=True, kw_only=True, tag="custom"):
    """The mean of a user's own function, registered under this name with ``trainlab.custom_loss``.

    `digest` identifies the function; left out, it is that of the one registered last. With a digest, a file
    can be read, but not trained, where nothing is registered.
    """

    function: str
    digest: str = ""

    def __post_init__(self) -> None:
        convert_fields(self)
        if self.digest and not re.fullmatch(r"[0-9a-f]{64}", self.digest):
            raise SpecError(f"digest = {shown(self.digest)}: must be 64 hexadecimal digits, or left out.")
        if self.digest:
            return
        digest = latest_digest(self.function)
        if digest is None:
            raise SpecError(
                f"function = {shown(self.function)}: no loss is registered by that name; register it first: "
                f"trainlab.custom_loss({shown(self.function)}, function)."
            )
        msgspec.structs.force_setattr(self, "digest", digest)


Loss = L1 | MSE | Huber | SmoothL1 | LogCosh | BCE | BCEWithLogits | CrossEntropy | NLL | Hinge | Custom


def loss_named(name: str) -> Loss:
    """Return the loss of that name, a key of `LOSSES`, with its default settings."""
    return msgspec.convert({"name": name}, Loss)


def loss_entry(loss: Loss) -> Entry:
    """Return the formulas of a loss; for a custom one, those registered, or SpecError if there are none."""
    if isinstance(loss, Custom):
        return custom_entry(loss.function, loss.digest).entry
    return LOSSES[name_of(loss)]
