"""The spectral norm of a matrix: exact of a small one, by Lanczos' method of a large one, with its error.

Golub & Kahan's bidiagonalisation, A V = U B, with all vectors kept at right angles: the largest singular
value of B rises to ‖A‖₂ (Golub & Van Loan, Matrix Computations, 10.4). With the last vector's weight β·|u| as
the residual, a singular value of A lies within that of it (Weyl); that it is the largest is all but certain
from a random start (Kuczyński & Woźniakowski, SIAM Journal on Matrix Analysis and Applications 13, 1992).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from trainlab.engine.network_pass import Array

WHOLE: Final = 512
"""Up to this many rows or columns all singular values are computed."""
_STEPS: Final = 100
_CLOSE: Final = 1e-3
"""The residual, as a share of the norm, at which it ends."""


def spectral_norm(matrix: Array) -> tuple[float, float]:
    """Return ‖A‖₂ of ``matrix [m, n]`` and the error: the true one isn't below, nor above by more than that.

    Of a matrix with no more than `WHOLE` rows or columns the error is 0.
    """
    if min(matrix.shape) <= WHOLE:
        return float(np.linalg.norm(matrix, 2)), 0.0
    start = np.asarray(np.random.default_rng(0).standard_normal(matrix.shape[1]), dtype=np.float64)
    right: list[Array] = [start / float(np.linalg.norm(start))]
    left: list[Array] = []
    alphas: list[float] = []
    betas: list[float] = []
    value = error = 0.0
    for step in range(_STEPS):
        u = matrix @ right[-1]
        alphas.append(_shortened(u, left))
        if alphas[-1] > 0:
            left.append(u / alphas[-1])
        v = matrix.T @ left[-1] if alphas[-1] > 0 else np.zeros_like(right[0])
        betas.append(_shortened(v, right))
        size = len(alphas)
        small = np.diag(alphas) + np.diag(betas[:-1], 1)
        vectors, values, _ = np.linalg.svd(small)
        value, error = float(values[0]), float(betas[-1] * abs(vectors[size - 1, 0]))
        if error <= _CLOSE * value or step == _STEPS - 1:
            break
        right.append(v / betas[-1])
    return value, error


def _shortened(vector: Array, units: list[Array]) -> float:
    """Take from a vector, in place, what lies along the unit vectors, twice for the sake of rounding; return
    its length, 0 if only rounding is left.
    """
    before = float(np.linalg.norm(vector))
    for _ in range(2):
        if units:
            basis = np.stack(units)
            vector -= basis.T @ (basis @ vector)
    length = float(np.linalg.norm(vector))
    return length if length > 1e-14 * before else 0.0
