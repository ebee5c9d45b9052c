"""Carry out a study, or one experiment: plan, train what is missing, summarise, judge."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from trainlab.engine import Runs
from trainlab.errors import SpecError
from trainlab.execution import Progress, stored_under, train_all
from trainlab.spec import Cell, Experiment, Study, any_study_from_toml, name_of, read_text, study_from_toml
from trainlab.spec.change import unknown_name
from trainlab.store import Store
from trainlab.studies.cells import summarise
from trainlab.studies.effects import effects_of
from trainlab.studies.how import how_run
from trainlab.studies.judge import verdicts_of
from trainlab.studies.result import StudyResult

T = TypeVar("T")

EXAMPLES = ("xor44", "second_notebook")
"""Study files that come with the package and can be run by name."""


def study(
    spec: Study | str | os.PathLike[str],
    *,
    seeds: int | None = None,
    engine: str = "auto",
    only: Sequence[str] = (),
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    fresh: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run every cell of a study on the same seeds, and say what is true of it.

    `spec` is a Study, the path of a study file, or the name of an example. `seeds` overrides the file's
    number; they are 0, 1, 2, and so on. `only` keeps some cells, as ``"Model 1:A+B"``, ``"Model 1"`` (all of
    its cells) or ``":A+B"`` (that cell of every network). With `store`, a folder, finished runs are kept
    there and only what is missing is trained; `fresh` forgets this study's runs first. Raises SpecError
    before anything runs.
    """
    plan = spec if isinstance(spec, Study) else load_study(spec)
    # A study checks its own number of seeds, so an override is checked alike.
    count = plan.seeds if seeds is None else msgspec.structs.replace(plan, seeds=seeds).seeds
    cells = select_cells(plan, only)
    started = time.perf_counter()
    experiments = [cell.experiment for cell in cells]
    results, last = _train(experiments, range(count), engine, store, workers, fresh, on_progress)
    summaries = tuple(summarise(cell, runs) for cell, runs in zip(cells, results, strict=True))
    effects, interactions = effects_of(plan, summaries)
    return StudyResult(
        study=plan,
        cells=summaries,
        effects=effects,
        interactions=interactions,
        verdicts=verdicts_of(plan, summaries, effects),
        how=how_run(
            engine,
            experiments,
            seeds=count,
            workers=workers,
            seconds=time.perf_counter() - started,
            trained_steps=last.steps_done if last else 0,
            trained_seconds=last.elapsed if last else 0.0,
        ),
    )


def run(
    experiment: Experiment,
    *,
    seeds: int = 100,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    fresh: bool = False,
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
        on_progress=on_progress,
    )


def load_study(spec: str | os.PathLike[str]) -> Study:
    """Read a study file, or the example of that name; errors begin with the file's name."""
    return read_spec(spec, study_from_toml)


def any_study(spec: Study | Experiment | str | os.PathLike[str]) -> Study:
    """Return the study meant: itself, a file's, an example's; an experiment is a study of one cell."""
    if isinstance(spec, Study):
        return spec
    return Study(baseline=spec) if isinstance(spec, Experiment) else read_spec(spec, any_study_from_toml)


def read_spec(spec: str | os.PathLike[str], read: Callable[[str], T]) -> T:
    """Return what `read` makes of a file's text, or an example's; errors begin with the file's name."""
    path = Path(spec)
    if str(spec) in EXAMPLES and not path.exists():
        path = example_path(str(spec))
    text = read_text(path)
    try:
        return read(text)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None


def example_path(name: str) -> Path:
    """Return where an example study file lies: in the installed package, or in the source tree."""
    inside = Path(__file__).parent.parent / "examples" / f"{name}.toml"
    return inside if inside.exists() else Path(__file__).parents[3] / "examples" / f"{name}.toml"


def select_cells(plan: Study, only: Sequence[str]) -> list[Cell]:
    """Return the cells that `only` names, in the study's order; all of them if it names none."""
    cells = list(plan.cells())
    if not only:
        return cells
    wanted: set[str] = set()
    for word in [only] if isinstance(only, str) else only:
        network, colon, changes = word.partition(":")
        names = [] if changes in ("", "none") else changes.split("+")
        if (network or not colon) and network not in plan.network_names:
            raise unknown_name("network", network, list(plan.network_names))
        for name in names:
            if name not in plan.change_names:
                raise unknown_name("change", name, list(plan.change_names))
        wanted.update(
            cell.name
            for cell in cells
            if (not network or cell.network == network) and (not colon or set(cell.changes) == set(names))
        )
    return [cell for cell in cells if cell.name in wanted]


def _train(
    experiments: Sequence[Experiment],
    seeds: range,
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
            for each in experiments:
                opened.delete([each], engine=stored_under(engine, each))
        runs = train_all(experiments, seeds, engine=engine, store=opened, workers=workers, on_progress=note)
    return runs, last
