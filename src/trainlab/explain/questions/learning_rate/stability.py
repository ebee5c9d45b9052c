"""Gradient descent on a quadratic: its factor, the rate at which it stops converging, and where it does.

On ½ λ w² the gradient is λ w, so a step multiplies w by 1 − lr·λ, and |1 − lr·λ| < 1 exactly if lr < 2/λ. In
several directions the steepest one decides. With momentum, PyTorch's v ← β v + (1 − d) g, w ← w − lr·v is a
linear map of (w, v); it converges while its eigenvalues lie inside the unit circle. They are the roots of
z² − (1 + β − lr(1 − d)λ) z + β, and the first to leave the circle does so at −1, where
lr = 2 (1 + β)/((1 − d) λ). With Nesterov's step the characteristic polynomial is
z² − (1 + β)(1 − lr·λ) z + β (1 − lr·λ), and the limit 2 (1 + β)/((1 + 2β) λ). The roots' product is β, and
β (1 − lr·λ) with Nesterov: from β = 1 on, there beyond it, one lies on the circle or outside whatever small
rate is taken. Nor does anything converge where 1 − d is 0 or less, and no gradient is fed or its opposite.
Polyak, USSR Computational Mathematics and Mathematical Physics 4, 1964; Sutskever et al., ICML 2013.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.engine.network_pass import Array
from trainlab.plain import Plain

_CANDIDATES = 64
_ROUNDS = 9
_DOUBLINGS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Descent(Plain):
    """How gradient descent goes on: the fields of ``torch.optim.SGD`` that its stability depends on."""

    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False

    @property
    def fed(self) -> float:
        """The share 1 − d of a gradient that enters the buffer; PyTorch dampens nothing without momentum."""
        return 1.0 - self.dampening if self.momentum else 1.0

    @property
    def unstable(self) -> str:
        """Why no small rate makes it converge, as a clause; empty if one does."""
        beta = self.momentum
        if beta > 1.0 or (beta == 1.0 and not self.nesterov):
            return f"momentum {beta:g} forgets nothing, so that even the smallest rate doesn't come to rest"
        if self.fed == 0.0:
            return "dampening 1 lets no gradient but the first through"
        return f"dampening {self.dampening:g} turns the gradient around: steps lead uphill" * (self.fed < 0.0)


PLAIN = Descent()


@dataclass(frozen=True, kw_only=True, slots=True)
class StabilityEdge(Plain):
    """Above which rate descent diverges on a quadratic with these `curvatures`, found in two ways.

    `limit` by the formula, `measured` by iterating. Both NaN if the descent is unstable at every small rate.
    """

    curvatures: tuple[float, ...]
    descent: Descent
    limit: float
    measured: float

    @property
    def difference(self) -> float:
        """The relative difference of `measured` from `limit`."""
        return abs(self.measured - self.limit) / self.limit


def stability_limit(curvature: float, descent: Descent = PLAIN) -> float:
    """Return the rate up to which descent converges at a positive curvature λ, NaN without one."""
    if descent.unstable:
        return math.nan
    beta = descent.momentum
    if descent.nesterov:
        return 2.0 * (1.0 + beta) / ((1.0 + 2.0 * beta) * curvature)
    return 2.0 * (1.0 + beta) / (descent.fed * curvature)


def stability_edge(curvatures: Sequence[float], descent: Descent = PLAIN) -> StabilityEdge:
    """Return where descent on ½ Σ λᵢ wᵢ² begins to diverge, in both ways."""
    limit = stability_limit(max(curvatures), descent)
    found = not math.isnan(limit)
    return StabilityEdge(
        curvatures=tuple(curvatures),
        descent=descent,
        limit=limit,
        measured=measured_edge(curvatures, descent) if found else math.nan,
    )


def measured_edge(curvatures: Sequence[float], descent: Descent = PLAIN) -> float:
    """Return the rate above which the distance from the minimum grows, found by iterating and narrowing.

    Descent starts at 1 in every direction, for many rates at once; one diverges if it is farther away after
    2n steps than after n, n large enough for momentum to have forgotten its start.
    """
    low, high = 0.0, 1.0 / max(curvatures)
    for _ in range(_DOUBLINGS):
        if _grows(np.array([high]), curvatures, descent)[0]:
            break
        low, high = high, 2.0 * high
    for _ in range(_ROUNDS):
        rates = np.linspace(low, high, _CANDIDATES + 2)
        if not rates[0] < rates[1] < rates[-1]:
            break
        growing = np.concatenate([[False], _grows(rates[1:-1], curvatures, descent), [True]])
        first = int(np.argmax(growing))
        low, high = float(rates[first - 1]), float(rates[first])
    return high


def path(rate: float, curvatures: Sequence[float], steps: int, descent: Descent = PLAIN) -> Array:
    """Return the weights after 0 to `steps` steps from 1 in every direction, ``[steps + 1, directions]``."""
    curved = np.array(curvatures)
    w, v = np.ones(len(curved)), np.zeros(len(curved))
    places = [w]
    for _ in range(steps):
        w, v = _step(w, v, np.array(rate), curved, descent)
        places.append(w)
    return np.stack(places)


def _step(w: Array, v: Array, rate: Array, curved: Array, descent: Descent) -> tuple[Array, Array]:
    """Take a step; a first buffer starts from 0, which differs from PyTorch's by a factor and no edge."""
    gradient = curved * w
    v = descent.momentum * v + descent.fed * gradient
    return w - rate * (gradient + descent.momentum * v if descent.nesterov else v), v


def _grows(rates: Array, curvatures: Sequence[float], descent: Descent) -> npt.NDArray[np.bool_]:
    """Return which rates lead away from the minimum, ``[rates]``."""
    # With Nesterov's step a momentum of 1 is forgotten as well, the faster the larger the rate.
    forgotten = 30 / (1.0 - descent.momentum) if descent.momentum < 1.0 else 2_000
    half = min(20_000, max(500, round(forgotten)))
    curved = np.array(curvatures)[:, None]
    w = np.ones((len(curved), len(rates)))
    v = np.zeros_like(w)
    middle = np.ones(len(rates))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for step in range(2 * half):
            if step == half:
                middle = np.abs(w).max(axis=0)
            w, v = _step(w, v, rates, curved, descent)
        end = np.abs(w).max(axis=0)
        return np.asarray(~np.isfinite(end) | (end > middle), dtype=np.bool_)
