"""Ctrl-C, or the SIGTERM of `timeout` and schedulers: once stops at the border of a chunk, twice at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import FrameType

from trainlab.errors import TrainlabError


class Interrupted(TrainlabError):  # noqa: N818 - not an error of anybody
    """The work was stopped between two chunks; `done` of `total` are done, counted in `noun`."""

    def __init__(self, *, done: int, total: int, kept: bool, noun: str = "chunks") -> None:
        self.done = done
        self.total = total
        after = "All that was finished is saved: the same command, without --fresh, goes on from there."
        lost = "Nothing is kept, because no store was given."
        what = " (each some seeds of one experiment)" if noun == "chunks" else ""
        super().__init__(f"stopped after {done:,} of {total:,} {noun}{what}. {after if kept else lost}")


STOPPING = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """SIGTERM came: the work is to end as by Ctrl-C, but the processes started by it may not know."""


@contextmanager
def interrupts() -> Generator[threading.Event]:
    """Catch Ctrl-C and SIGTERM inside: the first sets the event, the second raises KeyboardInterrupt.

    Only in the main thread, where Python runs its handlers, and only if the signal isn't ignored; elsewhere
    the event is never set.
    """
    pressed = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    with _handled(STOPPING, handle):
        yield pressed


@contextmanager
def termination() -> Generator[None]:
    """Make SIGTERM raise Terminated inside the block, as Ctrl-C raises KeyboardInterrupt."""

    def handle(number: int, frame: FrameType | None) -> None:
        raise Terminated

    with _handled((signal.SIGTERM,), handle):
        yield


@contextmanager
def _handled(numbers: Sequence[int], handle: Callable[[int, FrameType | None], None]) -> Generator[None]:
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in numbers} if main else {}
    before = {number: known for number, known in before.items() if known not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)


@contextmanager
def held_back() -> Generator[None]:
    """Hold SIGINT and SIGTERM back from this thread; a process started inside the block never sees one.

    Ctrl-C goes to every process of a terminal, but only the one that the user started is to answer it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
