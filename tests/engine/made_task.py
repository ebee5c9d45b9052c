"""A task of several outputs whose points don't fill the kernel's blocks of four."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from trainlab.spec import File, TaskSpec, Xor
from trainlab.tasks import arrays


@cache
def made_task() -> File:
    """Return seven points of three features and two targets, in a file named by its content."""
    drawn = np.random.default_rng(5).normal(size=(7, 5))
    folder = Path(tempfile.gettempdir()) / "trainlab-tests"
    folder.mkdir(exist_ok=True)
    targets = np.tanh(drawn[:, 3:] + drawn[:, :2])
    return arrays(drawn[:, :3], targets, kind="regression", folder=folder)


def task_of(name: str) -> TaskSpec:
    """Return the task by the name that tests give it."""
    return {"xor": Xor(), "made": made_task()}[name]
