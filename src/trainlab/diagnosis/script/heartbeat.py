"""Waits for a script's process, and says on a silent terminal that it's still at work."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

SILENCE = 30.0
"""Seconds without a sign on the terminal before there is one."""
_LOOK = 2.0


def wait(process: subprocess.Popen[bytes], seconds: float | None, *, steps: str, script: str) -> int:
    """Return the process's exit code.

    Args:
        process: what to wait for.
        seconds: how long at most.
        steps: a file that holds the number of steps seen so far.
        script: its name, to say what is waited for.

    Raises:
        subprocess.TimeoutExpired: if it takes longer.
    """
    if not sys.stderr.isatty():
        return process.wait(seconds)
    started = time.monotonic()
    _say(f"listening to {script}; Ctrl-C ends it and shows the report")
    while True:
        left = None if seconds is None else started + seconds - time.monotonic()
        try:
            return process.wait(_LOOK if left is None else max(0.0, min(_LOOK, left)))
        except subprocess.TimeoutExpired:
            if left is not None and left <= _LOOK:
                raise
        if silent_for(sys.stderr.fileno()) > SILENCE:
            _say(progress_words(time.monotonic() - started, steps))


def silent_for(terminal: int) -> float:
    """Return for how many seconds nobody has written to the terminal, to within 8."""
    return time.time() - os.fstat(terminal).st_mtime


def progress_words(seconds: float, steps: str) -> str:
    """Return ``90 s, 1,234 steps seen; …``."""
    count = 0
    with contextlib.suppress(OSError, ValueError):
        count = int(Path(steps).read_text(encoding="ascii"))
    return f"{seconds:,.0f} s, {count:,} steps seen; Ctrl-C ends the script and shows the report"


def _say(words: str) -> None:
    print(f"trainlab: {words}", file=sys.stderr, flush=True)
