"""Kinds of nodes of an autograd graph, by their names without ``Backward0``."""

from __future__ import annotations

SHAPING = frozenset(
    ("View", "UnsafeView", "ReshapeAlias", "Unsqueeze", "Squeeze", "Transpose", "T", "Permute", "Expand",
     "Clone", "Select", "Slice", "Index", "Alias", "ToCopy", "AsStrided", "Split", "Unbind", "SplitWithSizes")
)  # fmt: skip
"""Kinds of nodes that change the shape, and no number."""
LAYERS = frozenset(("Addmm", "Mm", "Bmm", "Convolution", "NativeBatchNorm", "Embedding"))
"""Kinds of nodes of layers: what lies behind one goes into a network, and is no term of its loss."""
