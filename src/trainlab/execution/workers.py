"""Who trains the chunks: background threads, or worker processes. Either is a function bundle → future."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from trainlab.engine import Engine, Runs
from trainlab.errors import EngineError
from trainlab.execution.plan import Bundle, Chunk
from trainlab.interrupt import held_back
from trainlab.lifeline import hold_on, lifeline

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


Results = tuple[Runs, ...]
Submit = Callable[[Bundle], "Future[tuple[Results, ...]]"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """Who trains: `submit` hands out a bundle, `slots` says how many may be out, `bundles` makes them."""

    submit: Submit
    slots: Callable[[], int]
    bundles: Callable[[Sequence[Chunk]], Iterator[Bundle]]


def one_by_one(chunks: Sequence[Chunk]) -> Iterator[Bundle]:
    """Return each chunk as a bundle."""
    return ((chunk,) for chunk in chunks)


NO_MEMORY = ("can't allocate memory", "out of memory")
"""What PyTorch's RuntimeError says, on the CPU and on CUDA."""


GRACE = 5.0
"""Seconds that idle worker processes have to end by themselves."""


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def train_chunk(engine: Engine, chunk: Chunk, *, threads: int) -> Results:
    """Train one chunk; raise EngineError if what comes back isn't the runs that were asked for."""
    results = engine.train(chunk.experiment, chunk.seeds, marks=chunk.marks, threads=threads)
    wanted = [(mark, chunk.seeds) for mark in chunk.marks]
    if [(runs.experiment.epochs, runs.seeds) for runs in results] != wanted:
        raise EngineError(f"engine {engine.name!r}: returned other runs than those asked for: {wanted}.")
    return results


def train_bundle(engine: Engine, bundle: Bundle, *, threads: int) -> tuple[Results, ...]:
    """Train chunks one after the other."""
    return tuple(train_chunk(engine, chunk, threads=threads) for chunk in bundle)


@contextmanager
def background_threads(
    engine: Engine, *, count: int, threads: int, stopping: Callable[[], bool]
) -> Generator[Submit]:
    """`count` background threads with one chunk each at a time; the engine may use `threads` for each.

    No chunk is begun once `stopping` says so. They are daemons: leaving the block doesn't wait for the chunks
    in progress.
    """
    jobs: SimpleQueue[tuple[Future[tuple[Results, ...]], Bundle] | None] = SimpleQueue()

    def work() -> None:
        while (job := jobs.get()) is not None:
            future, bundle = job
            if stopping():
                future.cancel()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(train_bundle(engine, bundle, threads=threads))
                except BaseException as error:
                    future.set_exception(error)

    def submit(bundle: Bundle) -> Future[tuple[Results, ...]]:
        future: Future[tuple[Results, ...]] = Future()
        jobs.put((future, bundle))
        return future

    for number in range(count):
        threading.Thread(target=work, name=f"trainlab-chunks-{number}", daemon=True).start()
    try:
        yield submit
    finally:
        for _ in range(count):
            jobs.put(None)


@contextmanager
def worker_processes(engine: Engine, *, workers: int) -> Generator[Submit]:
    """`workers` processes with one chunk each at a time; the engine reaches them by pickle, as it is here."""
    with processes(workers) as submit:
        yield lambda bundle: submit(train_bundle, engine, bundle, threads=1)


@contextmanager
def processes(workers: int) -> Generator[Callable[..., Future[Any]]]:
    """`workers` processes, each with one call at a time; functions and arguments reach them by pickle.

    However the block ends, even if this process is killed, the workers end: they hold on to its lifeline.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context
    from multiprocessing.connection import Connection

    with lifeline() as line:
        end = Connection(os.dup(line.end), readable=False)
        # Spawned, not forked: a fork copies the locks of threads that it doesn't copy.
        executor = ProcessPoolExecutor(
            workers, mp_context=get_context("spawn"), initializer=_hold_on, initargs=(end,)
        )

        def submit(function: Callable[..., Any], *arguments: Any, **named: Any) -> Future[Any]:
            try:
                with held_back():
                    return executor.submit(function, *arguments, **named)
            except BrokenExecutor as error:
                broken: Future[Any] = Future()
                broken.set_exception(error)
                return broken

        try:
            yield submit
            # One that was killed may have left the others waiting for its lock, deaf to the executor's
            # SIGTERM: what doesn't end by itself is ended by the lifeline, as the block is left.
            ending = threading.Thread(target=executor.shutdown, daemon=True)
            ending.start()
            ending.join(GRACE)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
            end.close()


def _hold_on(end: Connection) -> None:
    """Have this worker end with the process that started it."""
    hold_on(end.fileno(), os.getpid())
    end.close()


def readable(failure: BaseException) -> BaseException:
    """Return the failure, of a worker that ended by itself as an EngineError that says what may be why."""
    if isinstance(failure, BrokenExecutor):
        return EngineError(
            "a worker process ended by itself: out of memory (then use fewer workers), or started from a "
            "script whose calls don't stand under: if __name__ == '__main__'. Finished chunks are saved."
        )
    if isinstance(failure, MemoryError) or any(words in str(failure) for words in NO_MEMORY):
        return EngineError("out of memory in training: use fewer workers. Finished chunks are saved.")
    return failure


# Work handed out, results as they come, until Ctrl-C: chunks to a team, many short calls to processes.


J = TypeVar("J")
R = TypeVar("R")

PAUSE = 0.2
"""Seconds between two looks at whether to stop, and at what waits to be saved."""


def results_of(
    team: Team, chunks: Sequence[Chunk], *, stopping: Callable[[], bool]
) -> Generator[list[tuple[Chunk, Results]]]:
    """Keep as many bundles out as may be, give results as they come, and raise the first failure at the end.

    Gives an empty list every `PAUSE` in which nothing was finished. A bundle is made when it is handed out.
    """
    bundles = team.bundles(chunks)
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


def for_each(
    function: Callable[[J], R],
    jobs: Sequence[J],
    *,
    workers: int,
    stopping: Callable[[], bool],
    on_done: Callable[[J, R], None],
) -> None:
    """Call `function` for each job, in `workers` processes, or in this one if there is to be only one.

    `on_done` is called in this process as soon as a job is done. Once `stopping` says so, no job is begun;
    those in progress still reach `on_done`. The first failure is raised once those in progress are done.
    """
    waiting = deque(jobs)
    running: dict[Future[R], J] = {}
    failure: BaseException | None = None
    with _submitter(workers) as submit:
        while True:
            if stopping() or failure is not None:
                waiting.clear()
            while waiting and len(running) < workers:
                job = waiting.popleft()
                running[submit(function, job)] = job
            if not running:
                break
            ended, _ = wait(running, timeout=PAUSE, return_when=FIRST_COMPLETED)
            for future in ended:
                job, error = running.pop(future), future.exception()
                if error is None:
                    on_done(job, future.result())
                failure = failure or error
    if failure is not None:
        raise readable(failure) from failure


@contextmanager
def _submitter(workers: int) -> Generator[Callable[..., Future[Any]]]:
    """Give a function that makes a future of a call: in processes, or for one worker here, at once."""
    if workers > 1:
        with processes(workers) as submit:
            yield submit
        return

    def here(function: Callable[[Any], Any], job: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(function(job))
        except Exception as error:
            done.set_exception(error)
        return done

    yield here
