"""An exception that has left the script: told as Python would tell it, and in words for the report."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import Any

from trainlab.diagnosis.observed.site import line_of
from trainlab.diagnosis.probe.own_frames import forget_own_frames
from trainlab.diagnosis.script.launch import Launch

_OURS = (os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "<frozen runpy>")
_SHELL = (f"{os.sep}IPython{os.sep}", f"{os.sep}asyncio{os.sep}")


def excepthook() -> Any:
    """Return `sys.excepthook`; Python's own where the script has deleted it."""
    return getattr(sys, "excepthook", sys.__excepthook__)


def tell_the_scripts_hook(error: BaseException) -> None:
    """Call the function that the script has put in the place of `sys.excepthook`, as Python would."""
    hook = excepthook()
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
    """Return the line with which Python ends its trace, 500 characters at most."""
    return traceback.format_exception_only(error)[-1].strip()[:500]


def place_of(error: BaseException, started: Launch) -> str:
    """Return the line of the script's own code at which an exception left it."""
    if isinstance(error, SyntaxError) and error.lineno and error.filename:
        return line_of(os.path.basename(error.filename), error.lineno)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if started.owns(frame.filename)]
    return line_of(os.path.basename(own[-1].filename), own[-1].lineno or 0) if own else ""
