"""What is picked out of many is judged on other seeds than those that picked it.

The best of 32 equal cells leads on the seeds that made it the best, by luck alone. So it is chosen on the
first half of the seeds, and what is said of it comes from the second.
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
    """Return which has the largest mean on the first half of the seeds, and the place of the other half.

    `scores` has a number or bool a seed, ``[n]``, all of the same seeds; the first wins a tie. `size` says
    what is large: ``abs`` picks what differs most from 0.

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
