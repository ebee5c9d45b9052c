"""Orthogonal matrices out of normal draws, by modified Gram-Schmidt, for a whole population at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def orthogonal(draws: Array, fan_in: int, fan_out: int, *, gain: float = 1.0) -> Array:
    """Return gain · Q for draws ``[n, fan_out · fan_in]``, each a matrix ``[fan_out, fan_in]`` row by row.

    Its rows or its columns, whichever are fewer, are orthonormal. Q is that of A = QR with a positive
    diagonal of R, which makes it uniform among such matrices (Mezzadri, Notices of the AMS 54, 2007), and the
    same as ``torch.nn.init.orthogonal_`` of the same A. Written with additions, multiplications, divisions
    and square roots in a fixed order: the same bits whatever the machine and the other members.
    """
    matrices = draws.reshape(-1, fan_out, fan_in)
    if fan_out < fan_in:
        matrices = matrices.transpose(0, 2, 1)
    # The second pass mends what rounding left of the first: twice is enough (Giraud et al. 2005).
    columns = _gram_schmidt(_gram_schmidt(matrices))
    if fan_out < fan_in:
        columns = columns.transpose(0, 2, 1)
    return gain * columns.reshape(draws.shape)


def _gram_schmidt(matrices: Array) -> Array:
    """Return the columns of ``[n, rows, columns]``, rows ≥ columns, made orthonormal from left to right."""
    columns = matrices.copy()
    for index in range(columns.shape[2]):
        column = columns[:, :, index : index + 1]
        column /= np.sqrt(_sum_rows(column * column))
        rest = columns[:, :, index + 1 :]
        rest -= column * _sum_rows(column * rest)
    return columns


def _sum_rows(values: Array) -> Array:
    """Return the sums over axis 1, kept; halves are added to halves, so no library chooses the order."""
    while values.shape[1] > 1:
        half = values.shape[1] // 2
        odd = values[:, 2 * half :]
        values = values[:, :half] + values[:, half : 2 * half]
        if odd.shape[1]:
            values[:, :1] += odd
    return values
