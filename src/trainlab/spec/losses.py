"""Losses, named as in ``torch.nn``: what the training makes small."""

from __future__ import annotations

from trainlab.spec.checks import check_number
from trainlab.spec.fields import settle
from trainlab.spec.kinds import Kind


class L1(Kind, frozen=True, kw_only=True, tag="l1"):
    """mean |p − y|, as ``torch.nn.L1Loss``."""


class MSE(Kind, frozen=True, kw_only=True, tag="mse"):
    """mean (p − y)², as ``torch.nn.MSELoss``."""


class Huber(Kind, frozen=True, kw_only=True, tag="huber"):
    """Half the square up to `delta`, then delta · (|p − y| − delta/2), as ``torch.nn.HuberLoss``."""

    delta: float = 1.0

    def __post_init__(self) -> None:
        settle(self)
        check_number("delta", self.delta, above=0)


class SmoothL1(Kind, frozen=True, kw_only=True, tag="smooth_l1"):
    """Huber's loss divided by its `beta`, as ``torch.nn.SmoothL1Loss``; with beta 0 the L1 loss."""

    beta: float = 1.0

    def __post_init__(self) -> None:
        settle(self)
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
        settle(self)
        check_number("label_smoothing", self.label_smoothing, at_least=0, at_most=1)


class NLL(Kind, frozen=True, kw_only=True, tag="nll"):
    """Cross-entropy of outputs that are log-probabilities, as ``torch.nn.NLLLoss``.

    As in PyTorch any outputs may stand in their place, so that a wrong pairing of the two can be studied: of
    outputs that aren't from ``log_softmax`` it is no cross-entropy, and may fall without end.
    """


class Hinge(Kind, frozen=True, kw_only=True, tag="hinge"):
    """mean max(0, 1 − t·p) with t = 2y − 1 (Cortes & Vapnik 1995)."""


Loss = L1 | MSE | Huber | SmoothL1 | LogCosh | BCE | BCEWithLogits | CrossEntropy | NLL | Hinge
