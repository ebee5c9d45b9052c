"""Sample splitting: what is picked out of many is judged on seeds other than those that picked it.

The best of 32 equal cells leads, by luck alone, on the seeds that made it the best. So it is picked on the
first half of the seeds, and judged on the second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError

Key = TypeVar("Key")


def picked_on_half(
    scores: Mapping[Key, npt.NDArray[Any]], *, size: Callable[[float], float] = float
) -> tuple[Key, slice]:
    """Return the key with the largest mean on the first half of the seeds, and the slice of the other half.

    `scores` has one number or bool per seed, ``[n]``, all on the same seeds; the first wins a tie. `size`
    defines large: ``abs`` picks what differs most from 0.

    Raises:
        StatsError: nothing to pick from, fewer than two seeds, or not all have the same.
    """
    shapes = {np.shape(each) for each in scores.values()}
    shape = shapes.pop() if len(shapes) == 1 else ()
    if len(shape) != 1 or shape[0] < 2:
        raise StatsError(
            "scores: must be [n] each, at least one of them, and all of the same seeds, n of 2 or more: one "
            "half picks, the other judges."
        )
    half = shape[0] // 2
    best = max(scores, key=lambda key: size(float(np.mean(scores[key][:half]))))
    return best, slice(half, None)
