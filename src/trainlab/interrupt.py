"""Ctrl-C, the SIGTERM of `timeout` and schedulers, the SIGHUP of a closed terminal: how work stops for them.

Once stops at the border of a chunk, twice at once.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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


STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TWICE = 0.5
"""`timeout` sends SIGTERM to its command and to its group, and a terminal that closes may hang up twice: what
comes again within so many seconds is the same wish. Not Ctrl-C, which somebody presses."""


answers: int = 0
"""How many signals were answered by who catches them for a while; each in the main thread."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: the work is to end as by Ctrl-C, but the processes started by it may not know."""


def interruption(number: int) -> KeyboardInterrupt:
    """Return the exception that a signal raises."""
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated()


_around: ContextVar[threading.Event | None] = ContextVar("_around", default=None)
"""The event of the innermost `one_call` or `interrupts` that this thread is in."""


@contextmanager
def one_call() -> Generator[threading.Event]:
    """Around all that a user has asked for at once, which may be several trainings.

    Who is stopped as the last of its work is done goes on to its end: that event is then set for whatever
    begins after it in the block, so that what is left to do isn't begun.
    """
    outer, pressed = _around.get(), threading.Event()
    if outer is not None and outer.is_set():
        pressed.set()
    token = _around.set(pressed)
    try:
        yield pressed
    finally:
        _around.reset(token)
        if outer is not None and pressed.is_set():
            outer.set()


@contextmanager
def interrupts() -> Generator[threading.Event]:
    """Catch the signals inside: the first sets the event, the second raises KeyboardInterrupt.

    Only in the main thread, where Python runs its handlers, and only if a signal isn't ignored; elsewhere
    the event is never set. It is handed on to the block around this one, see `one_call`.
    """
    with one_call() as pressed:

        def handle(number: int) -> None:
            if pressed.is_set():
                raise interruption(number)
            pressed.set()

        with _handled(STOPPING, handle):
            yield pressed


@contextmanager
def termination() -> Generator[None]:
    """Make SIGTERM and SIGHUP raise Terminated inside the block, as Ctrl-C raises KeyboardInterrupt."""

    def handle(number: int) -> None:
        raise interruption(number)

    with _handled(STOPPING, handle):
        yield


@contextmanager
def hanging_up_terminates() -> Generator[None]:
    """Make SIGHUP the same as SIGTERM inside the block, for a library that knows only that."""
    with _handled((signal.SIGHUP,), lambda _: signal.raise_signal(signal.SIGTERM)):
        yield


@contextmanager
def _handled(numbers: Sequence[int], handle: Callable[[int], None]) -> Generator[None]:
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in numbers} if main else {}
    before = {number: known for number, known in before.items() if known not in (signal.SIG_IGN, None)}
    handler = unless_repeated(handle)
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)


def unless_repeated(handle: Callable[[int], None]) -> Callable[[int, FrameType | None], None]:
    """Return a handler that leaves out what comes `TWICE` because it was sent to a group as well."""
    latest: dict[int, float] = {}

    def handler(number: int, frame: FrameType | None) -> None:
        global answers
        answers += 1
        now = time.monotonic()
        again = number != signal.SIGINT and now - latest.get(number, -TWICE) < TWICE
        latest[number] = now
        if not again:
            handle(number)

    return handler


@contextmanager
def held_back() -> Generator[None]:
    """Hold the signals back from this thread; a process started inside the block never sees one.

    Ctrl-C goes to every process of a terminal, but only the one that the user started is to answer it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_through() -> None:
    """Let through what was held back as this process was started; what came since comes now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
