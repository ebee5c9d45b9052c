"""Carry out chunks: train some while others are being saved, stop cleanly, lose nothing that was finished."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager

from trainlab.engine import Engine, stored_name
from trainlab.execution.plan import Chunk
from trainlab.execution.progress import Overall, Progress, Workload, progress, spared_steps
from trainlab.execution.saver import LONGEST, Saver
from trainlab.execution.workers import (
    Results,
    Submit,
    background_threads,
    default_workers,
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
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    overall: Overall | None = None,
) -> Workload:
    """Train the chunks in their order and save them, in this thread, soon after they are done.

    An engine of threads gets `workers` threads: all of them for one chunk after the other, or, where chunks
    are many, a chunk for each; an engine of processes gets as many processes. The default is one for each
    core. Chunks are saved as soon as they are done, unless they are so short that saving would take much of
    the time: then several are saved at once, see `Saver`. `on_progress` is called at the start, for every
    chunk saved, and as soon as stopping is asked for. Where other engines carry out a part of the work,
    `overall` says how far they have come. Returns the work done, theirs included.

    Ctrl-C, or setting `stop`, lets the chunks in progress finish, saves them and raises Interrupted; a second
    Ctrl-C raises KeyboardInterrupt at once. If an engine fails, the other chunks in progress are still saved
    before its exception is raised.
    """
    workers = default_workers() if workers is None else workers
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
        own = any(isinstance(chunk.experiment.loss, Custom) for chunk in chunks)
        team, slots = _workers_for(engine, len(chunks), workers, stopping, own_function=own)
        try:
            with team as submit:
                told = False
                for finished in _train(chunks, submit, slots=slots, stopping=stopping):
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


def _workers_for(
    engine: Engine, chunks: int, workers: int, stopping: Callable[[], bool], *, own_function: bool
) -> tuple[AbstractContextManager[Submit], int]:
    """Return who trains, and how many chunks to hand out at once; those not begun can still be withdrawn."""
    wanted = min(workers, chunks)
    if engine.in_processes:
        # A loss of the user's own is a function in this process, unknown in another.
        if wanted > 1 and not own_function:
            return worker_processes(engine, workers=wanted), wanted
        return background_threads(engine, count=1, threads=1, stopping=stopping), QUEUED
    if chunks < MANY * workers:
        return background_threads(engine, count=1, threads=workers, stopping=stopping), QUEUED
    return background_threads(engine, count=wanted, threads=1, stopping=stopping), wanted * QUEUED


def _train(
    chunks: Sequence[Chunk], submit: Submit, *, slots: int, stopping: Callable[[], bool]
) -> Generator[list[tuple[Chunk, Results]]]:
    """Keep `slots` chunks in progress, give results as they come, and raise the first failure at the end.

    Gives an empty list if nothing was finished for a while.
    """
    waiting = deque(chunks)
    running: dict[Future[Results], Chunk] = {}
    finished: list[tuple[Chunk, Future[Results]]] = []
    failure: BaseException | None = None
    while True:
        failures = [error for _, future in finished if (error := future.exception()) is not None]
        failure = next(iter(failures), None) if failure is None else failure
        if failure is not None or stopping():
            waiting.clear()
            running = {future: chunk for future, chunk in running.items() if not future.cancel()}
        while waiting and len(running) < slots:
            chunk = waiting.popleft()
            running[submit(chunk)] = chunk
        yield [(chunk, future.result()) for chunk, future in finished if not future.exception()]
        if not running:
            break
        ended, _ = wait(running, timeout=PAUSE, return_when=FIRST_COMPLETED)
        finished = [(running.pop(future), future) for future in list(running) if future in ended]
        finished = [(chunk, future) for chunk, future in finished if not future.cancelled()]
    if failure is not None:
        raise readable(failure) from failure
