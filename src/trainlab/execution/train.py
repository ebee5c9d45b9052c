"""Train what isn't in the store yet, and load all of it."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, TypeVar

from trainlab.engine import Engine, Runs, by_engine, engine_of, get_engine, stored_name
from trainlab.errors import SpecError, StoreError
from trainlab.execution.demand import check_results, check_work
from trainlab.execution.plan import Overall, Progress, Workload, plan
from trainlab.execution.pool import carry_out
from trainlab.execution.provenance import RunSettings
from trainlab.execution.ray_cluster import check_on
from trainlab.execution.workers import default_workers
from trainlab.spec import Experiment
from trainlab.spec.checks import check_number
from trainlab.store import DamagedError, DamageWarning, Store

R = TypeVar("R")


def train_stored(
    experiments: Sequence[Experiment],
    seeds: range | Sequence[range],
    settings: RunSettings,
) -> tuple[list[Runs], int, float]:
    """Return the runs of each experiment, and how many steps were trained for them, in how many seconds.

    Of several ranges of `seeds` each experiment has its own. What the store keeps isn't trained again, but
    with `fresh`, which has it forgotten first. Without a store nothing is kept; one that is open stays open.
    """
    last: Progress | None = None

    def note(progress: Progress) -> None:
        nonlocal last
        last = progress
        if settings.on_progress:
            settings.on_progress(progress)

    with settings.opened() as opened:
        here = replace(settings, store=opened, on_progress=note)
        start_afresh(experiments, seeds, here)
        runs = train_all(experiments, seeds, **here.training())
    return runs, last.steps_trained if last else 0, last.elapsed if last else 0.0


def train_all(
    experiments: Sequence[Experiment],
    seeds: range | Sequence[range],
    *,
    engine: str | Engine,
    store: Store | None = None,
    workers: int | None = None,
    on: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> list[Runs]:
    """Return the runs of every experiment on all the seeds, in the order of the experiments.

    `seeds` is one range for all of them, or one for each.
    With ``engine="auto"`` each experiment is trained by the engine that `choose` takes for it.
    Only what `store` doesn't hold is trained; without a store everything is, and nothing is written. The
    engine is imported only if something is missing. See `carry_out` for workers, where they are (`on`),
    progress and stopping.
    """
    check_results(experiments, _seeds_of(experiments, seeds))
    with Store.in_memory() if store is None else nullcontext(store) as runs:
        return train_and_read(
            experiments,
            seeds,
            runs.load,
            engine=engine,
            store=runs,
            workers=workers,
            on=on,
            on_progress=on_progress,
            stop=stop,
        )


def train_and_read(
    experiments: Sequence[Experiment],
    seeds: range | Sequence[range],
    read: Callable[..., R],
    *,
    engine: str | Engine,
    store: Store,
    **options: Any,
) -> list[R]:
    """Train what is missing, and return what `read`, a method of the store, has of each experiment.

    Runs that turn out to be damaged when they are read are said to be, by a warning, and count as missing:
    they are trained again. The `options` are those of `train_missing`.
    """
    asked = _seeds_of(experiments, seeds)
    found: dict[int, R] = {}

    def take(place: int) -> None:
        each = experiments[place]
        found[place] = read(each, asked[place], engine=stored_under(engine, each))

    train_missing(experiments, seeds, engine=engine, store=store, **options)
    damaged: dict[int, DamagedError] = {}
    for place in range(len(experiments)):
        try:
            take(place)
        except DamagedError as error:
            damaged[place] = error
    if damaged:
        for error in damaged.values():
            # No promise: that they are trained may yet be refused.
            warnings.warn(f"{error.words}. They count as missing.", DamageWarning, stacklevel=2)
            store.discard(error.chunks)
        again, theirs = [experiments[place] for place in damaged], [asked[place] for place in damaged]
        train_missing(again, theirs, engine=engine, store=store, **options)
        for place in damaged:
            try:
                take(place)
            except DamagedError as error:
                raise StoreError(
                    f"{error.words}, also after they were trained again. 'trainlab store repair' writes the "
                    "file anew, without what is damaged."
                ) from None
    return [found[place] for place in range(len(experiments))]


def train_missing(
    experiments: Sequence[Experiment],
    seeds: range | Sequence[range],
    *,
    engine: str | Engine,
    store: Store,
    workers: int | None = None,
    on: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Train and save what `store` doesn't hold of these experiments and seeds, and load nothing.

    For thousands of experiments, of which `Store.outcomes` then says how they ended: their curves and weights
    together might not fit in memory. Otherwise as `train_all`.
    """
    check_on(on)
    asked = _seeds_of(experiments, seeds)
    for mine in dict.fromkeys(asked):
        if not mine or mine.step != 1:
            raise SpecError(f"seeds = {mine!r}: must be a range of at least one seed, with step 1.")
    missing = {
        each: store.missing(each, mine, engine=stored_under(engine, each))
        for each, mine in zip(experiments, asked, strict=True)
    }
    wanted = [each for each in experiments if missing[each]]
    if wanted:
        store.check_writable()
    groups = _groups(engine, wanted)
    for trainer, group in groups:
        _check_work(trainer, {each: missing[each] for each in group}, workers, on)
    plans = [
        (trainer, plan(group, missing=missing.__getitem__, chunk_seeds=trainer.chunk_seeds))
        for trainer, group in groups
    ]
    total = Workload().plus(chunk for _, chunks in plans for chunk in chunks)
    overall = Overall(total=total, start=time.monotonic())
    for trainer, chunks in plans:
        done = carry_out(
            chunks,
            trainer,
            store,
            workers=workers,
            on=on,
            on_progress=on_progress,
            stop=stop,
            overall=overall,
        )
        overall = replace(overall, done=done)


