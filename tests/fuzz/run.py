"""``python -m fuzz.run N [KIND …]``: N inputs of each kind, or of those named; what fell is printed.

Inputs are numbered: the same number makes the same input. A batch of them runs in a process of its own, whose
memory is limited; an input that takes more than `SECONDS` of CPU time hangs.
``python -m fuzz.run --one KIND SEED NUMBER`` tries one input and shows its traceback.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

SECONDS = 20.0
MEMORY = 4_000_000_000
"""The most bytes of addresses that a batch may take beyond what it has once all is imported."""
BATCH = 1_000


class HangError(BaseException):
    """An input took too long; it isn't caught where the project catches exceptions."""


@dataclass(kw_only=True)
class Tally:
    """What a number of inputs came to; `peak` is the most memory that a batch took, in bytes."""

    tried: int = 0
    tracebacks: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    peak: int = 0


def batch(kind: str, seed: int, numbers: range) -> Tally:
    """Try inputs in this process, in a folder of their own."""
    from fuzz.kinds import try_one

    tally = Tally()
    previous = signal.signal(signal.SIGPROF, _hang)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = os.getcwd()
        os.chdir(folder)
        try:
            for number in numbers:
                tally.tried += 1
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                try:
                    try_one(kind, seed, number)
                except HangError:
                    tally.hangs.append(f"{kind} {seed} {number}")
                except BaseException as error:
                    where = traceback.extract_tb(error.__traceback__)[-1]
                    place = f"{Path(where.filename).name}:{where.lineno}"
                    tally.tracebacks.append(
                        f"{kind} {seed} {number}: {type(error).__name__} at {place}: {error}"[:300]
                    )
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)
        finally:
            os.chdir(before)
            signal.signal(signal.SIGPROF, previous)
    tally.peak = _peak()
    return tally


def _peak() -> int:
    """Return the most bytes that this process took; what getrusage tells holds for who started it, too."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])  # type: ignore[index]


def apart(kind: str, seed: int, numbers: range) -> Tally:
    """Try inputs in a process of its own; one that kills it counts as a traceback."""
    command = [
        sys.executable,
        "-m",
        "fuzz.run",
        "--batch",
        kind,
        str(seed),
        str(numbers.start),
        str(numbers.stop),
    ]
    places = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=places)
    if done.returncode:
        which = f"{kind} {seed} {numbers.start}–{numbers.stop}"
        ended = f"{which}: ended with {done.returncode}: {done.stderr[-300:]}"
        return Tally(tried=len(numbers), tracebacks=[ended])
    return Tally(**json.loads(done.stdout.splitlines()[-1]))


def main(arguments: list[str]) -> int:
    """Run what is asked for; 1 if anything fell."""
    if arguments[:1] == ["--batch"]:
        kind, seed, start, stop = arguments[1], *map(int, arguments[2:5])
        from fuzz import kinds

        assert kind in kinds.KINDS
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
        print(json.dumps(vars(batch(kind, seed, range(start, stop)))))
        return 0
    if arguments[:1] == ["--one"]:
        from fuzz.kinds import try_one

        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try_one(arguments[1], int(arguments[2]), int(arguments[3]))
            os.chdir("/")
        return 0
    from fuzz.kinds import KINDS

    seed = int(os.environ.get("FUZZ_SEED", "0"))
    fell = 0
    print(f"{'kind':<10}{'inputs':>9}{'tracebacks':>12}{'hangs':>7}{'peak MB':>9}")
    for kind in arguments[1:] or KINDS:
        every = Tally()
        for start in range(0, int(arguments[0]), BATCH):
            part = apart(kind, seed, range(start, min(start + BATCH, int(arguments[0]))))
            every.tried += part.tried
            every.tracebacks += part.tracebacks
            every.hangs += part.hangs
            every.peak = max(every.peak, part.peak)
        fallen = f"{len(every.tracebacks):>12}{len(every.hangs):>7}"
        print(f"{kind:<10}{every.tried:>9,}{fallen}{every.peak / 1e6:>9,.0f}", flush=True)
        for line in every.tracebacks[:20] + every.hangs[:20]:
            print(f"  {' '.join(line.split())}", flush=True)
        fell += len(every.tracebacks) + len(every.hangs)
    return 1 if fell else 0


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise HangError


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
