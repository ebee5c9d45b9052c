"""How many independent rows the weights of many seeds have, at most, within a limit of work."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-6
WORK = 500_000_000
"""Operations that the ranks of one layer may take, a tenth of a second or so; one seed is ranked anyhow."""


def seeds_ranked(shape: tuple[int, ...]) -> int:
    """Return of how many seeds a layer is ranked; one takes about 4 m n² operations, n the shorter side."""
    longer, shorter = max(shape), min(shape)
    return max(1, WORK // (4 * longer * shorter**2))


def greatest_rank(matrices: Sequence[Array]) -> int:
    """Return the greatest rank; once one is the greatest that can be, the others aren't looked at."""
    most = 0
    for matrix in matrices:
        most = max(most, matrix_rank(matrix))
        if most == min(matrix.shape):
            break
    return most


def matrix_rank(matrix: Array) -> int:
    """Return the numerical rank, to the precision of float32, in which populations train."""
    # Equal rows add nothing; after a constant start one is left.
    rows = np.unique(matrix + 0.0, axis=0)
    if len(rows) == 1:
        return int(rows.any())
    values = np.linalg.svd(rows, compute_uv=False)
    return int((values > TOLERANCE * values[0]).sum())
