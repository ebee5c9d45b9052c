"""Carry out chunks: train some while others are being saved, stop cleanly, lose nothing that was finished."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait

from trainlab.engine import Engine, stored_name
from trainlab.errors import EngineError
from trainlab.execution.crew import Results, Submit, default_workers, one_thread, worker_processes
from trainlab.execution.interrupt import Interrupted, interrupts
from trainlab.execution.plan import Chunk
from trainlab.execution.progress import Load, Progress, progress
from trainlab.spec.checks import check_number
from trainlab.store import Store


def carry_out(
    chunks: Sequence[Chunk],
    engine: Engine,
    store: Store,
    *,
    workers: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Train the chunks in their order and save each, in this thread, as soon as it is done.

    An engine of threads gets one chunk at a time and `workers` threads; one of processes as many processes;
    the default is one for each core. `on_progress` is called at the start and after every chunk saved.

    Ctrl-C, or setting `stop`, lets the chunks in work finish, saves them and raises Interrupted; a second
    Ctrl-C raises KeyboardInterrupt at once. If an engine fails, the other chunks in work are still saved
    before its exception is raised.
    """
    workers = default_workers() if workers is None else workers
    check_number("workers", workers, at_least=1)
    if not chunks:
        return
    start, done, total = time.monotonic(), Load(), Load().plus(chunks)
    workers_needed = min(workers, len(chunks))
    with interrupts() as pressed:

        def stopping() -> bool:
            return pressed.is_set() or (stop is not None and stop.is_set())

        def tell() -> None:
            if on_progress is not None:
                on_progress(progress(done, total, elapsed=time.monotonic() - start))

        tell()
        if engine.in_processes and workers_needed > 1:
            crew, slots = worker_processes(engine, workers=workers_needed), workers_needed
        else:
            # Two, so that the thread needn't wait for a save; the second can still be withdrawn.
            crew, slots = one_thread(engine, threads=1 if engine.in_processes else workers), 2
        with crew as submit:
            for chunk, results in _train(chunks, submit, slots=slots, stopping=stopping):
                store.save(results, engine=stored_name(engine.name))
                done = done.plus([chunk])
                tell()
        if stopping():
            raise Interrupted(done=done.chunks, total=total.chunks, kept=store.on_disk)


def _train(
    chunks: Sequence[Chunk], submit: Submit, *, slots: int, stopping: Callable[[], bool]
) -> Generator[tuple[Chunk, Results]]:
    """Keep `slots` chunks in work, give the results as they come, and raise the first failure at the end."""
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
        yield from ((chunk, future.result()) for chunk, future in finished if not future.exception())
        if not running:
            break
        ended, _ = wait(running, return_when=FIRST_COMPLETED)
        finished = [(running.pop(future), future) for future in list(running) if future in ended]
    if failure is not None:
        raise _readable(failure) from failure


def _readable(failure: BaseException) -> BaseException:
    if isinstance(failure, BrokenExecutor):
        return EngineError(
            "a worker process ended by itself: out of memory (then use fewer workers), or started from a "
            "script whose calls don't stand under: if __name__ == '__main__'. Finished chunks are saved."
        )
    return failure
