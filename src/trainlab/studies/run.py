"""Carry out a study, or one experiment: plan, train what is missing, summarise, judge."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import msgspec

from trainlab.errors import SpecError
from trainlab.execution import Progress, Provenance, RunSettings, provenance_of, start_afresh, train_stored
from trainlab.spec import Cell, Experiment, Study, load_study, name_of, select_cells, study_to_dict
from trainlab.spec.checks import check_number
from trainlab.stats import first_look
from trainlab.store import Store
from trainlab.studies.cells import CellResult, summarise
from trainlab.studies.checked_options import checked_options
from trainlab.studies.effects import effects_of
from trainlab.studies.performance_measure import comparable
from trainlab.studies.result import StudyResult
from trainlab.studies.retraining import (
    Fidelity,
    Retrained,
    check_fidelity,
    check_retrainable,
    fidelity_of,
    retrain,
)
from trainlab.studies.seeds_needed import (
    MAX_SEEDS_ADDED,
    Added,
    UntilWidth,
    check_until_width,
    train_until_narrow,
)
from trainlab.studies.verdicts.change_verdicts import most_telling_first
from trainlab.studies.verdicts.robustness import from_every_side
from trainlab.studies.verdicts.study_verdicts import verdicts_of
from trainlab.studies.why_failed import why_failed


@checked_options
def study(
    spec: Study | str | os.PathLike[str],
    *,
    seeds: int | None = None,
    engine: str = "auto",
    only: Sequence[str] = (),
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on: str | None = None,
    fresh: bool = False,
    why: int = 0,
    fidelity: int = 0,
    sides: int = 0,
    until_width: float | None = None,
    max_seeds: int = MAX_SEEDS_ADDED,
    on_progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run every cell of a study on the same seeds, of each of its splits, and say what is true of it.

    Args:
        spec: a study, the path of a study file, or the name of an example.
        seeds: how many seeds, in place of the file's number: 0, 1, 2, … on the first split, from 1,000 on of
            the second, from 2,000 on of the third.
        engine: which engine trains: ``"auto"``, ``"fast"``, ``"torch"``, ``"torch-cuda"`` or ``"reference"``.
        only: the cells to run, as ``"Model 1:A+B"``, ``"Model 1"`` (all of its cells) or ``":A+B"`` (that
            cell of every network); all where it is empty.
        store: a folder where finished runs are kept, so that only what is missing is trained.
        workers: how many threads or processes train; left out, as many as there are processors.
        on: where to train, if not in this process: ``"ray"`` (the cluster that RAY_ADDRESS names, or else a
            Ray of its own on this machine), ``"ray:auto"``, ``"ray:HOST:PORT"`` or ``"ray://HOST:PORT"``.
        fresh: whether to forget what `store` has of these runs first.
        why: how many failed runs of each cell, of the first split, to train once more to tell why they
            failed (`WhyFailed`).
        fidelity: how many runs of all cells to train again by a plain PyTorch loop (`Fidelity`).
        sides: of how many seeds of each cell to train runs again by another engine, and all runs in float64,
            to ask the verdicts again of them (`Retrained`); 0 leaves both out.
        until_width: add seeds, to all cells the same, until the interval of each success rate is no wider
            than this share: 0.02 is 2 points (`UntilWidth`); `seeds` are then the fewest.
        max_seeds: the most seeds of each cell that `until_width` may come to.
        on_progress: what is called with the progress, again and again.

    Returns:
        The cells, effects and verdicts, which print and show themselves.

    Raises:
        SpecError: before anything runs, if the study or an option isn't right.
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
    if until_width is not None:
        check_until_width(until_width, splits=plan.splits, least=count, most=max_seeds)
    if plan.splits > 1:
        _check_measure(plan, cells)
    if sides:
        check_retrainable(engine, [cell.experiment for cell in cells])
    started = time.perf_counter()
    experiments = [each for cell in cells for each in plan.on_splits(cell.experiment)]
    settings = RunSettings(
        engine=engine, store=store, workers=workers, on=on, fresh=fresh, on_progress=on_progress
    )
    with Store.in_memory() if store is None else Store.open(store) as opened:
        here = replace(settings, store=opened)
        added: Added | None = None
        if until_width is None:
            _remember(plan, count, opened)
        else:
            start_afresh(experiments, range(first_look(until_width, least=count)), here)
            added = train_until_narrow(
                cells,
                width=float(until_width),
                least=count,
                most=max_seeds,
                settings=settings,
                store=opened,
                on_look=partial(_remember, plan, store=opened),
            )
            count = added.until.seeds
        seeds_of = [plan.seeds_on(split, count) for _ in cells for split in range(plan.splits)]
        here = replace(here, fresh=fresh and added is None)
        results, steps, trained_seconds = train_stored(experiments, seeds_of, here)
    if added is not None:
        steps, trained_seconds = steps + added.steps, trained_seconds + added.seconds
    by_cell = [results[start : start + plan.splits] for start in range(0, len(results), plan.splits)]
    summaries = tuple(summarise(cell, *runs) for cell, runs in zip(cells, by_cell, strict=True))
    if why:
        with settings.opened() as held:
            found = why_failed(
                [runs[0] for runs in by_cell],
                most=why,
                settings=settings,
                store=held,
            )
        summaries = tuple(replace(item, why=each) for item, each in zip(summaries, found, strict=True))
    compared = None
    if fidelity:
        every = [runs for of_cell in by_cell for runs in of_cell]
        compared = fidelity_of(every, runs=fidelity, settings=settings)
    again = retrain(summaries, seeds=sides, settings=settings) if sides else []
    return judged(
        plan,
        summaries,
        how=provenance_of(
            settings,
            experiments,
            seeds=count,
            seconds=time.perf_counter() - started,
            trained_steps=steps,
            trained_seconds=trained_seconds,
        ),
        fidelity=compared,
        again=again,
        until=added and added.until,
    )


def judged(
    plan: Study,
    summaries: tuple[CellResult, ...],
    *,
    how: Provenance,
    fidelity: Fidelity | None = None,
    again: Sequence[tuple[Retrained, tuple[CellResult, ...]]] = (),
    until: UntilWidth | None = None,
) -> StudyResult:
    """Return what is true of a study's cells, or of some of them; `again` are cells trained once more."""
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
        how=how,
        fidelity=fidelity,
        retrained=tuple(each for each, _ in again),
        until=until,
    )


@checked_options
def run(
    experiment: Experiment,
    *,
    seeds: int = 100,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on: str | None = None,
    fresh: bool = False,
    why: int = 0,
    fidelity: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run one experiment on many seeds: a study of a single cell.

    Args:
        experiment: what to train.
        seeds: how many seeds: 0, 1, 2, ….
        engine: as in `study`, like all that follow.
        store: a folder where finished runs are kept.
        workers: how many threads or processes train.
        on: where to train, as in `study`.
        fresh: whether to forget what `store` has of these runs first.
        why: how many failed runs to train once more to tell why they failed.
        fidelity: how many runs to train again by a plain PyTorch loop.
        on_progress: what is called with the progress, again and again.

    Raises:
        SpecError: before anything runs, if `experiment` is none or an option isn't right.
    """
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
        on=on,
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


def _remember(plan: Study, seeds: int, store: Store) -> None:
    """Name the study in the store, before anything runs: all of its cells, whichever are asked for."""
    store.remember(
        "study",
        plan.title,
        [each.fingerprint for cell in plan.cells() for each in plan.on_splits(cell.experiment)],
        networks=len(plan.network_names),
        changes=len(plan.changes),
        seeds=seeds,
        question=study_to_dict(plan),
    )
