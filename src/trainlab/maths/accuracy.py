"""Accuracy: the share of examples whose class is predicted right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def is_right(predictions: npt.ArrayLike, targets: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return ``[..., examples]``: whether each of the predictions ``[..., examples, outputs]`` is right.

    One output: prediction and target on the same side of ½, ½ itself below. Many: the largest in the same
    place, ties to the first. A prediction with a NaN in it is never right.
    """
    p, y = np.asarray(predictions), np.asarray(targets)
    same = (p > 0.5)[..., 0] == (y > 0.5)[..., 0] if p.shape[-1] == 1 else p.argmax(-1) == y.argmax(-1)
    return same & ~np.isnan(p).any(axis=-1)


def accuracy(predictions: npt.ArrayLike, targets: npt.ArrayLike) -> Array:
    """Return ``[...]``: the share of examples that `is_right`."""
    return is_right(predictions, targets).mean(axis=-1)
