"""Which values of an input are looked at, and what they are called."""

from __future__ import annotations

import random
from math import prod

MAX_FEATURES = 64


def sampled_places(width: int) -> list[int]:
    """Return up to 64 places of a row of `width` values, always the same ones."""
    if width <= MAX_FEATURES:
        return list(range(width))
    return sorted(random.Random(width).sample(range(width), MAX_FEATURES))


def feature_name(place: int, shape: tuple[int, ...]) -> str:
    """Return the name of the `place`-th value looked at, in an input of a shape, batch first.

    ``feature 3`` of a table, ``feature 0 at step 7`` of a sequence, ``[0, 4, 5]`` of an image.
    """
    import numpy as np

    row = shape[1:]
    places = sampled_places(prod(row))
    if place >= len(places):  # rows of several lengths
        return f"value {place}"
    index = places[place]
    if len(row) <= 1:
        return f"feature {index}"
    at = [int(axis) for axis in np.unravel_index(index, row)]
    return f"feature {at[1]} at step {at[0]}" if len(row) == 2 else f"the value at {at}"
