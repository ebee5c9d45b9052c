"""What a map asks: which experiment, which two settings over which values, how many seeds; checked whole."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from trainlab.errors import SpecError, shown
from trainlab.spec import Experiment, Record, Study, any_study, named_cell, with_values
from trainlab.spec.checks import check_number
from trainlab.spec.study import MAX_SEEDS
from trainlab.studies.maps.axis import MIN_VALUES, Axis, read_axis

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
