"""What the processes that run a user's script have in common: their environment, and how they end."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


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
