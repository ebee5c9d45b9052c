"""Exclusive or: four points, one output."""

from __future__ import annotations

import numpy as np

from trainlab.tasks.task import Task


def xor() -> Task:
    """Return (0,0)→0, (0,1)→1, (1,0)→1, (1,1)→0."""
    return Task(
        name="xor",
        inputs=np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
        targets=np.array([[0.0], [1.0], [1.0], [0.0]]),
    )
