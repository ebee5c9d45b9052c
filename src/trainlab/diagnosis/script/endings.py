"""How the script's process ends: by an exception, told as Python would tell it, an exit, or an interrupt."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from trainlab.diagnosis.place import line_of
from trainlab.diagnosis.probe.frames import forget_own_frames, is_library

_ELSEWHERE = "\nTraceback (most recent call last):\n"
_OURS = (os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "<frozen runpy>")
_SHELL = (f"{os.sep}IPython{os.sep}", f"{os.sep}asyncio{os.sep}")


def tell_the_scripts_hook(error: BaseException) -> None:
    """Call the function that the script has put in the place of `sys.excepthook`, as Python would."""
    hook: Any = sys.excepthook
    if hook is sys.__excepthook__:
        return
    forget_own_frames(error)
    try:
        hook(type(error), error, error.__traceback__)
    except Exception as failure:
        with contextlib.suppress(Exception):
            print("Error in sys.excepthook:", file=sys.stderr)
            print_trace(failure)
            print("\nOriginal exception was:", file=sys.stderr)
            print_trace(error)


def print_trace(error: BaseException) -> None:
    """Print the trace as Python would, without the frames of what has started the script, and listens."""
    forget_own_frames(error)
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(_OURS) and not any(part in file for part in _SHELL):
            break
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def last_line(error: BaseException) -> str:
    """Return the line with which Python ends its trace, 500 characters at most.

    Of one that brings the whole trace of another process, it's the line that ends that.
    """
    words = traceback.format_exception_only(error)[-1].strip()
    return (words.rsplit("\n", 1)[-1] if _ELSEWHERE in words else words)[:500]


def failed_by(error: BaseException, owns: Callable[[str], bool]) -> dict[str, Any]:
    """Return an ending by an exception, at a line of files that the script `owns`."""
    where = ""
    with contextlib.suppress(Exception):  # its folder may be gone, or it may have no text
        where = _place_of(error, owns)
    return {"how": "error", "code": 1, "message": last_line(error), "where": where}


def _place_of(error: BaseException, owns: Callable[[str], bool]) -> str:
    """Return the line of the script's own code at which an exception left it."""
    if isinstance(error, SyntaxError) and error.lineno and error.filename:
        return line_of(os.path.basename(error.filename), error.lineno)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if owns(frame.filename)]
    return line_of(os.path.basename(own[-1].filename), own[-1].lineno or 0) if own else ""


def ending_of(error: BaseException | None) -> dict[str, Any]:
    """Return how a process ends that this exception leaves, or none; Python itself tells it."""
    if error is None:
        return {"how": "end", "code": 0}
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(bool(error.code))
        return {"how": "exit", "code": code}
    return failed_by(error, lambda file: not is_library(file))


def exit_code(error: SystemExit) -> int:
    """Return the code with which Python ends; what is no number it prints."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code
    with contextlib.suppress(Exception):
        print(error.code, file=sys.stderr)
    return 1


def interrupt_first_thread() -> None:
    """Interrupt the first thread as Ctrl-C does: also where it waits for a process."""
    if callable(signal.getsignal(signal.SIGINT)) and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()
