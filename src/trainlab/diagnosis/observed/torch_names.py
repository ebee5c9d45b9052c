"""PyTorch's own names: loss functions by the targets they take, autograd nodes by what they do.

Nodes are named without ``Backward0``.
"""

from __future__ import annotations

import math

CLASSES = ("cross_entropy", "nll_loss")
"""One class of several for each row."""
OF_LOGITS = ("binary_cross_entropy_with_logits", "soft_margin_loss", "multilabel_soft_margin_loss")
"""The binary cross-entropy of the outputs' sigmoid, but for weights; the second's targets are 1 and −1."""
BINARY = ("binary_cross_entropy", *OF_LOGITS)
"""A yes or no for each output."""
SIGNED = ("soft_margin_loss", "hinge_embedding_loss", "cosine_embedding_loss")
"""Losses whose target, the last tensor that they are given, is 1 or −1; of a ranking's, 0 may be a tie."""
DISTANCES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
"""How far an output is from a target that is a number."""
OF_DISTRIBUTIONS = ("kl_div", "gaussian_nll_loss", "poisson_nll_loss")
"""Losses of an output that is a distribution, or the parameter of one."""
LOSS_FUNCTIONS = (*CLASSES, *BINARY, *DISTANCES, *OF_DISTRIBUTIONS)
"""All that are given an output and its target, in this order."""
BY_HAND = "difference"
"""The kind of a loss without a name: a difference between output and target, which the loss is made of."""
OF_NUMBERS = (*DISTANCES, BY_HAND)
"""Kinds of losses whose targets are numbers."""

LOSS_NODES = frozenset(
    ("NllLoss", "NllLoss2D", "BinaryCrossEntropy", "BinaryCrossEntropyWithLogits", "MseLoss", "L1Loss",
     "SmoothL1Loss", "HuberLoss")
)  # fmt: skip
"""Nodes of loss functions."""
LINEAR_NODES = frozenset(("Addmm", "Mm", "Addmv", "Mv", "Linear", "MkldnnLinear", "Convolution"))
"""Nodes that multiply by a weight: linear layers and convolutions."""
LAYER_NODES = frozenset(("Addmm", "Mm", "Bmm", "Convolution", "NativeBatchNorm", "Embedding"))
"""Nodes of layers: what lies behind one goes into a network, and is no term of its loss."""
SHAPE_NODES = frozenset(
    ("View", "UnsafeView", "ReshapeAlias", "Unsqueeze", "Squeeze", "Transpose", "T", "Permute", "Expand",
     "Clone", "Select", "Slice", "Index", "Alias", "ToCopy", "AsStrided", "Split", "Unbind", "SplitWithSizes",
     "_DDPSink")
)  # fmt: skip
"""Nodes that change the shape, and no number; the last one is what leaves a `DistributedDataParallel`."""
RANGES = {
    "Sigmoid": (0.0, 1.0),
    "Tanh": (-1.0, 1.0),
    "Relu": (0.0, math.inf),
    "Softmax": (0.0, 1.0),
    "Softplus": (0.0, math.inf),
    "Hardsigmoid": (0.0, 1.0),
    "Silu": (-0.2785, math.inf),
    "Gelu": (-0.17, math.inf),
    "Mish": (-0.3089, math.inf),
    "Hardswish": (-0.375, math.inf),
}
"""What can come out of a node; ELU isn't here, whose range depends on its alpha."""
