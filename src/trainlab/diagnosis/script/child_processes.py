"""The processes that run a user's script: their environment, waiting for them, how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from trainlab.errors import printable

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
SILENCE = 30.0
"""Seconds without a sign on the terminal before there is one."""
_LOOK = 2.0


def one_thread_environment() -> dict[str, str]:
    """Return the environment of one run of many: one thread, so that runs don't take turns; no windows."""
    return {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "MPLBACKEND": "Agg"}


def ending_words(code: int) -> str:
    """Say how a process ended, by the exit code that `subprocess` gives it."""
    if code >= 0:
        return f"exit code {code}"
    known = {one.value: one.name for one in signal.Signals}
    text = f"signal {-code}, {known.get(-code, 'unknown')}"
    return f"{text}: often because memory ran out" if -code == signal.SIGKILL else text


def kill_session(process: int) -> None:
    """End the process that began a session and all that it has started, as a loader's workers."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)


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
    with suppress(OSError, ValueError):
        count = int(Path(steps).read_text(encoding="ascii"))
    return f"{seconds:,.0f} s, {count:,} steps seen; Ctrl-C ends the script and shows the report"


def _say(words: str) -> None:
    print(printable(f"trainlab: {words}"), file=sys.stderr, flush=True)
