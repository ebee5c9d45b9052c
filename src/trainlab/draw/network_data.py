"""The data of a picture of a network: checked weights, also in words and as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from trainlab.errors import TrainlabError

from .axes import FloatArray
from .formats import format_number
from .table import Cell

Weights: TypeAlias = Sequence[FloatArray]
Biases: TypeAlias = Sequence[FloatArray | None]


def checked_network(
    widths: Sequence[int], weights: Weights, biases: Biases
) -> tuple[list[FloatArray], list[FloatArray | None]]:
    """Return weights and biases as float arrays.

    Raises:
        TrainlabError: if the shapes don't fit the widths.
    """
    if len(widths) < 2 or min(widths) < 1:
        raise TrainlabError(f"widths: {list(widths)}; give at least two layers of at least one unit each.")
    for name, given in (("weights", weights), ("biases", biases)):
        if len(given) != len(widths) - 1:
            raise TrainlabError(
                f"{name}: {len(given)} entries for {len(widths)} widths; give one for each later layer."
            )
    arrays = [np.asarray(weight, dtype=np.float64) for weight in weights]
    offsets = [None if bias is None else np.asarray(bias, dtype=np.float64) for bias in biases]
    for place, (weight, bias) in enumerate(zip(arrays, offsets, strict=True)):
        if weight.shape != (widths[place + 1], widths[place]):
            raise TrainlabError(
                f"weights: layer {place + 1} has shape {weight.shape}; the widths {list(widths)} need "
                f"{(widths[place + 1], widths[place])} (units out, units in)."
            )
        if bias is not None and bias.shape != (widths[place + 1],):
            raise TrainlabError(
                f"biases: layer {place + 1} has shape {bias.shape}; the widths {list(widths)} need "
                f"{(widths[place + 1],)}, or None for no biases."
            )
    return arrays, offsets


def source(layer: int, unit: int) -> str:
    """Return the name of a unit, or input, that a link comes from."""
    return f"input {unit + 1}" if layer == 0 else f"layer {layer}, unit {unit + 1}"


def parameter_count(arrays: Sequence[FloatArray], offsets: Biases) -> int:
    """Return the number of all weights and biases."""
    return sum(array.size for array in arrays) + sum(bias.size for bias in offsets if bias is not None)


def in_words(place: int, weight: FloatArray, bias: FloatArray | None) -> str:
    """Return the numbers of one layer, or their range if they are more than 64."""
    if weight.size > 64:
        finite = weight[np.isfinite(weight)]
        ends = "none of them finite"
        if finite.size:
            ends = f"from {format_number(float(finite.min()))} to {format_number(float(finite.max()))}"
        offsets = f"{'no ' if bias is None else ''}biases"
        return f"Layer {place + 1}: {weight.size:,} weights, {ends}; {offsets}."
    units = [f"[{', '.join(format_number(float(value)) for value in unit)}]" for unit in weight]
    offsets = (
        "no biases" if bias is None else f"biases {', '.join(format_number(float(value)) for value in bias)}"
    )
    return f"Layer {place + 1}: weights into each unit {', '.join(units)}; {offsets}."


def rows_of(arrays: Sequence[FloatArray], offsets: Biases) -> list[list[Cell]]:
    """Return one row for each weight and each bias."""
    rows: list[list[Cell]] = []
    for layer, (weight, bias) in enumerate(zip(arrays, offsets, strict=True)):
        for out in range(weight.shape[0]):
            for into in range(weight.shape[1]):
                value = float(weight[out, into])
                rows.append([layer + 1, out + 1, source(layer, into), value])
            if bias is not None:
                rows.append([layer + 1, out + 1, "bias", float(bias[out])])
    return rows
