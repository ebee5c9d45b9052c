"""Signals at moments spread over a command's life, from 5 ms after its start to its end, and what they left.

``python -m crash.signals N [COMMAND…]`` (in tests/, with trainlab importable) sends each signal N times to
each command, and prints a table. SIGINT and SIGHUP go to the whole process group, as from a terminal; SIGTERM
and SIGKILL to the command alone.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import trainlab

STUDY = """\
title = "Twelve cells"
seeds = 60
[baseline]
epochs = 2000
sampling = "single"
[networks]
small = "2-2-1"
middle = "2-3-1"
large = "2-5-4-1"
[changes.A]
set.optimizer = { name = "adam", lr = 0.02 }
[changes.B]
set.loss = "mse"
"""
SCRIPT = """\
import torch, time
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__":
    torch.manual_seed(0)
    x = torch.randn(64, 3)
    data = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=8, num_workers=1)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
    for epoch in range(6):
        for batch, target in data:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(batch), target)
            loss.backward()
            optimizer.step()
            time.sleep(0.01)
    print("loss", loss.item())
"""
COMMANDS = {
    "study": ("study", "study.toml", "--json", "out.json", "--workers", "1"),
    "map": (
        *("map", "study.toml", "--x", "lr=1e-3..1", "--y", "momentum=0..0.9", "--size", "6x6"),
        *("--seeds", "16", "--json", "out.json", "--workers", "1"),
    ),
    "explain": ("explain", "chain-rule", "--html", "page.html"),
    "doctor": ("doctor", "train.py"),
    "doctor --try": ("doctor", "--try", "--budget", "10", "train.py"),
    "seeds": ("seeds", "train.py", "--seeds", "2", "--rerun", "--workers", "1", "--save", "runs.jsonl"),
    "faults": ("faults",),
    "serve": ("serve", "--port", "0", "--no-open", "--workers", "1"),
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
HEARING = ("env", "--default-signal=INT,TERM,HUP")
"""Before a command that is to ignore none, as a shell's job in the background or one under `nohup` would."""
TO_ALL = (signal.SIGINT, signal.SIGHUP)
FIRST = 0.005
"""Seconds after its start at which a command gets the earliest signal."""
SERVED = 5.0
"""And the latest, for a command that doesn't end by itself."""
LONGEST = 300.0
PACKAGE = Path(trainlab.__file__).parent
MARK = "TRAINLAB_SWEEP"


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What a signal left, and what was wrong, in words."""

    code: int
    seconds: float
    """From the signal to the end."""
    said: str
    shown: str
    alive: tuple[str, ...]
    """What is alive a second after the end, by its command line."""
    folders: tuple[str, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """A command and a signal: what each of the moments left, by the moment in seconds."""

    command: str
    number: signal.Signals
    left: dict[float, Left]


Wait = Callable[["subprocess.Popen[bytes]", Path], None]


def after(seconds: float) -> Wait:
    """Wait so long, or until the process has ended."""

    def wait(process: subprocess.Popen[bytes], folder: Path) -> None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)

    return wait


def send(
    command: str,
    number: signal.Signals | None,
    wait: Wait,
    *,
    script: str = SCRIPT,
    to_all: Sequence[signal.Signals] = TO_ALL,
    patience: float = 1.0,
) -> tuple[Left, float]:
    """Start a command in a new folder, wait, send it a signal, look around; return also how long it ran.

    What is still alive `patience` seconds after its end is left behind.
    """
    with tempfile.TemporaryDirectory(prefix="sweep-") as name:
        folder, temporary = Path(name), Path(name, "tmp")
        temporary.mkdir()
        (folder / "study.toml").write_text(STUDY)
        (folder / "train.py").write_text(script)
        mark = f"{os.getpid()}-{time.monotonic_ns()}"
        environment = {**os.environ, "TMPDIR": str(temporary), MARK: mark}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        out, err = folder / "stdout", folder / "stderr"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            started = time.monotonic()
            process = subprocess.Popen(
                [*HEARING, sys.executable, "-m", "trainlab", *COMMANDS[command]],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        sent, code = started, 0
        try:
            if number is not None:
                wait(process, folder)
                sent = time.monotonic()
                if process.poll() is None:
                    (os.killpg if number in to_all else os.kill)(process.pid, number)
            code = process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        ended = time.monotonic()
        while (alive := marked_processes(mark)) and time.monotonic() < ended + patience:
            time.sleep(0.05)
        told = tuple(map(words_of, alive))
        for one in alive:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        left = Left(
            code=code,
            seconds=ended - sent,
            said=err.read_text(errors="replace"),
            shown=out.read_text(errors="replace"),
            alive=told,
            folders=tuple(sorted(one for one in os.listdir(temporary) if one.startswith("trainlab-"))),
            wrong=tuple(wrong(folder, err.read_text(errors="replace"))),
        )
        return left, ended - started


def marked_processes(mark: str) -> list[int]:
    """Return the processes with this mark in their environment."""
    found: list[int] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in Path("/proc", name, "environ").read_bytes().split(b"\0"):
                found.append(int(name))
    return found


def words_of(process: int) -> str:
    """Return how a process is called, and its state."""
    with suppress(OSError):
        words = Path("/proc", str(process), "cmdline").read_bytes().decode(errors="replace").split("\0")
        state = Path("/proc", str(process), "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        return f"{process} ({state}) {' '.join(words)[:90]}"
    return f"{process} (gone)"


def wrong(folder: Path, said: str) -> Iterator[str]:
    """Yield what doesn't fit: the store with what was said, files that are half written."""
    store = folder / ".trainlab" / "store.sqlite3"
    if store.exists():
        with closing(sqlite3.connect(store)) as db:
            if db.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                yield "store damaged"
            saved = 0
            with suppress(sqlite3.OperationalError):
                saved = db.execute("SELECT count(*) FROM chunks").fetchone()[0]
        words = said.split("stopped after ")
        if len(words) == 2 and " chunks" in words[1] and int(words[1].split()[0].replace(",", "")) != saved:
            yield f"{saved} chunks in the store"
    expected = {"tmp", "study.toml", "train.py", "stdout", "stderr", ".trainlab"}
    expected |= {"out.json", "page.html", "runs.jsonl", "begun", "__pycache__"}
    yield from (f"{name} left" for name in os.listdir(folder) if name not in expected)


