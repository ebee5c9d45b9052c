"""Where the torch engine overtakes the fast one: measured, on one core, and interpolated in between.

The table is printed by ``benchmarks/crossover.py``; that script says what was measured, and on what.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTHS = (32, 64, 128, 256, 512)
BATCHES = (1, 4, 16, 64, 256)
POPULATIONS = (1, 8, 64)

RATIOS = (
    (0.007, 0.007, 0.044),  # width 32, batch 1
    (0.009, 0.009, 0.044),  # width 32, batch 4
    (0.013, 0.014, 0.153),  # width 32, batch 16
    (0.025, 0.020, 0.167),  # width 32, batch 64
    (0.040, 0.043, 0.190),  # width 32, batch 256
    (0.015, 0.028, 0.111),  # width 64, batch 1
    (0.025, 0.022, 0.162),  # width 64, batch 4
    (0.027, 0.028, 0.228),  # width 64, batch 16
    (0.068, 0.072, 0.357),  # width 64, batch 64
    (0.157, 0.130, 0.476),  # width 64, batch 256
    (0.195, 0.160, 0.186),  # width 128, batch 1
    (0.137, 0.136, 0.494),  # width 128, batch 4
    (0.168, 0.239, 0.540),  # width 128, batch 16
    (0.257, 0.227, 0.511),  # width 128, batch 64
    (0.590, 0.575, 0.583),  # width 128, batch 256
    (1.029, 0.877, 0.800),  # width 256, batch 1
    (0.701, 0.581, 0.463),  # width 256, batch 4
    (0.473, 0.590, 0.495),  # width 256, batch 16
    (1.445, 0.725, 0.775),  # width 256, batch 64
    (1.868, 0.766, 0.944),  # width 256, batch 256
    (1.402, 1.044, 0.811),  # width 512, batch 1
    (1.400, 1.000, 0.820),  # width 512, batch 4
    (1.510, 0.783, 0.823),  # width 512, batch 16
    (1.958, 0.803, 0.997),  # width 512, batch 64
    (2.049, 1.354, 1.222),  # width 512, batch 256
)
"""How many times as long the fast engine takes: a row a width and batch, a column a population."""


def ratio(*, width: float, batch: float, population: float) -> float:
    """Return how many times as long as the torch engine the fast one takes for a training step.

    `width` is that of the two hidden layers of the networks measured, see `equal_width`. Between the measured
    points the logarithms are linear, beyond them constant.
    """
    at = [
        _place(WIDTHS, width),
        _place(BATCHES, batch),
        _place(POPULATIONS, population),
    ]
    total = 0.0
    for corner in range(8):
        share, index = 1.0, [0, 0, 0]
        for axis, (low, part) in enumerate(at):
            high = corner >> axis & 1
            share *= part if high else 1.0 - part
            index[axis] = low + high
        if share:
            total += share * math.log(RATIOS[index[0] * len(BATCHES) + index[1]][index[2]])
    return math.exp(total)


def equal_width(parameters: int) -> float:
    """Return the width of a 1-w-w-1 network with so many parameters: w² + 4w + 1."""
    return math.sqrt(max(parameters, 1) + 3.0) - 2.0


def _place(points: Sequence[int], value: float) -> tuple[int, float]:
    """Return the measured point below a value, and how far it is on the way to the next, by logarithms."""
    held = min(max(value, points[0]), points[-1])
    low = max(index for index, point in enumerate(points[:-1]) if point <= held)
    return low, math.log(held / points[low]) / math.log(points[low + 1] / points[low])
