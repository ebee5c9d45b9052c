"""A function of many short jobs, over processes: results as they come, until Ctrl-C."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from trainlab.execution.workers import processes, readable

J = TypeVar("J")
R = TypeVar("R")

PAUSE = 0.2
"""Seconds between two looks at whether to stop."""


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
