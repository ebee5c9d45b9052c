"""A map whose counts are made up: a hill of solved seeds, a stripe that diverges, failures of three kinds."""

from __future__ import annotations

from typing import Any

import numpy as np
from studies.made_up import TINY

from trainlab.execution import Provenance
from trainlab.spec import Experiment
from trainlab.stats import rate
from trainlab.studies import MapResult
from trainlab.studies.maps.counts import Counts, Shares, no_counts
from trainlab.studies.maps.question import ask
from trainlab.studies.maps.result import Best, Own

HOW = Provenance(
    engine="fast",
    engine_reason="asked for",
    first_seed=0,
    seeds=10,
    workers=1,
    versions={"python": "3", "trainlab": "0"},
    machine="a machine",
    seconds=1.0,
    trained_steps=1000,
    trained_seconds=0.5,
)


def counts_of(
    solved: np.ndarray, diverged: np.ndarray, vanishing: np.ndarray, still: np.ndarray, *, seeds: int = 10
) -> Counts:
    counts = no_counts(solved.shape, seeds=seeds)
    counts.runs[:] = [solved, diverged, vanishing, still, seeds - solved - diverged - vanishing - still]
    counts.epochs[:] = np.where(solved > 0, 10.0 + np.arange(solved.shape[1]), np.nan)
    return counts


def made_map(*, height: int = 10, own: bool = True, base: Experiment = TINY, **options: Any) -> MapResult:
    """Return 8 × 6 points: at most `height` of 10 seeds solved, in the middle; the right edge diverges.

    What fails vanishes in the first row and stands still in the last; between them it is stuck.
    """
    asked = ask(
        base,
        **{"x": "lr=1e-3..10", "y": "within=0.1..0.6", "size": (8, 6), "seeds": 10, "cell": None, **options},
    )
    rows, columns = np.mgrid[0:6, 0:8]
    solved = np.maximum(0, height - 2 * np.abs(rows - 2) - 3 * np.abs(columns - 3)).astype(int)
    diverged = np.where(columns == 7, 10, 0)
    vanishing = np.where((rows == 0) & (columns < 7), 10 - solved, 0)
    still = np.where((rows == 5) & (columns < 7), 10 - solved, 0)
    counts = counts_of(solved, diverged, vanishing, still)
    most = Best(row=2, column=3, seen=rate(max(height, 0), 10), fresh=rate(max(9 * height, 0), 100))
    return MapResult(
        question=asked,
        counts=counts,
        shares=Shares(runs=counts.runs / 10, epochs=counts.epochs),
        best=most if height > 0 else None,
        own=Own(x=0.1, y=0.1, solved=rate(3, 10)) if own else None,
        every_point=True,
        how=HOW,
    )