def start_afresh(
    experiments: Sequence[Experiment],
    seeds: range | Sequence[range],
    settings: RunSettings,
    *,
    engine: Engine | None = None,
    read: bool = True,
) -> None:
    """Delete what an open store has of the experiments, if they are to be trained afresh.

    Unless they couldn't be trained again on these seeds. `engine` is one in place of that of the settings;
    `read` says whether all of their results are then held at once, as `train_all` does.

    Raises:
        DemandError: that takes too much memory, or longer than is allowed; nothing is deleted.
        EngineError: the cluster that they are to be trained `on` can't be reached or can't train them;
            nothing is deleted.
    """
    if not settings.fresh or not isinstance(settings.store, Store):
        return
    asked, trainer_or_name = _seeds_of(experiments, seeds), engine or settings.engine
    if read:
        check_results(experiments, asked)
    every = {each: [mine] for each, mine in zip(experiments, asked, strict=True)}
    for trainer, group in _groups(trainer_or_name, experiments):
        _check_work(trainer, {each: every[each] for each in group}, settings.workers, settings.on)
    forget(experiments, engine=trainer_or_name, store=settings.store)


def _groups(
    engine: str | Engine, experiments: Sequence[Experiment]
) -> list[tuple[Engine, Sequence[Experiment]]]:
    """Return the engines, the one given or those chosen, each with what it trains."""
    if not isinstance(engine, str):
        return [(engine, experiments)]
    return [(get_engine(name), group) for name, group in by_engine(engine, experiments).items()]


def _check_work(
    engine: Engine, missing: Mapping[Experiment, Sequence[range]], workers: int | None, on: str | None
) -> None:
    """Refuse what is too much for this machine, or too long or nothing for the cluster to train it `on`."""
    if workers is not None:
        check_number("workers", workers, at_least=1)
    if on is None:
        workers = workers or default_workers()
    elif missing:
        from trainlab.execution.ray_tasks import processors_for

        processors = processors_for(on, engine, missing)()
        workers = min(workers or processors, processors)
    else:
        return
    check_work(missing, engine=engine.name, chunk_seeds=engine.chunk_seeds, workers=workers, here=on is None)


def _seeds_of(experiments: Sequence[Experiment], seeds: range | Sequence[range]) -> Sequence[range]:
    """Return the seeds of each experiment."""
    return [seeds] * len(experiments) if isinstance(seeds, range) else seeds


def forget(experiments: Iterable[Experiment], *, engine: str | Engine, store: Store) -> None:
    """Delete from the store what this engine, or the one chosen for each, has trained of the experiments."""
    named: dict[str, list[Experiment]] = {}
    for each in experiments:
        named.setdefault(stored_under(engine, each), []).append(each)
    for name, group in named.items():
        store.delete(group, engine=name)


def stored_under(engine: str | Engine, experiment: Experiment) -> str:
    """Return the name under which the store keeps what an engine, or the one chosen, trains."""
    return stored_name(engine_of(engine, experiment) if isinstance(engine, str) else engine.name)
