"""What is asked of a neuron, checked: which layer, unit and input."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainlab.errors import ExplainError
from trainlab.explain.network_pass import Array
from trainlab.explain.neurons.stack import array


def check_place(name: str, value: object, most: int, things: str, owner: str) -> int:
    """Return a place from 1 to `most`; raise ExplainError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ExplainError(
            f"{name} = {value!r}: {owner} {most:,} {things}; give a whole number from 1 to {most:,}."
        )
    return int(value)


def chosen_input(given: Any, point: int | None, points: Array) -> tuple[Array, int | None]:
    """Return the input ``[features]`` looked at, and its place, from 1, among ``points [n, features]``.

    Without `given` and `point` it is the first data point that isn't all zeros, where only a bias counts.

    Raises:
        ExplainError: both are given, the input has other than as many numbers, or no point is there.
    """
    if given is None:
        place = (
            first_telling(points)
            if point is None
            else check_place("point", point, len(points), "data points", "the data have")
        )
        return points[place - 1], place
    if point is not None:
        raise ExplainError(f"point = {point!r}: input is given as well; give only one of the two.")
    values = array("input", given)
    if values.shape != points.shape[1:]:
        raise ExplainError(
            f"input: has shape {list(values.shape)}, but the network takes {points.shape[1]:,} inputs; "
            "give as "
            f"many numbers, as in {','.join('0' for _ in range(min(points.shape[1], 4)))}."
        )
    same = np.flatnonzero((points == values).all(axis=1))
    return values, int(same[0]) + 1 if same.size else None


def first_telling(points: Array) -> int:
    """Return the place, from 1, of the first point that isn't all zeros; 1 if all are."""
    telling = np.flatnonzero(np.abs(points.reshape(len(points), -1)).max(axis=1) > 0)
    return int(telling[0]) + 1 if telling.size else 1
