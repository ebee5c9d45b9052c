"""Sets of seeds as lists of ranges: ascending, disjoint, never empty, never touching."""

from __future__ import annotations

from collections.abc import Iterable


def merge(ranges: Iterable[range]) -> list[range]:
    """Return the union of the ranges (each of step 1) as ascending ranges with a gap between each two."""
    merged: list[range] = []
    for piece in sorted((piece for piece in ranges if piece), key=lambda piece: piece.start):
        if merged and piece.start <= merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(merged[-1].stop, piece.stop))
        else:
            merged.append(piece)
    return merged


def subtract(whole: range, held: Iterable[range]) -> list[range]:
    """Return what of `whole` lies in none of the ranges of `held`, in order."""
    gaps: list[range] = []
    start = whole.start
    for piece in merge(held):
        if piece.start > start:
            gaps.append(range(start, min(piece.start, whole.stop)))
        start = max(start, piece.stop)
        if start >= whole.stop:
            break
    gaps.append(range(start, whole.stop))
    return [gap for gap in gaps if gap]
