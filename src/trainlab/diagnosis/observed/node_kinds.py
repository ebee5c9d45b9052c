"""Kinds of nodes of an autograd graph, by their names without ``Backward0``."""

from __future__ import annotations

import math

SHAPING = frozenset(
    ("View", "UnsafeView", "ReshapeAlias", "Unsqueeze", "Squeeze", "Transpose", "T", "Permute", "Expand",
     "Clone", "Select", "Slice", "Index", "Alias", "ToCopy", "AsStrided", "Split", "Unbind", "SplitWithSizes")
)  # fmt: skip
"""Kinds of nodes that change the shape, and no number."""
LAYERS = frozenset(("Addmm", "Mm", "Bmm", "Convolution", "NativeBatchNorm", "Embedding"))
"""Kinds of nodes of layers: what lies behind one goes into a network, and is no term of its loss."""
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
"""What comes out of a node of an autograd graph; ELU's range hangs on its alpha."""
