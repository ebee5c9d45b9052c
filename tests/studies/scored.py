"""Studies on data with many rows, whose accuracies or losses are made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from studies.made_up import runs_of, study_of

from trainlab.engine import Runs
from trainlab.execution import Provenance
from trainlab.spec import Cell, Study
from trainlab.studies import StudyResult
from trainlab.studies.cells import CellResult, summarise
from trainlab.studies.effects import effects_of
from trainlab.studies.verdicts.study_verdicts import verdicts_of

Values = npt.NDArray[np.float64]
CIRCLES = {"task": {"name": "circles", "points": 100}, "split": {"held_out": 0.4}, "loss": "bce_with_logits"}
CURVE = {"task": {"name": "curve", "points": 100}, "split": {"held_out": 0.4}, "network": "1-3-1"}


def how(seeds: int) -> Provenance:
    return Provenance(
        engine="fast",
        engine_reason="asked for",
        first_seed=0,
        seeds=seeds,
        workers=1,
        versions={},
        machine="a machine",
        seconds=1.0,
        trained_steps=0,
        trained_seconds=0.0,
    )


def made(study: Study, cells: tuple[CellResult, ...]) -> StudyResult:
    """Return the result that these cells make."""
    effects, interactions = effects_of(study, cells)
    return StudyResult(
        study=study,
        cells=cells,
        effects=effects,
        interactions=interactions,
        verdicts=verdicts_of(study, cells, effects),
        how=how(len(cells[0].runs.solved)),
    )


def scored(
    held_out: Mapping[tuple[str, ...], Values],
    *names: str,
    trained: float = 0.9,
    networks: tuple[str, ...] = ("2-3-1",),
    reached: int = 0,
    **fields: Any,
) -> StudyResult:
    """Return a result whose cells reach these held-out accuracies, ``[n]``, with these changes.

    On the rows trained on each run has `trained` right; so many of each cell are solved as have `reached` it.
    """
    study = study_of(*names, networks=networks, ask=(), **{**CIRCLES, **fields})

    def cell(one: Cell) -> CellResult:
        values = held_out[one.changes].astype(np.float32)
        runs = runs_of(one.experiment, np.arange(len(values)) < reached)
        same = np.full(len(values), trained, dtype=np.float32)
        return summarise(one, replace(runs, held_out_accuracy=values, accuracy=same))

    return made(study, tuple(map(cell, study.cells())))


def split_scored(
    held_out: Mapping[tuple[str, ...], Values],
    *names: str,
    trained: float = 0.9,
    solved: int = 0,
    **fields: Any,
) -> StudyResult:
    """Return a result over several splits: held-out accuracies ``[splits, n]`` of the cells.

    So many runs of each split are `solved`.
    """
    study = study_of(*names, ask=(), **{**CIRCLES, **fields})
    study = msgspec.structs.replace(study, splits=len(next(iter(held_out.values()))))

    def cell(one: Cell) -> CellResult:
        found: list[Runs] = []
        for experiment, values in zip(study.on_splits(one.experiment), held_out[one.changes], strict=True):
            runs = runs_of(experiment, np.arange(len(values)) < solved)
            same = np.full(len(values), trained, dtype=np.float32)
            found.append(replace(runs, held_out_accuracy=values.astype(np.float32), accuracy=same))
        return summarise(one, *found)

    return made(study, tuple(map(cell, study.cells())))


def lossy(held_out: Mapping[tuple[str, ...], Values], *names: str, **fields: Any) -> StudyResult:
    """Return a result of a regression whose cells reach these held-out losses, ``[n]``."""
    network = {"widths": "1-3-1", "output_activation": "linear"}
    study = study_of(*names, networks=("1-3-1",), ask=(), **{**CURVE, "network": network, **fields})

    def cell(one: Cell) -> CellResult:
        values = held_out[one.changes].astype(np.float32)
        lost = ~np.isfinite(values)
        runs = runs_of(one.experiment, np.zeros(len(values), dtype=np.bool_), diverged=lost)
        return summarise(one, replace(runs, held_out_loss=values, loss=values / 2))

    return made(study, tuple(map(cell, study.cells())))


def near(middle: float, *, n: int = 40, spread: float = 0.025) -> Values:
    """Return values about `middle` that repeat every few seeds."""
    return middle + spread * (np.arange(n) % 5 - 2) / 2
