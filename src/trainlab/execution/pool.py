"""Carry out chunks: train some while others are being saved, stop cleanly, lose nothing that was finished."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager

from trainlab.engine import Engine, stored_name
from trainlab.errors import SpecError
from trainlab.execution.plan import Chunk, Overall, Progress, Workload, progress, spared_steps
from trainlab.execution.workers import (
    Results,
    Team,
    background_threads,
    default_workers,
    one_by_one,
    results_of,
    worker_processes,
)
from trainlab.interrupt import Interrupted, interrupts
from trainlab.spec import Custom
from trainlab.spec.checks import check_number
from trainlab.store import Store
from trainlab.tasks import fingerprint_data

# Finished chunks into the store: each at once, or several in one transaction where chunks are very short.


SHARE = 4.0
"""After a save, the next one waits this many times as long as that one took."""
LONGEST = 0.5
"""But no finished chunk waits longer than this, in seconds."""


class Saver:
    """Keeps finished chunks until it is time to save them, and gives each that is saved to `on_saved`.

    A transaction that reaches the disk takes a third of a millisecond on a fast one and tens on a slow one,
    whatever it holds; thousands of chunks of a millisecond each would mostly wait for it. So the time between
    two saves is four times what the last one took, at most half a second: that much is lost if the process is
    killed. Chunks that take longer than that are saved one by one.
    """

    def __init__(
        self,
        store: Store,
        chunks: Iterable[Chunk],
        *,
        engine: str,
        on_saved: Callable[[Chunk, Results], None],
    ) -> None:
        self._store = store
        self._contents = {chunk.experiment.task: fingerprint_data(chunk.experiment.task) for chunk in chunks}
        self._engine = engine
        self._on_saved = on_saved
        self._waiting: list[tuple[Chunk, Results]] = []
        self._due = time.monotonic()

    def add(self, finished: Iterable[tuple[Chunk, Results]]) -> None:
        """Take finished chunks, perhaps none, and save what waits if it is time."""
        self._waiting.extend(finished)
        if time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Save whatever waits, in one transaction."""
        saved, self._waiting = self._waiting, []
        if not saved:
            return
        self._check_data(chunk for chunk, _ in saved)
        start = time.monotonic()
        self._store.save([runs for _, results in saved for runs in results], engine=self._engine)
        end = time.monotonic()
        self._due = end + min(SHARE * (end - start), LONGEST)
        for chunk, results in saved:
            self._on_saved(chunk, results)

    def _check_data(self, chunks: Iterable[Chunk]) -> None:
        """Refuse to save runs of a data file that changed meanwhile: which data they saw can't be known."""
        for task in dict.fromkeys(chunk.experiment.task for chunk in chunks):
            if fingerprint_data(task) != self._contents[task]:
                raise SpecError(
                    f"task.path = {getattr(task, 'path', '')!r}: the file changed while networks were "
                    "trained on it; what wasn't saved yet is dropped. Run the same command again."
                )


MANY = 4
"""From this many chunks a worker on, threads take a chunk each: a small one can't be split among them, and
among so many the last ones hardly leave a thread idle."""
QUEUED = 2
"""How many chunks a thread is given: one in progress, and one to begin without waiting for a save."""


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

    Ctrl-C, or setting `stop`, lets the chunks in progress finish, saves them and, unless that was all, raises
    Interrupted; a second Ctrl-C raises KeyboardInterrupt at once. If an engine fails, the other chunks in
    progress are still saved before its exception is raised.
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
                for finished in results_of(team, chunks, stopping=stopping):
                    if stopping() and not told:
                        told = True
                        tell()
                    saver.add(finished)
        except Exception:
            # The engine failed: what it finished before is kept. A KeyboardInterrupt waits for nothing.
            saver.flush()
            raise
        saver.flush()
        if stopping() and done.chunks < overall.total.chunks:
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
