"""Names of PyTorch's loss functions, by what they take for targets."""

from __future__ import annotations

CLASSES = ("cross_entropy", "nll_loss")
OF_LOGITS = ("binary_cross_entropy_with_logits", "soft_margin_loss", "multilabel_soft_margin_loss")
"""The same loss under three names; the second takes targets of 1 and −1."""
BINARY = ("binary_cross_entropy", *OF_LOGITS)
SIGNED = ("soft_margin_loss", "hinge_embedding_loss", "cosine_embedding_loss", "margin_ranking_loss")
"""Losses whose target, the last tensor that they are given, is 1 or −1."""
