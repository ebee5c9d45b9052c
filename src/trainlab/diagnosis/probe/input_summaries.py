"""What an image or a sequence is like, wherever in it that is: numbers that a shift changes little."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
LAGS = (1, 2, 4)
FEW = 8
"""Of an axis of at most this length, which may be channels, each place has its mean."""


def summaries(values: Floats) -> Floats:
    """Return ``[n, k]`` for ``[n, …]`` with two axes or more besides the first.

    The mean, spread, ends and outliers of all values; along each axis the mean change, and how alike values
    1, 2 and 4 places apart are (their covariance by the variance); and the means along short axes.
    """
    axes = tuple(range(1, values.ndim))
    values = values.astype(np.float64)
    mean, spread = (part(values, axis=axes, keepdims=True) for part in (np.mean, np.std))
    scaled = (values - mean) / np.maximum(spread, 1e-12)
    found: list[Floats] = [mean.ravel(), spread.ravel(), values.min(axes), values.max(axes)]
    found += [(scaled > at).mean(axes) for at in (-1.0, 1.0, 2.0)]
    for axis in axes:
        length = values.shape[axis]
        if length > 1:
            found.append(np.abs(np.diff(values, axis=axis)).mean(axes))
        found += [_alike(scaled, axis, lag) for lag in LAGS if lag < length]
        if length <= FEW:
            found += list(values.mean(tuple(other for other in axes if other != axis)).T)
    return np.stack(found, axis=1)


def _alike(scaled: Floats, axis: int, lag: int) -> Floats:
    moved = np.moveaxis(scaled, axis, -1)
    return (moved[..., lag:] * moved[..., :-lag]).mean(tuple(range(1, scaled.ndim)))
