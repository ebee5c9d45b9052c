"""The distribution that a scheme draws a layer's weights from, in numbers; and weights drawn from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import rng
from trainlab.engine.layout import numpy_draws
from trainlab.maths import INITS
from trainlab.maths.inits import default_bound, gain_of
from trainlab.spec import (
    Constant,
    Default,
    FanInUniform,
    InitScheme,
    KaimingNormal,
    KaimingUniform,
    LecunNormal,
    LecunUniform,
    Normal,
    Orthogonal,
    Uniform,
    XavierNormal,
    XavierUniform,
)

Array = npt.NDArray[np.float64]
Shape = Literal["constant", "uniform", "normal", "orthogonal"]
ROOT3 = math.sqrt(3.0)
"""A uniform distribution reaches √3 deviations from its mean."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Law:
    """Shape, mean and standard deviation of one weight; `dimension` is d of an orthogonal one, else 0.

    One entry of a matrix with d-dimensional orthonormal rows or columns is gain · q with q² ~ Beta(½, (d − 1)
    / 2), so that its variance is gain²/d (Mezzadri, Notices of the AMS 54, 2007); entries depend on each
    other.
    """

    shape: Shape
    mean: float
    std: float
    dimension: int = 0

    @property
    def reach(self) -> float:
        """How far from the mean a weight can lie; infinite if normal."""
        if self.shape == "uniform":
            return ROOT3 * self.std
        if self.shape == "orthogonal":
            return math.sqrt(self.dimension) * self.std
        return 0.0 if self.shape == "constant" else math.inf

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value that can be drawn."""
        return self.mean - self.reach, self.mean + self.reach

    @property
    def excess(self) -> float:
        """The excess kurtosis: −6/5 if uniform, 0 if normal, −6/(d + 2) if orthogonal."""
        if self.shape == "uniform":
            return -1.2
        return -6.0 / (self.dimension + 2.0) if self.shape == "orthogonal" else 0.0

    @property
    def words(self) -> str:
        """The distribution with its numbers: ``U(±0.316)``."""
        if self.shape == "constant":
            return f"{self.mean:.4g}, always"
        if self.shape == "uniform":
            low, high = self.bounds
            return f"U(±{high:.4g})" if self.mean == 0 else f"U({low:.4g}, {high:.4g})"
        if self.shape == "orthogonal":
            return f"|w| ≤ {self.reach:.4g}, deviation {self.std:.4g}"
        return f"N({self.mean:.4g}, {self.std:.4g}²)"

    def density(self, x: Array) -> Array:
        """Return the density at ``x``, for all shapes but the constant."""
        u = (x - self.mean) / self.std
        if self.shape == "normal":
            return np.exp(-u * u / 2) / (self.std * math.sqrt(2 * math.pi))
        inside = np.abs(x - self.mean) <= self.reach
        if self.shape == "uniform":
            return np.where(inside, 1.0 / (2 * self.reach), 0.0)
        q = np.clip((x - self.mean) / self.reach, -1, 1)
        d = self.dimension
        scale = math.exp(math.lgamma(d / 2) - math.lgamma((d - 1) / 2)) / (math.sqrt(math.pi) * self.reach)
        return np.where(inside, scale * np.maximum(1 - q * q, 1e-300) ** ((d - 3) / 2), 0.0)


def law_of(init: InitScheme, fan_in: int, fan_out: int) -> Law:
    """Return what a scheme draws for a layer with so many inputs and outputs."""
    match init:
        case Constant():
            return Law(shape="constant", mean=init.val, std=0.0)
        case Uniform():
            return Law(shape="uniform", mean=(init.a + init.b) / 2, std=(init.b - init.a) / (2 * ROOT3))
        case Normal():
            return Law(shape="normal", mean=init.mean, std=init.std)
        case Default() | FanInUniform():
            return Law(shape="uniform", mean=0.0, std=default_bound(fan_in) / ROOT3)
        case XavierUniform():
            return Law(shape="uniform", mean=0.0, std=init.gain * math.sqrt(2.0 / (fan_in + fan_out)))
        case XavierNormal():
            return Law(shape="normal", mean=0.0, std=init.gain * math.sqrt(2.0 / (fan_in + fan_out)))
        case KaimingUniform() | KaimingNormal():
            fan = fan_in if init.mode == "fan_in" else fan_out
            shape: Shape = "uniform" if isinstance(init, KaimingUniform) else "normal"
            return Law(shape=shape, mean=0.0, std=gain_of(init.nonlinearity, init.a) / math.sqrt(fan))
        case LecunUniform():
            return Law(shape="uniform", mean=0.0, std=1.0 / math.sqrt(fan_in))
        case LecunNormal():
            return Law(shape="normal", mean=0.0, std=1.0 / math.sqrt(fan_in))
        case Orthogonal():
            dimension = max(fan_in, fan_out)
            std = init.gain / math.sqrt(dimension)
            return Law(shape="orthogonal", mean=0.0, std=std, dimension=dimension)


Array = npt.NDArray[np.float64]
Draw = Callable[..., Array]


def remembered_draws() -> Draw:
    """Return `numpy_draws` that keeps what it drew: schemes of one shape differ in nothing else."""
    return lru_cache(maxsize=None)(numpy_draws)


def draw_weights(
    init: InitScheme, *, seeds: range, layer: int, fan_in: int, fan_out: int, draw: Draw = numpy_draws
) -> Array:
    """Return weights ``[n, fan_out, fan_in]`` of one layer for each seed, as every engine starts with."""
    settings: dict[str, Any] = msgspec.to_builtins(init)
    entry = INITS[settings.pop("name")]
    drawn = draw(
        seeds, stream=rng.WEIGHTS, layer=layer, count=fan_in * fan_out, normal=entry.draws == "normal"
    )
    return entry.sample(drawn, fan_in, fan_out, **settings).reshape(len(seeds), fan_out, fan_in)
