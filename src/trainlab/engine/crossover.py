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
    (0.014, 0.013, 0.054),  # width 32, batch 1
    (0.011, 0.010, 0.065),  # width 32, batch 4
    (0.020, 0.022, 0.166),  # width 32, batch 16
    (0.022, 0.022, 0.243),  # width 32, batch 64
    (0.065, 0.052, 0.256),  # width 32, batch 256
    (0.066, 0.060, 0.203),  # width 64, batch 1
    (0.037, 0.039, 0.261),  # width 64, batch 4
    (0.058, 0.070, 0.490),  # width 64, batch 16
    (0.145, 0.176, 0.403),  # width 64, batch 64
    (0.249, 0.216, 0.397),  # width 64, batch 256
    (0.207, 0.211, 1.232),  # width 128, batch 1
    (0.159, 0.159, 1.289),  # width 128, batch 4
    (0.521, 0.543, 1.290),  # width 128, batch 16
    (0.672, 1.113, 2.069),  # width 128, batch 64
    (1.854, 2.178, 2.758),  # width 128, batch 256
    (1.465, 1.469, 1.452),  # width 256, batch 1
    (1.343, 1.230, 1.127),  # width 256, batch 4
    (0.984, 1.558, 1.109),  # width 256, batch 16
    (6.431, 3.142, 2.912),  # width 256, batch 64
    (5.790, 4.569, 3.742),  # width 256, batch 256
    (3.835, 1.285, 1.029),  # width 512, batch 1
    (2.790, 1.391, 0.819),  # width 512, batch 4
    (3.487, 1.780, 2.183),  # width 512, batch 16
    (9.380, 5.000, 3.413),  # width 512, batch 64
    (10.718, 4.893, 4.246),  # width 512, batch 256
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
