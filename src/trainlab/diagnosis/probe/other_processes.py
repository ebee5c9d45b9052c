"""What goes on where the probe doesn't hear: in other processes, and in other frameworks."""

from __future__ import annotations

import os
import sys

from trainlab.diagnosis.observed.record import TrainingRecord

_FRAMEWORKS = ("tensorflow", "keras", "jax", "mxnet", "paddle", "tinygrad", "sklearn", "xgboost", "lightgbm")


class Elsewhere:
    """Compares what there is at the end with what there was at the start."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._known: set[str] = set()

    def start(self) -> None:
        """Note what other processes have used, and which frameworks are loaded, before the training."""
        self._seconds = _of_ended_processes()
        self._known = {name for name in _FRAMEWORKS if name in sys.modules}

    def read(self, record: TrainingRecord) -> None:
        """Write down what has come since."""
        record.other_processes = _of_ended_processes() - self._seconds
        record.other_frameworks = [
            name for name in _FRAMEWORKS if name in sys.modules and name not in self._known
        ]


def _of_ended_processes() -> float:
    """Return the seconds of processor time that processes started by this one took, once they've ended."""
    times = os.times()
    return times.children_user + times.children_system
