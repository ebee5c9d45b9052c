"""A map as a table for data frames: a row a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainlab.draw import Column
from trainlab.stats import rate
from trainlab.studies.maps.counts import OUTCOMES

if TYPE_CHECKING:
    from trainlab.studies.maps.result import MapResult


def point_columns(result: MapResult) -> dict[str, Column]:
    """Return the points of the plane, row after row of y; counts are missing where none was trained."""
    asked, counts, shares = result.question, result.counts, result.shares
    y, x = np.meshgrid(asked.y.values, asked.x.values, indexing="ij")
    trained = counts.trained.ravel()
    intervals = [rate(k, counts.seeds) for k in range(counts.seeds + 1)]
    solved = counts.runs[0].ravel()
    ends = np.array([(one.low, one.high) for one in intervals])[np.maximum(solved, 0)]

    def known(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        return np.where(trained, values.ravel(), np.nan).astype(np.float64)

    failures = {
        name.replace(" gradient", "").replace(" ", "_"): known(counts.runs[place])
        for place, name in enumerate(OUTCOMES)
        if place > 0
    }
    return {
        asked.x.field: x.ravel(),
        asked.y.field: y.ravel(),
        "trained": trained,
        "solved": known(solved),
        "n": np.where(trained, counts.seeds, 0),
        "share": shares.solved.ravel(),
        "low": known(ends[:, 0]),
        "high": known(ends[:, 1]),
        **failures,
        "outcome": np.array(OUTCOMES)[shares.outcome.ravel()],
        "epochs_until_solved": shares.epochs.ravel(),
    }
