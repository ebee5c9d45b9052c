"""Does the engine of a study train as PyTorch does? Some of its runs again, by a plain loop in PyTorch."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.draw import counted
from trainlab.engine import Runs
from trainlab.engine.choose import has_torch
from trainlab.errors import EngineError
from trainlab.execution import Progress, start_afresh, train_all
from trainlab.stats import Estimate, mcnemar_p, paired_difference
from trainlab.store import Store

SEEDS = 4
"""So many seeds of each cell drawn, or more where the cells are too few."""
SIGNIFICANT = 6
"""Of so many pairs that differ, all one way, the exact sign test has p < 0.05; fewer show nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fidelity:
    """Runs of a study beside the same seeds trained by a plain loop in PyTorch.

    Solved are `ours` and `torchs` of `runs`, in `cells`; `alike` of them are solved by both or by neither.
    `difference` is the share that we solve less PyTorch's, `p` McNemar's exact test. At a loss of exactly 0
    end `our_zeros` and `torch_zeros`.
    """

    runs: int
    cells: int
    ours: int
    torchs: int
    alike: int
    difference: Estimate
    p: float
    our_zeros: int
    torch_zeros: int

    @property
    def visible(self) -> float:
        """The least difference in shares that this many runs show at 5 %, if all of it goes one way."""
        return SIGNIFICANT / self.runs

    @property
    def short(self) -> str:
        """The figures alone, for where there is little room."""
        caution = "They differ. " if self.p < 0.05 else ""
        return (
            f"{caution}Trained again in plain PyTorch: {self.alike:,} of {counted(self.runs, 'run')} end "
            f"alike, {self.ours:,} solved here, {self.torchs:,} there."
        )

    @property
    def sentence(self) -> str:
        """What was found, and what would have been seen."""
        differs = self.p < 0.05
        found = "doesn't train as PyTorch does" if differs else "isn't seen to train differently from PyTorch"
        power = (
            f"if they all differed one way, {100 * self.visible:.0f} points would have been seen"
            if self.visible <= 1
            else "too few to see any difference"
        )
        return (
            f"The engine {found}: of {counted(self.runs, 'run')} of {counted(self.cells, 'cell')}, drawn at "
            f"random and trained again by a plain PyTorch loop, {self.alike:,} are solved by both or by "
            f"neither; {self.ours:,} are solved here, {self.torchs:,} there ({self.difference}; {power}). "
            f"{self.our_zeros:,} end at a loss of exactly 0 here, {self.torch_zeros:,} there."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "runs": self.runs,
            "cells": self.cells,
            "solved": self.ours,
            "solved_by_torch": self.torchs,
            "alike": self.alike,
            "difference": {
                "estimate": self.difference.estimate,
                "low": self.difference.low,
                "high": self.difference.high,
            },
            "p": self.p,
            "visible": self.visible,
            "zeros": self.our_zeros,
            "zeros_of_torch": self.torch_zeros,
            "sentence": self.sentence,
        }


def check_fidelity(engine: str) -> None:
    """Refuse, before anything is trained, what can't be compared."""
    if engine == "reference":
        raise EngineError(
            "fidelity: the engine 'reference' is the plain PyTorch loop itself; ask of another."
        )
    if not has_torch():
        raise EngineError("fidelity: compares with a loop in PyTorch; pip install 'trainlab[torch]'.")


def fidelity_of(
    cells: Sequence[Runs],
    *,
    runs: int,
    store: str | os.PathLike[str] | None = None,
    fresh: bool = False,
    workers: int | None = None,
    on: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Fidelity:
    """Train at least `runs` of the cells' runs again with the reference engine, and compare.

    Which is drawn by a generator of its own: each time the same of the same cells. What `store` keeps of
    them is not trained again, but with `fresh`, which has it forgotten first.

    Raises:
        EngineError: PyTorch isn't installed.
    """
    drawn = _draw(cells, runs)
    experiments = [ours.experiment for ours, _ in drawn]
    with nullcontext() if store is None else Store.open(store) as held:
        if fresh and held is not None:
            each = [seeds for _, seeds in drawn]
            start_afresh(experiments, each, engine="reference", store=held, workers=workers, on=on)
        again = train_all(
            experiments,
            [seeds for _, seeds in drawn],
            engine="reference",
            store=held,
            workers=workers,
            on=on,
            on_progress=on_progress,
        )
    rows = [slice(seeds.start - ours.first_seed, seeds.stop - ours.first_seed) for ours, seeds in drawn]
    solved = np.concatenate([ours.solved[mine] for (ours, _), mine in zip(drawn, rows, strict=True)])
    zeros = sum(int((ours.loss[mine] == 0).sum()) for (ours, _), mine in zip(drawn, rows, strict=True))
    there = np.concatenate([each.solved for each in again])
    return Fidelity(
        runs=len(solved),
        cells=len(drawn),
        ours=int(solved.sum()),
        torchs=int(there.sum()),
        alike=int((solved == there).sum()),
        difference=paired_difference(there, solved),
        p=mcnemar_p(solved, there),
        our_zeros=zeros,
        torch_zeros=sum(int((each.loss == 0).sum()) for each in again),
    )


def _draw(cells: Sequence[Runs], runs: int) -> list[tuple[Runs, range]]:
    """Return cells drawn at random, each with a run of consecutive seeds from a random start."""
    different = list({ours.experiment.fingerprint: ours for ours in cells}.values())
    fewest = min([SEEDS, *(len(ours.seeds) for ours in different)])
    drawing = np.random.default_rng(0)
    order: list[int] = drawing.permutation(len(different)).tolist()
    chosen = sorted(order[: math.ceil(runs / fewest)])
    count = math.ceil(runs / len(chosen))
    drawn: list[tuple[Runs, range]] = []
    for place in chosen:
        seeds = different[place].seeds
        start = int(drawing.integers(seeds.start, max(seeds.stop - count, seeds.start) + 1))
        drawn.append((different[place], range(start, min(start + count, seeds.stop))))
    return drawn
