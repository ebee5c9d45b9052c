"""Carry out a study, or one experiment: plan, train what is missing, summarise, judge."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace

import msgspec

from trainlab.engine import Runs
from trainlab.errors import SpecError
from trainlab.execution import Progress, forget, how_run, train_all
from trainlab.spec import Cell, Experiment, Study, load_study, name_of, select_cells
from trainlab.spec.checks import check_number
from trainlab.store import Store
from trainlab.studies.cells import summarise
from trainlab.studies.effects import effects_of
from trainlab.studies.fidelity import check_fidelity, fidelity_of
from trainlab.studies.measure import comparable
from trainlab.studies.result import StudyResult
from trainlab.studies.retraining import check_sides, retrain
from trainlab.studies.verdicts.robustness import from_every_side
from trainlab.studies.verdicts.rules import most_telling_first
from trainlab.studies.verdicts.study_verdicts import verdicts_of
from trainlab.studies.why_failed import why_failed


def study(
    spec: Study | str | os.PathLike[str],
    *,
    seeds: int | None = None,
    engine: str = "auto",
    only: Sequence[str] = (),
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    fresh: bool = False,
    why: int = 0,
    fidelity: int = 0,
    sides: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run every cell of a study on the same seeds, of each of its splits, and say what is true of it.

    `spec` is a Study, the path of a study file, or the name of an example. `seeds` overrides the file's
    number; they are 0, 1, 2, and so on, from 1,000 on of the second split, from 2,000 on of the third.
    `only` keeps some cells, as ``"Model 1:A+B"``, ``"Model 1"`` (all of its cells) or ``":A+B"`` (that cell
    of every network). With `store`, a folder, finished runs are kept there and only what is missing is
    trained; `fresh` forgets what is asked for first. So many failed runs of each cell, of the first split, as
    `why` says are trained once more, to tell why they failed (`WhyFailed`); so many runs of all cells as
    `fidelity` says, by a plain PyTorch loop (`Fidelity`). With `sides` the verdicts are asked again, of all
    runs trained in float64, and of so many seeds of each cell trained by another engine (`Retrained`).
    Raises SpecError before anything runs.
    """
    check_number("why", why, at_least=0)
    check_number("fidelity", fidelity, at_least=0)
    check_number("sides", sides, at_least=0)
    if fidelity:
        check_fidelity(engine)
    plan = spec if isinstance(spec, Study) else load_study(spec)
    # A study checks its own number of seeds, so an override is checked alike.
    count = plan.seeds if seeds is None else msgspec.structs.replace(plan, seeds=seeds).seeds
    cells = select_cells(plan, only)
    if plan.splits > 1:
        _check_measure(plan, cells)
    if sides:
        check_sides(engine, [cell.experiment for cell in cells])
    started = time.perf_counter()
    if store is not None:
        _remember(plan, count, store)
    experiments = [each for cell in cells for each in plan.on_splits(cell.experiment)]
    seeds_of = [plan.seeds_on(split, count) for _ in cells for split in range(plan.splits)]
    results, last = _train(experiments, seeds_of, engine, store, workers, fresh, on_progress)
    by_cell = [results[start : start + plan.splits] for start in range(0, len(results), plan.splits)]
    summaries = tuple(summarise(cell, *runs) for cell, runs in zip(cells, by_cell, strict=True))
    if why:
        with nullcontext() if store is None else Store.open(store) as held:
            found = why_failed(
                [runs[0] for runs in by_cell],
                most=why,
                engine=engine,
                store=held,
                workers=workers,
                on_progress=on_progress,
            )
        summaries = tuple(replace(item, why=each) for item, each in zip(summaries, found, strict=True))
    compared = None
    if fidelity:
        every = [runs for of_cell in by_cell for runs in of_cell]
        compared = fidelity_of(
            every, runs=fidelity, store=store, fresh=fresh, workers=workers, on_progress=on_progress
        )
    again = (
        retrain(
            summaries,
            seeds=sides,
            engine=engine,
            store=store,
            fresh=fresh,
            workers=workers,
            on_progress=on_progress,
        )
        if sides
        else []
    )
    effects, interactions = effects_of(plan, summaries)
    verdicts = from_every_side(
        plan,
        summaries,
        verdicts_of(plan, summaries, effects),
        again={each.words: trained for each, trained in again},
    )
    return StudyResult(
        study=plan,
        cells=summaries,
        effects=effects,
        interactions=interactions,
        verdicts=most_telling_first(verdicts),
        how=how_run(
            engine,
            experiments,
            seeds=count,
            workers=workers,
            seconds=time.perf_counter() - started,
            trained_steps=last.steps_trained if last else 0,
            trained_seconds=last.elapsed if last else 0.0,
        ),
        fidelity=compared,
        retrained=tuple(each for each, _ in again),
    )


def run(
    experiment: Experiment,
    *,
    seeds: int = 100,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    fresh: bool = False,
    why: int = 0,
    fidelity: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run one experiment on `seeds` seeds, 0, 1, 2, …: a study of a single cell. Options as in `study`."""
    if not isinstance(experiment, Experiment):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(
            f"experiment is {type(experiment).__name__}, but must be an Experiment: make one with "
            "Experiment.from_dict, or give a study file to trainlab.study."
        )
    return study(
        Study(
            baseline=experiment,
            seeds=seeds,
            title=f"{experiment.network.label} on {name_of(experiment.task)}",
        ),
        engine=engine,
        store=store,
        workers=workers,
        fresh=fresh,
        why=why,
        fidelity=fidelity,
        on_progress=on_progress,
    )


def _check_measure(plan: Study, cells: Sequence[Cell]) -> None:
    """Refuse several splits before anything runs, where no measure compares the cells."""
    if not comparable([cell.experiment for cell in cells]):
        raise SpecError(
            f"splits = {plan.splits}: over several splits cells are compared by their accuracy or loss, but "
            "these have different losses or differently scaled targets. Set splits = 1, or run with `only` "
            "those that share them."
        )


def _remember(plan: Study, seeds: int, store: str | os.PathLike[str]) -> None:
    """Name the study in the store, before anything runs: all of its cells, whichever are asked for."""
    with Store.open(store) as opened:
        opened.remember(
            "study",
            plan.title,
            [each.fingerprint for cell in plan.cells() for each in plan.on_splits(cell.experiment)],
            networks=len(plan.network_names),
            changes=len(plan.changes),
            seeds=seeds,
        )


def _train(
    experiments: Sequence[Experiment],
    seeds: Sequence[range],
    engine: str,
    store: str | os.PathLike[str] | None,
    workers: int | None,
    fresh: bool,
    on_progress: Callable[[Progress], None] | None,
) -> tuple[list[Runs], Progress | None]:
    last: Progress | None = None

    def note(progress: Progress) -> None:
        nonlocal last
        last = progress
        if on_progress:
            on_progress(progress)

    if store is None:
        return train_all(experiments, seeds, engine=engine, workers=workers, on_progress=note), last
    with Store.open(store) as opened:
        if fresh:
            forget(experiments, engine=engine, store=opened)
        runs = train_all(experiments, seeds, engine=engine, store=opened, workers=workers, on_progress=note)
    return runs, last
