"""The effects of changes on the success rate: alone, over the factorial, and of two together.

Each is a `contrast` of the scores of the same name in `factorial`; shapes, errors and the counting of changes
are described there. `solved` must be bool, or lie within 0 to 1.
"""

from __future__ import annotations

from trainlab.stats.contrast import contrast
from trainlab.stats.estimate import Estimate
from trainlab.stats.factorial import Cells, alone_scores, interaction_scores, main_scores


def alone_effect(solved: Cells, change: int, *, confidence: float = 0.95) -> Estimate:
    """Return what `change` does to the baseline's rate; on bool cells this is `paired_difference`."""
    return contrast(alone_scores(solved, change), bound=1.0, confidence=confidence)


def main_effect(solved: Cells, change: int, *, confidence: float = 0.95) -> Estimate:
    """Return what `change` does to the rate on average over all combinations of the other changes."""
    return contrast(main_scores(solved, change), bound=1.0, confidence=confidence)


def interaction_effect(solved: Cells, change_a: int, change_b: int, *, confidence: float = 0.95) -> Estimate:
    """Return by how much the effect of one change differs with and without the other, within ±2."""
    return contrast(interaction_scores(solved, change_a, change_b), bound=2.0, confidence=confidence)
