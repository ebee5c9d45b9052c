"""Carry out chunks: train some while others are being saved, stop cleanly, lose nothing that was finished."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from itertools import islice

from trainlab.engine import Engine, stored_name
from trainlab.execution.plan import Bundle, Chunk
from trainlab.execution.progress import Overall, Progress, Workload, progress, spared_steps
from trainlab.execution.saver import LONGEST, Saver
from trainlab.execution.workers import (
    Results,
    Team,
    background_threads,
    default_workers,
    one_by_one,
    readable,
    worker_processes,
)
from trainlab.interrupt import Interrupted, interrupts
from trainlab.spec import Custom
from trainlab.spec.checks import check_number
from trainlab.store import Store

MANY = 4
"""From this many chunks a worker on, threads take a chunk each: a small one can't be split among them, and
among so many the last ones hardly leave a thread idle."""
QUEUED = 2
"""How many chunks a thread is given: one in progress, and one to begin without waiting for a save."""
PAUSE = LONGEST / 2
"""How often, in seconds, to save what is waiting while nothing is finished."""


def carry_out(
    chunks: Sequence[Chunk],
    engine: Engine,
    store: Store,
    *,
    workers: int | None = None,
    on: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    overall: Overall | None = None,
) -> Workload:
    """Train the chunks in their order and save them, in this thread, soon after they are done.

    An engine of threads gets `workers` threads: all of them for one chunk after the other, or, where chunks
    are many, a chunk for each; an engine of processes gets as many processes. The default is one for each
    core. With `on` they are those of a Ray cluster (see `ray_cluster`): all, or `workers` of them.

    Chunks are saved as soon as they are done, unless they are so short that saving would take much of
    the time: then several are saved at once, see `Saver`. `on_progress` is called at the start, for every
    chunk saved, and as soon as stopping is asked for. Where other engines carry out a part of the work,
    `overall` says how far they have come. Returns the work done, theirs included.

    Ctrl-C, or setting `stop`, lets the chunks in progress finish, saves them and raises Interrupted; a second
    Ctrl-C raises KeyboardInterrupt at once. If an engine fails, the other chunks in progress are still saved
    before its exception is raised.
    """
    if workers is not None:
        check_number("workers", workers, at_least=1)
    overall = overall or Overall(total=Workload().plus(chunks), start=time.monotonic())
    done = overall.done
    if not chunks:
        return done
    with interrupts() as pressed:

        def stopping() -> bool:
            return pressed.is_set() or (stop is not None and stop.is_set())

        def saved(chunk: Chunk, results: Results) -> None:
            nonlocal done
            done = done.plus([chunk], spared=spared_steps(results[-1]))
            tell()

        def tell() -> None:
            if on_progress is not None:
                elapsed = time.monotonic() - overall.start
                on_progress(
                    progress(done, overall.total, elapsed=elapsed, engine=engine.name, stopping=stopping())
                )

        tell()
        saver = Saver(store, chunks, engine=stored_name(engine.name), on_saved=saved)
        try:
            with _team(engine, chunks, workers, stopping, on=on) as team:
                told = False
                for finished in _train(team.bundles(chunks), team, stopping=stopping):
                    if stopping() and not told:
                        told = True
                        tell()
                    saver.add(finished)
        except Exception:
            # The engine failed: what it finished before is kept. A KeyboardInterrupt waits for nothing.
            saver.flush()
            raise
        saver.flush()
        if stopping():
            raise Interrupted(done=done.chunks, total=overall.total.chunks, kept=store.on_disk)
    return done


@contextmanager
def _team(
    engine: Engine,
    chunks: Sequence[Chunk],
    workers: int | None,
    stopping: Callable[[], bool],
    *,
    on: str | None,
) -> Generator[Team]:
    """Give who trains. What is handed out and not begun can still be withdrawn."""
    if on is not None:
        from trainlab.execution.ray_tasks import ray_team

        with ray_team(on, engine, chunks, workers=workers) as team:
            yield team
        return
    workers = workers or default_workers()
    wanted = min(workers, len(chunks))
    # A loss of the user's own is a function in this process, unknown in another.
    own_function = any(isinstance(chunk.experiment.loss, Custom) for chunk in chunks)
    if engine.in_processes and wanted > 1 and not own_function:
        trainers, slots = worker_processes(engine, workers=wanted), wanted
    else:
        many = not engine.in_processes and len(chunks) >= MANY * workers
        count = wanted if many else 1
        threads = 1 if many or engine.in_processes else workers
        trainers = background_threads(engine, count=count, threads=threads, stopping=stopping)
        slots = count * QUEUED
    with trainers as submit:
        yield Team(submit=submit, slots=lambda: slots, bundles=one_by_one)


def _train(
    bundles: Iterator[Bundle], team: Team, *, stopping: Callable[[], bool]
) -> Generator[list[tuple[Chunk, Results]]]:
    """Keep as many bundles out as may be, give results as they come, and raise the first failure at the end.

    Gives an empty list if nothing was finished for a while. A bundle is made when it is handed out.
    """
    running: dict[Future[tuple[Results, ...]], Bundle] = {}
    finished: list[tuple[Bundle, Future[tuple[Results, ...]]]] = []
    failure: BaseException | None = None
    while True:
        failures = [error for _, future in finished if (error := future.exception()) is not None]
        failure = next(iter(failures), None) if failure is None else failure
        if failure is not None or stopping():
            bundles = iter(())
            running = {future: bundle for future, bundle in running.items() if not future.cancel()}
        for bundle in islice(bundles, max(team.slots() - len(running), 0)):
            running[team.submit(bundle)] = bundle
        yield [
            pair
            for bundle, future in finished
            if not future.exception()
            for pair in zip(bundle, future.result(), strict=True)
        ]
        if not running:
            break
        ended, _ = wait(running, timeout=PAUSE, return_when=FIRST_COMPLETED)
        finished = [(running.pop(future), future) for future in list(running) if future in ended]
        finished = [(bundle, future) for bundle, future in finished if not future.cancelled()]
    if failure is not None:
        raise readable(failure) from failure
