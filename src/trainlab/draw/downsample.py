"""Fewer points that look the same: a page holds thirty pictures, a screen a few hundred columns."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np

from .axes import FloatArray

BUCKETS: Final = 110
Keep: TypeAlias = Literal["both", "low", "high"]


def downsample(points: FloatArray, *, keep: Keep = "both") -> FloatArray:
    """Return a subset of `points` (shape [n, 2], finite, in drawing order) that looks the same.

    The points are cut into `BUCKETS` stretches. Of each, the lowest and the highest on the page stay (or, for
    the edge of a band, the one that `keep` names), as do the very first and last. Short lines stay whole. On
    a page a greater y is lower.
    """
    if len(points) <= 2 * BUCKETS:
        return points
    edges = np.linspace(0, len(points), BUCKETS + 1).astype(np.int64)
    chosen = {0, len(points) - 1}
    for start, stop in pairwise(edges):
        heights = points[start:stop, 1]
        if keep != "high":
            chosen.add(int(start) + int(heights.argmax()))
        if keep != "low":
            chosen.add(int(start) + int(heights.argmin()))
    return points[sorted(chosen)]
