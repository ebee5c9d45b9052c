"""Whether a straight line sees anything of the targets in the inputs: an F-test, and how little it would see.

Nearest neighbours miss a weak signal in noise, and many features that say nothing; a line through all rows
doesn't. Where it sees nothing, its power says how much could be there all the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

LEVEL = 0.01
"""So seldom the test sees something in targets that have nothing to do with the inputs."""
POWER = 0.95
"""So often it sees a signal of the size `least`."""
ROWS_A_FEATURE = 2
"""A line through fewer rows than this for each feature fits anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinearSignal:
    """What the test says: `p` is the chance of so good a fit where there is nothing.

    `least` is the R² (of numbers, or of a yes or no to a class) that it sees nineteen times in twenty.
    """

    p: float
    rows: int
    features: int
    least: float

    @property
    def is_seen(self) -> bool:
        """Whether a line sees a signal."""
        return self.p < LEVEL


def linear_signal(
    rows: Sequence[tuple[float, ...]], targets: Sequence[float], *, classes: bool
) -> LinearSignal | None:
    """Test whether all slopes of a linear fit may be 0; None of too few rows, each different one taken once.

    F = (R² / k) / ((1 − R²) / (n − k − 1)). Of classes each is asked for alone, as a yes or no, and the least
    p is taken times their number (Bonferroni), as each test is at the level by theirs.
    """
    import numpy as np
    from scipy import special

    width = len(rows[0]) if rows else 0
    first: dict[tuple[float, ...], float] = {}
    for row, target in zip(rows, targets, strict=False):
        if len(row) == width:
            first.setdefault(row, target)
    x = np.asarray(list(first), dtype=np.float64)
    y = np.asarray(list(first.values()), dtype=np.float64)
    if not len(y) or not width or not np.isfinite(x).all() or not np.isfinite(y).all():
        return None
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-12)
    features = int(np.linalg.matrix_rank(x))
    left = len(y) - features - 1
    if not features or left <= 0 or len(y) < ROWS_A_FEATURE * (features + 1) or (y == y[0]).all():
        return None
    labels = np.unique(y)
    asked = np.stack([y == label for label in labels], 1).astype(np.float64) if classes else y[:, None]
    asked = asked[:, 1:] if classes and len(labels) == 2 else asked
    asked = asked - asked.mean(0)
    missed: Matrix = np.asarray(asked - x @ np.linalg.lstsq(x, asked, rcond=None)[0], dtype=np.float64)
    explained = 1 - (missed**2).sum(0) / (asked**2).sum(0)
    f = explained / features / np.maximum((1 - explained) / left, 1e-300)
    tests = asked.shape[1]
    return LinearSignal(
        p=min(1.0, tests * float(special.fdtrc(features, left, f).min())),
        rows=len(y),
        features=features,
        least=_least(features, left, LEVEL / tests),
    )


def _least(features: int, left: int, level: float) -> float:
    """Return the R² that an F-test at the level sees with `POWER`.

    A signal of R² shifts F by the noncentrality n R² / (1 − R²).
    """
    from scipy import special

    bound = float(special.fdtri(features, left, 1 - level))
    low, high = 0.0, 1.0
    for _ in range(40):
        half = (low + high) / 2
        shift = (features + left + 1) * half / (1 - half)
        # Beyond its range the function gives NaN: so strong a signal is always seen.
        missed = float(special.ncfdtr(features, left, shift, bound))
        low, high = (half, high) if missed > 1 - POWER else (low, half)
    return high if math.isfinite(high) else 1.0
