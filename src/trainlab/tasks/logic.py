"""Tasks of signs and bits: exclusive or, its quadrants, parity."""

from __future__ import annotations

import numpy as np

from trainlab.tasks.draws import NOISE, POINTS, normals, uniforms
from trainlab.tasks.task import Task, classified

CORNERS = ((1, 1), (1, -1), (-1, -1), (-1, 1))
"""The signs of the quadrants, in such an order that the classes take turns."""


def xor(*, one_hot: bool) -> Task:
    """Return (0,0)→0, (0,1)→1, (1,0)→1, (1,1)→0."""
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return classified("xor", inputs, np.array([0, 1, 1, 0]), count=2, one_hot=one_hot)


def quadrants(*, points: int, noise: float, seed: int, one_hot: bool) -> Task:
    """Return U(−1, 1)² by quadrants in turn, 1 where signs differ; N(0, noise²) then moves the points."""
    turn = np.arange(points) % 4
    inputs = uniforms(seed, POINTS, (points, 2)) * np.array(CORNERS)[turn]
    inputs += noise * normals(seed, NOISE, (points, 2))
    return classified("quadrants", inputs, turn % 2, count=2, one_hot=one_hot)


def parity(*, bits: int, one_hot: bool) -> Task:
    """Return every row of `bits` bits, counting up with the last bit fastest; 1 where the ones are odd."""
    rows = np.indices((2,) * bits).reshape(bits, -1).T
    return classified("parity", rows.astype(np.float64), rows.sum(axis=1) % 2, count=2, one_hot=one_hot)
