"""A map's question: an experiment, and two axes with their values."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from trainlab.errors import SpecError, shown
from trainlab.spec import (
    Experiment,
    Record,
    Study,
    any_study,
    find_field,
    named_cell,
    numeric_fields,
    with_values,
)
from trainlab.spec.checks import check_number
from trainlab.spec.study import MAX_SEEDS

# An axis of a map: a numeric field, its values from one end to the other, and what it is called.


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
        return {"field": self.field, "scale": "log" if self.log else "linear", "values": list(self.values)}

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


# What a map asks: which experiment, which two settings over which values, how many seeds; checked whole.


MAX_POINTS = 1_000_000
SIZE = (64, 64)
SEEDS = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """The `experiment` of the cell `cell`, with its `x` and `y` settings varied, on the first `seeds` seeds.

    `name` says in words which cell it is, `made` are the names and labels of its changes. The experiment
    records what the map reads and nothing else.
    """

    cell: str
    name: str
    experiment: Experiment
    x: Axis
    y: Axis
    seeds: int
    made: tuple[tuple[str, str], ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Values of y, values of x: the shape of every array of the map."""
        return len(self.y.values), len(self.x.values)

    def at(self, row: int, column: int) -> Experiment:
        """Return the experiment at a point of the plane."""
        values = {self.x.field: self.x.values[column], self.y.field: self.y.values[row]}
        return with_values(self.experiment, values)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which `from_dict` makes an equal question."""
        plain: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        axes = {"x": self.x.to_dict(), "y": self.y.to_dict()}
        return {**plain, "experiment": self.experiment.to_dict(), "made": list(self.made), **axes}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Question:
        """Read a question from plain data."""
        return cls(
            cell=data["cell"],
            name=data["name"],
            experiment=Experiment.from_dict(data["experiment"]),
            x=Axis.from_dict(data["x"]),
            y=Axis.from_dict(data["y"]),
            seeds=data["seeds"],
            made=tuple((name, label) for name, label in data["made"]),
        )

    def nearest(self, x: float, y: float) -> tuple[int, int]:
        """Return row and column of the point nearest to these values, on the axes' own scales."""
        return self.y.nearest(y), self.x.nearest(x)


def ask(
    spec: Experiment | Study | str | os.PathLike[str],
    *,
    x: str,
    y: str,
    size: tuple[int, int],
    seeds: int,
    cell: str | None,
) -> Question:
    """Return the question in full; raise SpecError, before anything runs, if it can't be answered."""
    check_number("seeds", seeds, at_least=1, at_most=MAX_SEEDS)
    check_size(size)
    plan = any_study(spec)
    chosen = named_cell(plan, cell)
    across = read_axis(chosen.experiment, x, name="x", count=size[0])
    up = read_axis(chosen.experiment, y, name="y", count=size[1])
    if across.field == up.field:
        raise SpecError(f"x and y: both are {across.field}; a plane needs two different settings.")
    question = Question(
        cell=chosen.name,
        name=chosen.words,
        experiment=_recording_little(chosen.experiment),
        x=across,
        y=up,
        seeds=seeds,
        made=tuple((change.name, change.label) for change in plan.changes if change.name in chosen.changes),
    )
    for row, column in _rim(question.shape):
        try:
            question.at(row, column)
        except SpecError as error:
            place = f"{across.field} = {across.values[column]:g}, {up.field} = {up.values[row]:g}"
            raise SpecError(f"at {place}: {error}") from None
    return question


def read_size(text: str) -> tuple[int, int]:
    """Return ``(64, 48)`` for ``64x48``: the number of values along x, and along y."""
    match = re.fullmatch(r"\s*([0-9]{1,9})\s*[xX×]\s*([0-9]{1,9})\s*", text)
    if match is None:
        raise SpecError(f"size = {shown(text)}: must be the numbers of values along x and y, as in 64x64.")
    size = int(match[1]), int(match[2])
    check_size(size)
    return size


def check_size(size: tuple[int, int]) -> None:
    """Refuse a plane of a single line, or of too many points."""
    if not (isinstance(size, tuple | list) and [type(one) for one in size] == [int, int]):  # pyright: ignore
        raise SpecError(
            f"size = {shown(size)}: must be two whole numbers, the values along x and y, as in (64, 64)."
        )
    across, up = size
    if min(size) < MIN_VALUES or across * up > MAX_POINTS:
        raise SpecError(
            f"size = {across}x{up}: must be at least {MIN_VALUES}x{MIN_VALUES} and at most "
            f"{MAX_POINTS:,} points."
        )


def _recording_little(experiment: Experiment) -> Experiment:
    """Record no curves, which a map doesn't show, but keep how often runs are checked for being solved."""
    from msgspec.structs import replace

    every = experiment.record.solved_every
    return replace(experiment, record=Record(loss_every=0, gradient_every=0, solved_every=every))


def _rim(shape: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the points along the edge of the plane: every limit that the fields have is met there first."""
    rows, columns = shape
    for column in range(columns):
        yield from ((0, column), (rows - 1, column))
    for row in range(1, rows - 1):
        yield from ((row, 0), (row, columns - 1))
