"""A lifeline: processes that end, with all they have started, as soon as the one that started them is dead.

A user's script can't watch over itself: it must not find a thread, a handler or a child that it hasn't made.
So a small process beside it (this file, run by itself) reads from a pipe that only the driver writes to. When
it closes, whatever the driver died of, that process kills what holds on to it, and tidies up (`scratch`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_LEFT = 0
"""No process: what the driver writes as it leaves its block alive."""
GONE_SECONDS = 2.0
"""How long to wait until killed processes are gone, so that their folders are nobody's."""


@dataclass(frozen=True, slots=True)
class Lifeline:
    """The writing end of the pipe."""

    end: int

    def hold(self, process: int) -> None:
        """Have this process end with its driver. A number that is used again later is another process."""
        hold_on(self.end, process)


def hold_on(end: int, process: int) -> None:
    """Have a process end with the driver whose lifeline this is."""
    with suppress(OSError):  # should the process at its other end be killed, the work goes on
        os.write(end, b"%d\n" % process)


def hold_on_by(argument: str) -> None:
    """Hold on to the lifeline whose number a driver has passed on, and let no child of this process have it.

    Called by a process that must be held before its driver can know its number.
    """
    hold_on(int(argument), os.getpid())
    os.close(int(argument))


@contextmanager
def lifeline() -> Generator[Lifeline]:
    """Start the process that ends those which hold on, if this one dies in the block, or leaves it."""
    package = os.path.dirname(os.path.abspath(__file__))
    with subprocess.Popen(
        # Alone, so that it is there in milliseconds; apart, so that no signal to this group reaches it.
        [sys.executable, "-I", "-S", os.path.abspath(__file__), os.path.dirname(package)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    ) as process:
        assert process.stdin is not None
        held = Lifeline(process.stdin.fileno())
        try:
            yield held
        finally:
            held.hold(_LEFT)


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    began: str
    """When, in the system's own words: a number that is used again began later."""
    is_dead: bool


def _processes() -> dict[int, _Process]:
    """Return all processes by their numbers."""
    if not os.path.exists("/proc/self/stat"):
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,stat=,lstart="], capture_output=True, text=True, check=False
        )
        rows = [line.split(maxsplit=3) for line in listed.stdout.splitlines()]
        return {int(row[0]): _Process(int(row[1]), row[3], row[2].startswith("Z")) for row in rows}
    found: dict[int, _Process] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            # Behind the name in parentheses, which may hold anything: state, parent, … the 20th is the start.
            fields = file.read().rpartition(b")")[2].split()
            found[int(name)] = _Process(int(fields[1]), fields[19].decode(), fields[0] in (b"Z", b"X"))
    return found


def _family(roots: Iterable[int], every: dict[int, _Process]) -> set[int]:
    """Return the processes with all that they have started, of those that live."""
    children: dict[int, list[int]] = {}
    for number, process in every.items():
        children.setdefault(process.parent, []).append(number)
    left, found = list(roots), set[int]()
    while left:
        number = left.pop()
        if number not in found:
            found.add(number)
            left += children.get(number, [])
    return {number for number in found if number in every and not every[number].is_dead}


def descendants(root: int) -> set[int]:
    """Return the processes that a process has started, and those that these have, of those that live."""
    return _family([root], _processes()) - {root}


def kill_families(roots: Iterable[int]) -> None:
    """Kill the processes with all that they have started, and wait a moment until they are gone."""
    roots = list(roots)
    stopped: set[int] = set()
    # What is stopped starts no more; what it started in between is found in the next round.
    while more := _family(roots, _processes()) - stopped:
        for number in more:
            _send(number, signal.SIGSTOP)
        stopped |= more
    for number in stopped:
        with suppress(OSError):
            if os.getpgid(number) == number:  # with what it started and left behind
                os.killpg(number, signal.SIGKILL)
        _send(number, signal.SIGKILL)
    patience = time.monotonic() + GONE_SECONDS
    while _family(stopped, _processes()) & stopped and time.monotonic() < patience:
        time.sleep(0.02)


def _send(number: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(number, what)


def main(library: str) -> None:
    """Read numbers until the driver is gone, and end their processes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    held: dict[int, str] = {}
    died = True
    for line in sys.stdin.buffer:
        number = int(line)
        died = number != _LEFT
        if (process := _processes().get(number)) is not None:
            held[number] = process.began
    every = _processes()
    kill_families(
        number for number, began in held.items() if number in every and every[number].began == began
    )
    if died:
        _tidy_up(library)


def _tidy_up(library: str) -> None:
    sys.path.insert(0, library)
    import tempfile

    from trainlab.scratch import sweep

    sweep(tempfile.gettempdir())


if __name__ == "__main__":
    main(sys.argv[1])
