"""Gradients by depth and over time."""

from __future__ import annotations

from collections import defaultdict

from trainlab.diagnosis.observed.record import ParamRecord
from trainlab.diagnosis.signals.averages import median
from trainlab.diagnosis.signals.training import Training

EARLY = 20


def early_gradients(training: Training) -> list[tuple[ParamRecord, float]]:
    """Return the weight matrices, input first, with the median rms gradient of the first 20 steps looked at.

    Embeddings are left out: most of their rows get none.
    """
    return [(param, median(param.grad_rms[:EARLY])) for param in _matrices(training)]


def late_gradients(training: Training) -> list[tuple[ParamRecord, float]]:
    """Return the same of the last 20 steps looked at; nothing where these are some of the first 20."""
    found = _matrices(training)
    if any(len(param.grad_rms) < 2 * EARLY for param in found):
        return []
    return [(param, median(param.grad_rms[-EARLY:])) for param in found]


def _matrices(training: Training) -> list[ParamRecord]:
    return [param for param in training.weights() if "Embedding" not in param.module_kind]


def total_norms(training: Training) -> tuple[list[int], list[float]]:
    """Return ‖gradient‖ over all parameters at the ticks looked at."""
    squares: dict[int, float] = defaultdict(float)
    for param in training.record.params.values():
        for tick, rms in zip(param.ticks, param.grad_rms, strict=False):
            squares[tick] += rms * rms * param.size
    ticks = sorted(squares)
    return ticks, [squares[tick] ** 0.5 for tick in ticks]
