"""Who trains the chunks: background threads, or worker processes. Either is a function bundle → future."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from trainlab.engine import Engine, Runs
from trainlab.errors import EngineError
from trainlab.execution.plan import Bundle, Chunk
from trainlab.interrupt import held_back

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

    However the block ends, even if this process is killed, the workers end: each holds a pipe that only this
    process can write to, and exits when that closes.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Spawned, not forked: a fork copies the locks of threads that it doesn't copy.
    context = get_context("spawn")
    lifeline, end = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_hold_on, initargs=(lifeline,))

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
        # One that was killed may have left the others waiting for its lock, deaf to the executor's SIGTERM.
        deadline = threading.Timer(GRACE, end.close)
        deadline.daemon = True  # a second Ctrl-C waits for nothing
        deadline.start()
        try:
            executor.shutdown()
        finally:
            deadline.cancel()
    finally:
        end.close()
        executor.shutdown(wait=False, cancel_futures=True)
        lifeline.close()


def _hold_on(lifeline: Connection) -> None:
    """Make this worker exit as soon as the other end of the pipe is closed."""

    def watch() -> None:
        try:
            lifeline.recv_bytes()
        except (EOFError, OSError):
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


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
