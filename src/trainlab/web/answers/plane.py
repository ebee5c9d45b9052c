"""How often is it solved around here? A few cells of the plane of two settings, in frames that grow.

Kind ``plane``. Every frame has the cells trained so far, in the order in which they were asked for:

| field | what it is |
|---|---|
| `x`, `y` | the axes: ``{path, words, values}``, whole numbers where the field takes these |
| `n`, `first_seed` | the seeds of each cell |
| `done`, `of` | how many cells there are so far, and how many were asked for |
| `refused` | ``[{cell, words}]``: cells in which the experiment can't be carried out, and why |
| `sentence` | how many cells are solved often, and how many never |

Arrays: `cells` i4[m, 2] (places along x and y), `k` i4[m] (how many seeds are solved, −1 where it can't be
carried out).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from trainlab.draw import counted
from trainlab.engine import engine_of, get_engine
from trainlab.errors import SpecError
from trainlab.spec import Experiment, find_field, numeric_fields
from trainlab.spec.change import Edit, merge, nest
from trainlab.stats import OFTEN
from trainlab.studies.maps.question import WORDS
from trainlab.web.experiment_forms import experiment_of, weighed
from trainlab.web.frames import Frame
from trainlab.web.questions import Axis, Limits, Plane

FRAME_SECONDS = 0.1

Cell = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Setting:
    """An axis of the plane: a numeric field of the experiment, and its values."""

    path: str
    values: tuple[float, ...] | tuple[int, ...]

    def to_dict(self) -> dict[str, object]:
        return {"path": self.path, "words": WORDS.get(self.path, self.path), "values": self.values}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cell:
    """The experiment of a cell, and what all of its seeds cost, what they continue included."""

    experiment: Experiment
    work: float


def answer_plane(question: Plane, limits: Limits) -> Iterator[Frame]:
    """Yield how many seeds are solved in more and more of the cells."""
    base = experiment_of(question.experiment, limits, seeds=question.seeds)
    x, y = _setting(base, question.x, "x"), _setting(base, question.y, "y")
    if x.path == y.path:
        raise SpecError(f"x and y: both are {x.path}; a plane needs two different settings.")
    made = {cell: _at(base, x, y, cell, limits, question.seeds) for cell in question.cells}
    work = sum(each.work for each in made.values() if isinstance(each, _Cell))
    if work > limits.work:
        raise SpecError(
            f"cells: {len(made):,} cells are {work / limits.work:,.1f} times the work that a question may "
            "take here; ask for fewer cells or seeds."
        )
    seeds = range(question.first_seed, question.first_seed + question.seeds)
    solved: dict[Cell, int] = {}
    told = time.perf_counter()
    for cell, each in made.items():
        solved[cell] = _solved(each.experiment, seeds) if isinstance(each, _Cell) else -1
        last = len(solved) == len(made)
        if last or time.perf_counter() - told > FRAME_SECONDS:
            told = time.perf_counter()
            yield _frame(solved, made, x, y, seeds, last=last)


def _setting(experiment: Experiment, axis: Axis, name: str) -> _Setting:
    try:
        path = find_field(experiment, axis.path)
    except SpecError as error:
        raise SpecError(f"{name}: {error}") from None
    if numeric_fields(experiment)[path] == "real":
        return _Setting(path=path, values=axis.values)
    for value in axis.values:
        if value != round(value):
            raise SpecError(f"{name} = {value:g}: {path} takes whole numbers.")
    return _Setting(path=path, values=tuple(map(round, axis.values)))


def _at(base: Experiment, x: _Setting, y: _Setting, cell: Cell, limits: Limits, seeds: int) -> _Cell | str:
    """Return the experiment of a cell, which records no curves; or why there is none."""
    for place, setting, name in zip(cell, (x, y), "xy", strict=True):
        if not 0 <= place < len(setting.values):
            raise SpecError(f"cells: {list(cell)} is outside of the plane; {name} has {len(setting.values)}.")
    edits = (
        Edit(path=x.path, value=x.values[cell[0]]),
        Edit(path=y.path, value=y.values[cell[1]]),
    )
    try:
        experiment, work = weighed(merge(base.to_dict(), nest(edits), where=""), limits, seeds=seeds)
    except SpecError as error:
        return str(error)
    record = msgspec.structs.replace(experiment.record, loss_every=0, gradient_every=0, parameters=False)
    return _Cell(experiment=msgspec.structs.replace(experiment, record=record), work=work)


def _solved(experiment: Experiment, seeds: range) -> int:
    (runs,) = get_engine(engine_of("auto", experiment)).train(experiment, seeds, threads=1)
    return int(runs.solved.sum())


def _frame(
    solved: dict[Cell, int],
    made: dict[Cell, _Cell | str],
    x: _Setting,
    y: _Setting,
    seeds: range,
    *,
    last: bool,
) -> Frame:
    refused: list[dict[str, Any]] = [
        {"cell": cell, "words": words} for cell in solved if isinstance(words := made[cell], str)
    ]
    return Frame(
        kind="plane",
        fields={
            "x": x.to_dict(),
            "y": y.to_dict(),
            "n": len(seeds),
            "first_seed": seeds.start,
            "done": len(solved),
            "of": len(made),
            "refused": refused,
            "sentence": _sentence([k for k in solved.values() if k >= 0], len(seeds)),
        },
        arrays={
            "cells": np.array(list(solved), dtype=np.int32).reshape(-1, 2),
            "k": np.array(list(solved.values()), dtype=np.int32),
        },
        last=last,
    )


def _sentence(counts: list[int], n: int) -> str:
    often, never = sum(k >= OFTEN * n for k in counts), counts.count(0)
    return (
        f"Of {counted(len(counts), 'setting')}, {often:,} solve it on at least {100 * OFTEN:g} % of "
        f"{counted(n, 'seed')}, and {never:,} on none."
    )
