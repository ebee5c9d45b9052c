"""Which example is looked at where none is chosen."""

from __future__ import annotations

import numpy as np

from trainlab.explain.network_pass import Array


def first_telling(points: Array) -> int:
    """Return the place, from 1, of the first example that isn't all zeros, where only biases count; 1 if all
    are.
    """
    telling = np.flatnonzero(points.reshape(len(points), -1).any(axis=1))
    return int(telling[0]) + 1 if telling.size else 1
