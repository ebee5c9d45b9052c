"""An axis of a map: a numeric field, its values from one end to the other, and what it is called."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.errors import SpecError, shown
from trainlab.spec import Experiment, find_field, numeric_fields

MIN_VALUES = 2
LOG_DECADES = 2
"""A positive range that spans so many powers of ten is spaced by ratio unless asked to be linear."""

DIGITS = 6
"""Values are rounded to so many significant digits, so that they can be written down and used again."""

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"
_AXIS = re.compile(
    rf"\s*(?P<name>[^=]*?)\s*=\s*(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER})\s*(?::\s*(?P<scale>\w+)\s*)?"
)
_EXAMPLE = "as in optimizer.lr=1e-4..10, epochs=10..1000:log or momentum=0..0.99:linear"


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """`values` of the experiment's `field`, ascending; spaced by ratio if `log`, else by difference.

    A whole-number field has distinct whole values, fewer than asked for where the range has no more.
    """

    field: str
    log: bool
    values: tuple[float, ...] | tuple[int, ...]

    def nearest(self, value: float) -> int:
        """Return the place among `values` of the one nearest to `value`, on the axis's own scale."""
        places = np.array(self.values, dtype=np.float64)
        if self.log:
            places, value = np.log(places), math.log(max(value, sys.float_info.min))
        return int(np.abs(places - value).argmin())

    def to_dict(self) -> dict[str, Any]:
        """Return field, scale and values, as JSON has them."""
        return {
            "field": self.field,
            "scale": "log" if self.log else "linear",
            "values": list(self.values),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Axis:
        """Read an axis as `to_dict` writes it."""
        return cls(field=data["field"], log=data["scale"] == "log", values=tuple(data["values"]))


def read_axis(experiment: Experiment, text: str, *, name: str, count: int) -> Axis:
    """Return the axis that `text`, as ``optimizer.lr=1e-4..10``, stands for, with at most `count` values.

    ``:log`` or ``:linear`` after it says how the values are spaced; without, a positive range that spans at
    least two powers of ten is log. `name` is ``x`` or ``y``, for what errors say.

    Raises:
        SpecError: it isn't written so, the field isn't there, or the range can't be.
    """
    said = f"{name} = {shown(text)}"
    match = _AXIS.fullmatch(text)
    if match is None or not match["name"]:
        raise SpecError(f"{said}: must be FIELD=LOW..HIGH, {_EXAMPLE}.")
    try:
        field = find_field(experiment, match["name"])
    except SpecError as error:
        raise SpecError(f"{name}: {error}") from None
    low, high = float(match["low"]), float(match["high"])
    if not (math.isfinite(low) and math.isfinite(high)):
        raise SpecError(f"{said}: both ends must be finite numbers, {_EXAMPLE}.")
    if not low < high:
        raise SpecError(f"{said}: LOW must be less than HIGH, {_EXAMPLE}.")
    scale = match["scale"] or ("log" if low > 0 and high / low >= 10**LOG_DECADES else "linear")
    if scale not in ("log", "linear"):
        raise SpecError(f"{said}: after ':' must stand 'log' or 'linear', not {shown(scale)}.")
    if scale == "log" and low <= 0:
        raise SpecError(
            f"{said}: a log axis has no {low:g}; begin above 0, or write :linear after the range."
        )
    whole = numeric_fields(experiment)[field] == "whole"
    values = _values(low, high, count=count, log=scale == "log", whole=whole)
    if len(values) < MIN_VALUES:
        raise SpecError(
            f"{said}: {field} takes whole numbers, and the range holds only {len(values)} of them; "
            f"at least {MIN_VALUES} are needed."
        )
    return Axis(field=field, log=scale == "log", values=values)


def _values(
    low: float, high: float, *, count: int, log: bool, whole: bool
) -> tuple[float, ...] | tuple[int, ...]:
    if whole:
        low, high = math.ceil(low), math.floor(high)
        if low >= high:
            return tuple(range(int(low), int(high) + 1))
    ends = np.log10([float(low), float(high)]) if log else np.array([low, high])
    # Halves keep the difference finite even between the largest floats of either sign.
    share = np.linspace(0.0, 1.0, count)
    between = 2 * (ends[0] / 2 * (1 - share) + ends[1] / 2 * share)
    spaced = np.power(10.0, between) if log else between
    spaced[0], spaced[-1] = low, high
    if whole:
        return tuple(sorted({round(float(value)) for value in spaced}))
    for digits in (DIGITS, 10, 17):
        rounded = tuple(float(f"{value:.{digits}g}") for value in spaced)
        if len(set(rounded)) == count:
            return rounded
    return tuple(sorted(set(spaced.tolist())))


WORDS = {
    "optimizer.lr": "learning rate",
    "optimizer.momentum": "momentum",
    "optimizer.weight_decay": "weight decay",
    "init.weight.std": "std of the initial weights",
    "init.weight.mean": "mean of the initial weights",
    "init.weight.gain": "gain of the initial weights",
    "init.bias.std": "std of the initial biases",
    "sampling.steps_per_epoch": "steps of an epoch",
    "sampling.batch_size": "batch size",
    "network.dropout": "dropout",
    "noise.std": "std of the noise on the inputs",
    "clip.norm": "largest norm of the gradient",
    "clip.value": "largest value of the gradient",
    "penalty.l1": "L1 penalty",
    "penalty.l2": "L2 penalty",
    "split.held_out": "share held out",
    "solved.within": "tolerance of what counts as solved",
}
"""Fields that say more in words; any other stands for itself."""


def axis_words(axis: Axis) -> str:
    """Return the axis's label: ``learning rate (optimizer.lr)``, or the field alone."""
    words = WORDS.get(axis.field)
    return f"{words} ({axis.field})" if words and words != axis.field else axis.field


def short_name(field: str) -> str:
    """Return the last part of a field's path, with the place where that is only a number.

    >>> short_name("optimizer.lr"), short_name("network.widths.1")
    ('lr', 'widths.1')
    """
    parts = field.split(".")
    return ".".join(parts[-2:]) if parts[-1].isdigit() else parts[-1]
