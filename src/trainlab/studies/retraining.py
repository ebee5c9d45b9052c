"""Cells trained again: a sample by a plain loop in PyTorch, or all of them by another engine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainlab.draw import counted, format_fixed
from trainlab.engine import Engine, Runs, engine_of, get_engine, other_engine
from trainlab.engine.choose import has_torch
from trainlab.errors import EngineError, lacking
from trainlab.execution import RunSettings, start_afresh, train_all, train_stored
from trainlab.plain import Plain, pick
from trainlab.spec import Experiment
from trainlab.stats import SIGNIFICANCE, Estimate, holm, mcnemar_p, paired_difference
from trainlab.studies.cells import CellResult, summarise

# Does the engine of a study train as PyTorch does? Some of its runs again, by a plain loop in PyTorch.


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
            **pick(self, "runs cells solved=ours solved_by_torch=torchs alike"),
            "difference": pick(self.difference, "estimate low high"),
            **pick(self, "p visible zeros=our_zeros zeros_of_torch=torch_zeros sentence"),
        }


def check_fidelity(engine: str) -> None:
    """Refuse, before anything is trained, what can't be compared."""
    if engine == "reference":
        raise EngineError(
            "fidelity: the engine 'reference' is the plain PyTorch loop itself; ask of another."
        )
    if not has_torch():
        raise EngineError(lacking("fidelity", "PyTorch", extra="torch"))


def fidelity_of(
    cells: Sequence[Runs],
    *,
    runs: int,
    settings: RunSettings,
) -> Fidelity:
    """Train at least `runs` of the cells' runs again with the reference engine, and compare.

    Which is drawn by a generator of its own: each time the same of the same cells. What is stored of
    them is not trained again, but with `fresh`, which has it forgotten first.

    Raises:
        EngineError: PyTorch isn't installed.
    """
    drawn = _draw(cells, runs)
    experiments = [ours.experiment for ours, _ in drawn]
    again, _, _ = train_stored(
        experiments, [seeds for _, seeds in drawn], replace(settings, engine="reference")
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


# A study's cells trained again, in float64 and by another engine, so that its verdicts can be checked.


DOUBLE = "float64"
ENGINES_IN_WORDS = {"torch": "by PyTorch", "fast": "by the fast engine"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrained(Plain):
    """All of a study's `cells` trained again, so many `runs` of each, by `engine`; `words` say how.

    In `differing` of them runs are solved more or less often than here on the same seeds, by McNemar's exact
    test with Holm's correction. `largest` is the largest difference of the share, there less here, and
    `where` the cell that has it.
    """

    _written = "* visible sentence"

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


def check_retrainable(engine: str, experiments: Sequence[Experiment]) -> None:
    """Refuse, before anything is trained, experiments that can't be trained again."""
    if not has_torch():
        raise EngineError(lacking("sides", "PyTorch", extra="torch"))
    if any(other_engine(engine, each) is None for each in experiments):
        raise EngineError(
            "sides: trains again by another engine, but only one can train with this study's own loss; give "
            "it a derivative, and write it so that numba and PyTorch can compute it, or leave sides out."
        )


def retrain(
    cells: Sequence[CellResult],
    *,
    seeds: int,
    settings: RunSettings,
) -> list[tuple[Retrained, tuple[CellResult, ...]]]:
    """Train all runs of the cells again in float64, and the first `seeds` of each cell by another engine.

    The settings are those by which they were trained. What is stored is not trained again, but with `fresh`,
    which has it forgotten first. Each comes with what it is beside the cells as they are, and its own cells.
    """
    all_seeds = len(cells[0].runs.seeds)
    runs = [each for item in cells for each in item.splits]
    trainers = [engine_of(settings.engine, each.experiment) for each in runs]
    others = [other_engine(settings.engine, each.experiment) or "" for each in runs]
    double = {name: get_engine(name, dtype=DOUBLE) for name in trainers}
    plain = {name: get_engine(name) for name in others}
    named = ENGINES_IN_WORDS[others[0]] if len(plain) == 1 else "by the other engine"
    ways = [
        (f"in {DOUBLE}", [double[name] for name in trainers], all_seeds),
        (named, [plain[name] for name in others], min(seeds, all_seeds)),
    ]
    found: list[tuple[Retrained, tuple[CellResult, ...]]] = []
    for words, engines, count in ways:
        with settings.opened() as held:
            again = _train(runs, engines, count, replace(settings, store=held))
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


def _train(runs: Sequence[Runs], engines: Sequence[Engine], count: int, settings: RunSettings) -> list[Runs]:
    """Train the first `count` seeds of each again, each by its engine, those of one engine together."""
    again: dict[int, Runs] = {}
    for trainer in dict.fromkeys(engines):
        places = [place for place, each in enumerate(engines) if each == trainer]
        experiments = [runs[place].experiment for place in places]
        seeds = [range(runs[place].first_seed, runs[place].first_seed + count) for place in places]
        start_afresh(experiments, seeds, settings, engine=trainer)
        trained = train_all(experiments, seeds, **settings.training(engine=trainer))
        again.update(zip(places, trained, strict=True))
    return [again[place] for place in range(len(runs))]
