"""Worker processes and functions of many jobs over them: nobody is kept waiting, whatever ends one."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from trainlab.execution import for_each, workers
from trainlab.execution.workers import processes

# Worker processes: whichever of them is killed, the block is left.


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "GRACE", 0.2)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))


def pid_after(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


@pytest.mark.process
@pytest.mark.parametrize("which", [0, 1])
def test_one_that_is_killed_while_idle_keeps_nobody(which: int) -> None:
    """One of the two waits for work, with the lock of the others; it is this one that matters."""
    with processes(2) as submit:
        calls = [submit(pid_after, 0.5) for _ in range(2)]
        numbers = sorted({call.result(60) for call in calls})
        time.sleep(0.1)
        os.kill(numbers[which % len(numbers)], signal.SIGKILL)
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


# Jobs over processes, or in this one: all are done once, a failure is raised, stopping stops.


LATER = 13
"""Jobs after the one that fails take long enough for that to be seen before they are all done."""


def square(number: int) -> tuple[int, int]:
    if number == 13:
        raise ValueError("thirteen")
    if number > LATER:
        time.sleep(0.05)
    return number * number, os.getpid()


def slow(number: int) -> int:
    time.sleep(0.05)
    return number


@pytest.mark.process
@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once_and_handed_on_here(workers: int) -> None:
    done: dict[int, tuple[int, int]] = {}
    for_each(square, range(12), workers=workers, stopping=lambda: False, on_done=done.__setitem__)
    assert {number: value for number, (value, _) in done.items()} == {n: n * n for n in range(12)}
    assert (os.getpid() in {process for _, process in done.values()}) == (workers == 1)


@pytest.mark.process
@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_is_raised_and_what_was_done_before_is_handed_on(workers: int) -> None:
    done: dict[int, tuple[int, int]] = {}
    with pytest.raises(ValueError, match="thirteen"):
        for_each(square, [1, 2, 13, *range(20, 80)], workers=workers, stopping=lambda: False,
                 on_done=done.__setitem__)  # fmt: skip
    assert {1, 2} <= done.keys()
    assert 79 not in done


@pytest.mark.process
@pytest.mark.parametrize("workers", [1, 2])
def test_stopping_begins_no_more_and_hands_on_what_is_in_work(workers: int) -> None:
    done: list[int] = []

    def keep(job: int, _: int) -> None:
        done.append(job)

    for_each(slow, range(50), workers=workers, stopping=lambda: len(done) >= 3, on_done=keep)
    assert 3 <= len(done) < 3 + 2 * workers


def test_no_jobs_are_no_work() -> None:
    for_each(square, [], workers=1, stopping=lambda: False, on_done=lambda *_: pytest.fail("nothing is done"))
