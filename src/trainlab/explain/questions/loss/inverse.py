"""The last sums z from the outputs, where an output activation can be undone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def _logit(p: Array) -> Array:
    return np.log(p) - np.log1p(-p)


INVERSES: dict[str, Callable[[Array], Array]] = {
    "linear": lambda p: p,
    "tanh": np.arctanh,
    "sigmoid": _logit,
    "relu": lambda p: p,
    "leaky_relu": lambda p: np.where(p > 0, p, p / 0.01),
    "elu": lambda p: np.where(p > 0, p, np.log1p(np.minimum(p, 0.0))),
    "hardtanh": lambda p: p,
    "softmax": np.log,
    # Of itself it is itself.
    "log_softmax": lambda p: p,
}


def sums_of(output: str, outputs: Array) -> Array | None:
    """Return sums that give these outputs; None where they can't be told, or aren't finite."""
    if output not in INVERSES or (output == "softmax" and not np.allclose(outputs.sum(axis=1), 1.0)):
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = INVERSES[output](outputs)
    return sums if np.isfinite(sums).all() else None
