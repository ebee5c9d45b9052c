"""Names of PyTorch's loss functions, by the outputs and targets that they take."""

from __future__ import annotations

CLASSES = ("cross_entropy", "nll_loss")
OF_LOGITS = ("binary_cross_entropy_with_logits", "soft_margin_loss", "multilabel_soft_margin_loss")
"""The binary cross-entropy of the outputs' sigmoid, but for weights; the second's targets are 1 and −1."""
BINARY = ("binary_cross_entropy", *OF_LOGITS)
"""A yes or no for each output."""
SIGNED = ("soft_margin_loss", "hinge_embedding_loss", "cosine_embedding_loss")
"""Losses whose target, the last tensor that they are given, is 1 or −1; of a ranking's, 0 may be a tie."""
