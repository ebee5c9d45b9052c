"""Worker processes: whichever of them is killed, the block is left."""

import os
import signal
import sys
import time

import pytest

from trainlab.execution import workers
from trainlab.execution.workers import processes


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
