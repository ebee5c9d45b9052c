"""Dropout after a hidden layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from trainlab.engine.kernel.draws import draw_noise_word
from trainlab.engine.kernel.lanes import load, samples_of, store
from trainlab.engine.kernel.tables import DROPS, FAN_OUT, OUTPUT_UNIT
from trainlab.engine.kernel.vector import splat, splat_word, where_less
from trainlab.engine.kernel.views import drop_number, layer_of
from trainlab.engine.rng import DROPOUT


@njit(forceinline=True)
def drop_units(lane: Any, block: Any, tile: Any, index: int, step: int, part: int) -> None:
    """Drop units of a hidden layer, values and slopes alike, and scale up those that stay."""
    samples = samples_of(block)
    scale, least = drop_number(tile, index, 0), np.int64(drop_number(tile, index, 1))
    for unit in range(layer_of(tile, index, FAN_OUT)):
        for sample in range(samples):
            place = layer_of(tile, index, DROPS) + unit
            drawn = draw_noise_word(lane, block, tile, part, sample, tile.drop_units, place, step, DROPOUT)
            kept = where_less(drawn, splat_word(lane, least), splat(lane, 0.0), splat(lane, scale))
            row = (layer_of(tile, index, OUTPUT_UNIT) + unit) * samples + sample
            for first in (tile.row_values, tile.row_slopes):
                store(lane, tile.memory, first + row, load(lane, tile.memory, first + row) * kept)
