"""Processes that hold on to a lifeline end with their driver, whatever it died of, and all they started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from crash.kills import is_alive

from trainlab.lifeline import descendants, lifeline

# A driver holds a child, which starts a child, a daemon of its own session, and prints all numbers.
DRIVER = """
import os, signal, subprocess, sys, time
from trainlab.lifeline import lifeline
from trainlab.scratch import scratch_folder
CHILD = '''
import os, subprocess, sys, time
apart = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
# In one piece each, even where Python writes without a buffer.
if os.fork() == 0:
    os.write(1, f"{os.getpid()}{os.linesep}".encode())
else:
    os.write(1, f"{os.getpid()} {apart.pid}{os.linesep}".encode())
time.sleep(600)
'''
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # where the tests run under nohup it is ignored
with lifeline() as line, scratch_folder("test") as folder:
    print(folder, flush=True)
    child = subprocess.Popen([sys.executable, "-c", CHILD])
    line.hold(child.pid)
    time.sleep(600)
"""


@contextmanager
def driver(folder: Path) -> Generator[tuple["subprocess.Popen[str]", Path, set[int]]]:
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        scratch = Path(process.stdout.readline().strip())
        numbers = {int(word) for _ in range(2) for word in process.stdout.readline().split()}
        try:
            yield process, scratch, numbers
        finally:
            process.kill()
            for number in filter(is_alive, numbers):
                os.kill(number, signal.SIGKILL)


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_they_end_with_their_driver_and_its_folders_go(tmp_path: Path, number: signal.Signals) -> None:
    with driver(tmp_path) as (process, scratch, children):
        assert len(children) == 3
        assert all(map(is_alive, children))
        process.send_signal(number)
        process.wait(60)
        until = time.monotonic() + 60
        while (any(map(is_alive, children)) or scratch.exists()) and time.monotonic() < until:
            time.sleep(0.01)
        assert not any(map(is_alive, children))
        assert not scratch.exists()


@pytest.mark.process
def test_what_still_runs_as_the_block_is_left_ends_and_a_finished_one_is_no_matter() -> None:
    with lifeline() as line:
        over = subprocess.Popen([sys.executable, "-c", ""])
        line.hold(over.pid)
        assert over.wait() == 0
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        line.hold(left.pid)
    assert left.wait(60) == -signal.SIGKILL


@pytest.mark.process
def test_who_does_not_hold_on_is_not_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as other:
        with lifeline():
            pass
        assert other.poll() is None
        other.kill()


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_child_has_started_is_held_too_and_ends_after_the_child_is_gone(tmp_path: Path) -> None:
    with driver(tmp_path) as (process, _, children):
        assert children < descendants(os.getpid())
        assert children == descendants(process.pid) & children
        with lifeline() as line:
            for number in descendants(process.pid):
                line.hold(number)
            process.send_signal(signal.SIGSTOP)  # so that its own lifeline has nothing to do
        until = time.monotonic() + 60
        while any(map(is_alive, children)) and time.monotonic() < until:
            time.sleep(0.01)
        assert not any(map(is_alive, children))
