"""What a signal does to the command from its first line to its last: one line, and exit code 130.

While it loads and while it ends, nothing is at stake: it leaves at once. In between, KeyboardInterrupt is
raised, so that what the command holds is let go; who can end better than that, as a study at the border of a
chunk, catches signals itself for so long (`trainlab.interrupt`).
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType

from trainlab import interrupt
from trainlab.interrupt import STOPPING, interruption

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

INTERRUPTED = 130
PATIENCE = 1.0
"""Seconds in which the exception of a signal has to reach the end of the command: somebody may have caught it
who catches all, or the main thread may be deep in a library."""

BEFORE = "stopped before it began."
AFTER = "stopped as it ended; what it was to do is done."
AT_ONCE = "stopped at once."


class _State:
    """What is known of the command; a handler can't be told more than what stands somewhere."""

    words = BEFORE
    at_work = False
    raised = False
    leaving = False
    one = threading.Lock()


def listen() -> None:
    """From now on answer the signals that aren't ignored."""
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hear)
    read, write = os.pipe()
    os.set_blocking(write, False)
    # Told even while the main thread is in a library and no handler can run.
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(read,), name="trainlab-signals", daemon=True).start()
    # What is registered first is called last: after it, only Python itself is left to end.
    atexit.register(_ignore)


@contextmanager
def at_work(words: str) -> Generator[None]:
    """Let a signal raise KeyboardInterrupt in the block; `words` say what that means for the work."""
    _State.words, _State.at_work = words, True
    try:
        yield
        _State.words = AFTER
    finally:
        _State.at_work = False


def was_raised() -> bool:
    """Whether a signal has ended the work: whatever exception comes out of it then, that is why."""
    return _State.raised


def said() -> None:
    """The line that tells how it ends is about to be printed: a signal has nothing to add."""
    _State.words, _State.leaving = "", True


def leave() -> NoReturn:
    """Say in a line that it stops, and end this process: no thread that is still at work delays it."""
    _State.leaving = True  # a handler that runs from here on lets this go on
    if not _State.one.acquire(blocking=False):
        time.sleep(60)  # the other thread is about to end the process
    with suppress(OSError):
        # A progress bar may stand there, and have hidden the cursor.
        clean = "\r\x1b[K\x1b[?25h" if os.isatty(2) else ""
        if _State.words:
            os.write(2, f"{clean}trainlab: {_State.words}\n".encode())
    if scratch := sys.modules.get("trainlab.scratch"):
        scratch.remove_all()
    os._exit(INTERRUPTED)


def _hear(number: int, frame: FrameType | None) -> None:
    if _State.leaving:
        return
    if not _State.at_work or _is_import(frame):
        # A library that is loaded in half can turn the exception into any other, or abort.
        leave()
    if _State.raised:
        if number == signal.SIGINT:
            leave()
        return  # the same once more, as `timeout` sends it
    _State.raised = True
    raise interruption(number)


def _is_import(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _watch(pipe: int) -> None:
    """End the process if a signal that was ours to answer hasn't ended it in time."""
    seen = interrupt.answers
    while numbers := os.read(pipe, 4096):
        ours = any(number in STOPPING and signal.getsignal(number) is _hear for number in numbers)
        time.sleep(PATIENCE)
        now = interrupt.answers
        # Who catches signals for a while may have answered, and be done with that, before this thread's turn.
        if _State.raised or (ours and now == seen):
            leave()
        seen = now


def _ignore() -> None:
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    sys.stderr.flush()