def is_silent(left: Left) -> bool:
    """Whether it ended on a signal without a word."""
    return left.code != 0 and not left.said.strip() and not left.shown.strip()


def is_noisy(left: Left) -> bool:
    """Whether it says more than a line of how it ended, or in Python's words."""
    ends = [line for line in left.said.splitlines() if line.startswith("trainlab: stopped")]
    python = ("Traceback", "Exception ignored", "KeyboardInterrupt", "Aborted", "terminate called")
    return len(ends) > 1 or any(word in left.said for word in python)


def names_our_files(left: Left) -> bool:
    """Whether what it says names a file of the package, as a traceback through it does.

    A script's own process that gets Ctrl-C as it starts a loader's worker may have Python say so, as it does
    without the doctor.
    """
    return str(PACKAGE) in left.said


def sweep(command: str, number: signal.Signals, moments: Sequence[float], *, patience: float = 1.0) -> Sweep:
    """Send a command a signal at each of the moments."""
    left = {at: send(command, number, after(at), patience=patience)[0] for at in moments}
    return Sweep(command=command, number=number, left=left)


def undisturbed(command: str) -> float:
    """Return how many seconds a command takes; for one that doesn't end, `SERVED`."""
    return SERVED if command == "serve" else send(command, None, after(0.0))[1]


def moments(seconds: float, count: int) -> list[float]:
    """Return so many moments from the first to `seconds`, closer at the beginning."""
    return [FIRST + (seconds - FIRST) * (place / max(1, count - 1)) ** 1.5 for place in range(count)]


def row(found: Sweep) -> str:
    """Return a line of the table."""
    every = list(found.left.values())
    codes = sorted({left.code for left in every})
    told = ", ".join(f"{code}: {sum(left.code == code for left in every)}" for code in codes)
    counts = (
        sum(map(is_silent, every)),
        sum(map(is_noisy, every)),
        sum(bool(left.alive) for left in every),
        sum(bool(left.folders) for left in every),
        sum(bool(left.wrong) for left in every),
    )
    cells = "".join(f"{count:>9}" for count in counts)
    slowest = max(left.seconds for left in every)
    return f"{found.command:<14}{found.number.name:<9}{len(every):>4}  {told:<28}{cells}{slowest:>10.2f}"


HEAD = (
    f"{'command':<14}{'signal':<9}{'sent':>4}  {'exit codes':<28}"
    f"{'silent':>9}{'noisy':>9}{'alive':>9}{'folders':>9}{'wrong':>9}{'slowest s':>10}"
)


def main(count: int, commands: Sequence[str]) -> None:
    """Print the table, and below each row what isn't as it should be."""
    print(HEAD, flush=True)
    for command in commands or COMMANDS:
        seconds = undisturbed(command)
        for number in SIGNALS:
            found = sweep(command, number, moments(seconds, count))
            print(row(found), flush=True)
            for at, left in found.left.items():
                if os.environ.get("SHOW") or is_noisy(left) or left.folders or left.wrong or left.alive:
                    last = left.said.strip().splitlines()[-1:]
                    what = (left.code, *left.alive, *left.folders, *left.wrong, *last)
                    print(f"    at {at:.3f} s:", *what, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
