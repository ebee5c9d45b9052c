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
    (0.008, 0.007, 0.056),  # width 32, batch 1
    (0.009, 0.010, 0.065),  # width 32, batch 4
    (0.020, 0.021, 0.147),  # width 32, batch 16
    (0.032, 0.029, 0.193),  # width 32, batch 64
    (0.054, 0.033, 0.079),  # width 32, batch 256
    (0.024, 0.023, 0.115),  # width 64, batch 1
    (0.034, 0.029, 0.116),  # width 64, batch 4
    (0.033, 0.032, 0.354),  # width 64, batch 16
    (0.109, 0.076, 0.380),  # width 64, batch 64
    (0.153, 0.138, 0.424),  # width 64, batch 256
    (0.253, 0.202, 0.233),  # width 128, batch 1
    (0.154, 0.202, 0.241),  # width 128, batch 4
    (0.241, 0.255, 0.471),  # width 128, batch 16
    (0.250, 0.254, 0.636),  # width 128, batch 64
    (0.631, 0.645, 0.527),  # width 128, batch 256
    (1.173, 1.290, 0.513),  # width 256, batch 1
    (0.938, 0.652, 0.567),  # width 256, batch 4
    (0.710, 0.703, 0.747),  # width 256, batch 16
    (1.512, 0.690, 0.709),  # width 256, batch 64
    (1.874, 0.889, 0.753),  # width 256, batch 256
    (2.454, 1.225, 0.801),  # width 512, batch 1
    (2.163, 1.191, 0.568),  # width 512, batch 4
    (1.793, 0.725, 0.994),  # width 512, batch 16
    (1.838, 1.146, 1.026),  # width 512, batch 64
    (2.349, 1.093, 1.284),  # width 512, batch 256
)
"""How many times as long the fast engine takes: a row for each width and batch, a column a population."""


def ratio(*, width: float, batch: float, population: float) -> float:
    """Return the time of a training step of the fast engine, divided by that of the torch engine.

    `width` is that of the two hidden layers of the networks measured, see `equal_width`. The logarithms are
    interpolated linearly between the measured points, and constant beyond them.
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
