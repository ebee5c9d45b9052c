"""Weights as a training would start with them, from the generator that every engine draws from."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import rng
from trainlab.engine.layout import numpy_draws
from trainlab.maths import INITS
from trainlab.spec import InitScheme

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
