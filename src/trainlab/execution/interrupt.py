"""Ctrl-C: once stops at the border of a chunk, twice at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
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


@contextmanager
def interrupts() -> Generator[threading.Event]:
    """Catch Ctrl-C inside the block: the first sets the event, the second raises KeyboardInterrupt.

    Only in the main thread, where Python runs its handlers, and only if the signal isn't ignored; elsewhere
    the event is never set.
    """
    pressed = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before in (signal.SIG_IGN, None):
        yield pressed
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    signal.signal(signal.SIGINT, handle)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def held_back() -> Generator[None]:
    """Hold SIGINT back from this thread; a process started inside the block never sees one.

    Ctrl-C goes to every process of a terminal, but only the one that the user started is to answer it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
