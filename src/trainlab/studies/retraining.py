"""A study's cells trained again, in float64 and by another engine, so that its verdicts can be checked."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.draw import counted, format_fixed
from trainlab.engine import Engine, Runs, engine_of, get_engine, other_engine
from trainlab.engine.choose import has_torch
from trainlab.errors import EngineError
from trainlab.execution import Progress, start_afresh, train_all
from trainlab.spec import Experiment
from trainlab.stats import SIGNIFICANCE, holm, mcnemar_p
from trainlab.store import Store
from trainlab.studies.cells import CellResult, summarise

DOUBLE = "float64"
ENGINES_IN_WORDS = {"torch": "by PyTorch", "fast": "by the fast engine"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrained:
    """All of a study's `cells` trained again, so many `runs` of each, by `engine`; `words` say how.

    In `differing` of them runs are solved more or less often than here on the same seeds, by McNemar's exact
    test with Holm's correction. `largest` is the largest difference of the share, there less here, and
    `where` the cell that has it.
    """

    words: str
    engine: str
    cells: int
    runs: int
    differing: int
    largest: float
    where: str

    @property
    def visible(self) -> float:
        """The least difference of one cell that the test shows, if all of it goes one way."""
        return math.ceil(math.log2(2 * self.cells / SIGNIFICANCE)) / self.runs

    @property
    def sentence(self) -> str:
        """What was found, and what would have been seen."""
        found = f"in {self.differing:,}" if self.differing else "in none"
        power = (
            f"if all of it went one way, {format_fixed(100 * self.visible, 1)} points of one cell would have "
            "been seen"
            if self.visible <= 1
            else "too few seeds to see any"
        )
        most = f"; the largest difference is {format_fixed(100 * self.largest, 1, sign=True)} points, of "
        return (
            f"Of {counted(self.cells, 'cell')} trained again {self.words}, {found} is it shown that runs are "
            f"solved more or less often than here (McNemar's test, Holm's correction; {power})"
            f"{most + self.where if self.largest else ''}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "words": self.words,
            "engine": self.engine,
            "cells": self.cells,
            "runs": self.runs,
            "differing": self.differing,
            "largest": self.largest,
            "where": self.where,
            "visible": self.visible,
            "sentence": self.sentence,
        }


def check_retrainable(engine: str, experiments: Sequence[Experiment]) -> None:
    """Refuse, before anything is trained, experiments that can't be trained again."""
    if not has_torch():
        raise EngineError("sides: trains again with PyTorch; pip install 'trainlab[torch]'.")
    if any(other_engine(engine, each) is None for each in experiments):
        raise EngineError(
            "sides: trains again by another engine, but only one can train with this study's own loss; give "
            "it a derivative, and write it so that numba and PyTorch can compute it, or leave sides out."
        )


def retrain(
    cells: Sequence[CellResult],
    *,
    seeds: int,
    engine: str,
    store: str | os.PathLike[str] | None = None,
    fresh: bool = False,
    workers: int | None = None,
    on: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[tuple[Retrained, tuple[CellResult, ...]]]:
    """Train all runs of the cells again in float64, and the first `seeds` of each cell by another engine.

    `engine` is what they were trained by. What `store` keeps is not trained again, but with `fresh`, which
    has it forgotten first. Each comes with what it is beside the cells as they are, and with its own cells.
    """
    all_seeds = len(cells[0].runs.seeds)
    runs = [each for item in cells for each in item.splits]
    trainers = [engine_of(engine, each.experiment) for each in runs]
    others = [other_engine(engine, each.experiment) or "" for each in runs]
    double = {name: get_engine(name, dtype=DOUBLE) for name in trainers}
    plain = {name: get_engine(name) for name in others}
    named = ENGINES_IN_WORDS[others[0]] if len(plain) == 1 else "by the other engine"
    ways = [
        (f"in {DOUBLE}", [double[name] for name in trainers], all_seeds),
        (named, [plain[name] for name in others], min(seeds, all_seeds)),
    ]
    found: list[tuple[Retrained, tuple[CellResult, ...]]] = []
    for words, engines, count in ways:
        with nullcontext() if store is None else Store.open(store) as held:
            again = _train(
                runs, engines, count, store=held, fresh=fresh, workers=workers, on=on, on_progress=on_progress
            )
        each, summaries = len(cells[0].splits), list[CellResult]()
        for place, item in enumerate(cells):
            summaries.append(summarise(item.cell, *again[place * each : (place + 1) * each]))
        fewer = f" ({counted(count, 'seed')})" if count < all_seeds else ""
        names = " and ".join(dict.fromkeys(engine.name for engine in engines))
        found.append(
            (compare_cells(cells, summaries, words=f"{words}{fewer}", engine=names), tuple(summaries))
        )
    return found


def compare_cells(
    cells: Sequence[CellResult], again: Sequence[CellResult], *, words: str, engine: str
) -> Retrained:
    """Compare cells that were trained again, on the first of their seeds, with the cells as they are."""
    differences: dict[str, float] = {}
    p: list[float] = []
    for here, there in zip(cells, again, strict=True):
        ours = np.concatenate(
            [mine.solved[: len(its.seeds)] for mine, its in zip(here.splits, there.splits, strict=True)]
        )
        theirs = there.joined(lambda runs: runs.solved)
        differences[here.cell.name] = float(theirs.mean() - ours.mean())
        p.append(mcnemar_p(ours, theirs))
    where = max(differences, key=lambda name: abs(differences[name]))
    return Retrained(
        words=words,
        engine=engine,
        runs=again[0].count,
        cells=len(cells),
        differing=int((np.array(holm(p)) < SIGNIFICANCE).sum()),
        largest=differences[where],
        where=where,
    )


def _train(
    runs: Sequence[Runs],
    engines: Sequence[Engine],
    count: int,
    *,
    store: Store | None,
    fresh: bool,
    workers: int | None,
    on: str | None,
    on_progress: Callable[[Progress], None] | None,
) -> list[Runs]:
    """Train the first `count` seeds of each again, each by its engine, those of one engine together."""
    again: dict[int, Runs] = {}
    for trainer in dict.fromkeys(engines):
        places = [place for place, each in enumerate(engines) if each == trainer]
        experiments = [runs[place].experiment for place in places]
        seeds = [range(runs[place].first_seed, runs[place].first_seed + count) for place in places]
        if fresh and store is not None:
            start_afresh(experiments, seeds, engine=trainer, store=store, workers=workers, on=on)
        trained = train_all(
            experiments,
            seeds,
            engine=trainer,
            store=store,
            workers=workers,
            on=on,
            on_progress=on_progress,
        )
        again.update(zip(places, trained, strict=True))
    return [again[place] for place in range(len(runs))]
