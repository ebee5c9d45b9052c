"""A task of several outputs whose points don't fill the kernel's blocks of four."""

from __future__ import annotations

import numpy as np

from trainlab.tasks import Task


def made_task() -> Task:
    """Return seven points of three features and two targets."""
    drawn = np.random.default_rng(5).normal(size=(7, 5))
    return Task(name="made", inputs=drawn[:, :3], targets=np.tanh(drawn[:, 3:] + drawn[:, :2]))
