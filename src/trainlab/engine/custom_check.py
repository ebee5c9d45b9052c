"""Is this function the derivative of that one? By differences over a grid of predictions and targets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError

Array = npt.NDArray[np.float64]

PREDICTIONS = np.linspace(-4, 4, 161)
TARGETS = np.array([-2.0, -1.0, -0.3, 0.0, 0.4, 0.5, 1.0, 2.0])
STEP = 1e-6
TOLERANCE = 1e-5


def check_derivative(
    where: str, values: Callable[[Array, Array], Array], slopes: Callable[[Array, Array], Array]
) -> None:
    """Raise SpecError at the place of the grid where they differ most, or if the loss has no value there.

    The derivative must lie between the slopes to the left and to the right, which at a kink, as that of |p|,
    differ: any slope between them is a subgradient. Where the loss isn't finite nothing is compared.
    """
    p, y = (grid.ravel() for grid in np.meshgrid(PREDICTIONS, TARGETS, indexing="ij"))
    below, here, above = (values(p + shift, y) for shift in (-STEP, 0.0, STEP))
    known = np.isfinite(below) & np.isfinite(here) & np.isfinite(above)
    if not known.any():
        raise SpecError(
            f"{where}: the function has no finite value for predictions from {PREDICTIONS[0]:g} to "
            f"{PREDICTIONS[-1]:g}."
        )
    with np.errstate(invalid="ignore", over="ignore"):
        left, right = (here - below) / STEP, (above - here) / STEP
        scale = np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
        room = TOLERANCE * scale + 1e-9 * np.abs(here)
        given = slopes(p, y)
        beyond = np.maximum(np.minimum(left, right) - given, given - np.maximum(left, right)) - room
    beyond = np.where(np.isfinite(given), beyond / scale, np.inf)
    wrong = known & (beyond > 0)
    if wrong.any():
        worst = int(np.where(wrong, beyond, -1.0).argmax())
        middle = (above[worst] - below[worst]) / (2 * STEP)
        raise SpecError(
            f"{where}: the derivative is not that of the function, by most at prediction {p[worst]:g}, "
            f"target {y[worst]:g}: it is {given[worst]:.6g}, by finite differences {middle:.6g}; mend it, or "
            "leave it out: engines 'torch' and 'reference' need none."
        )
