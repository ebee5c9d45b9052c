"""What the doctor's probe costs: steps per second with and without it, and beside wandb and Cockpit.

Four trainings (`probe_models`), on one thread. Each contender (`probe_contenders`) trains in a process of
its own, and all take turns, some steps each: whatever slows the machine for a second slows them all.
`wandb.watch(model, log="all")` runs offline with a `log` each step, at its default of every 1,000th step
and at every 16th, the share that the probe looks at early; Cockpit's "economy" configuration at every 16th.
What isn't installed, or fails on a model, is named.

The probe looks closely at the first 40 steps, then at 2 in 32 up to the 512th, 2 in 128 up to the 8,192nd,
then 2 in 1,024. Both are reported: the first 40 steps with what comes before and after the training, and
those that follow. A ratio divides the time with by the time without in the same round: the median of the
rounds, the least and the most. Ratios are of the processes' own processor time (what wandb's service takes
isn't in it); steps per second are by the clock, of the steps after the first 40.

Freed memory stays with the process: whether glibc gives large blocks back to the system after each step is a
matter of luck, and makes a CNN's step up to a quarter longer, with a tool as without.

    python -m benchmarks.probe_overhead [--rounds N] [--models NAME…] [--json PATH]
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import importlib.util
import json
import multiprocessing
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.machine import machine
from benchmarks.probe_contenders import CONTENDERS, Attach
from benchmarks.probe_models import MODELS, Made
from trainlab.diagnosis.probe.schedule import DENSE
from trainlab.draw import terminal_table

TURNS = 24


@dataclass(kw_only=True)
class Times:
    """Seconds of one training: first steps with start and end, those that follow, and these by the clock."""

    first: float = 0.0
    rest: float = 0.0
    rest_by_the_clock: float = 0.0
    why_not: str = ""


def keep_freed_memory() -> None:
    """Set glibc's thresholds for mmap and trimming (``mallopt``); elsewhere, nothing is done."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for option, size in ((-3, 32 << 20), (-1, 1 << 30)):  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
            mallopt(option, size)


def in_turns(made: Made, attach: Attach) -> Iterator[bool]:
    """Train once; stop after start, some steps, end. Yield whether it was of the steps after the first."""
    torch.manual_seed(0)
    job = made.make()
    job.step()  # what PyTorch does once
    gc.collect()
    with attach(job) as step:
        yield False
        for number in range(made.steps):
            step(number)
            done = number + 1
            if done in (DENSE, made.steps) or done % (made.steps // TURNS) == 0:
                yield done > DENSE
    yield False


def train(pipe: Connection, model: str, contender: str) -> None:
    """Do the next turn whenever asked for it; send the times when all are done, or it failed."""
    torch.set_num_threads(1)
    keep_freed_memory()
    attach = next(attach for name, _, attach in CONTENDERS if name == contender)
    times = Times()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deprecated hooks, by Cockpit
            for _ in in_turns(MODELS[0], attach):
                pass  # what each does once in a process
            turns = in_turns(next(made for made in MODELS if made.name == model), attach)
            pipe.send(None)
            while pipe.recv() == "go":
                begun, begun_by_the_clock = time.process_time(), time.perf_counter()
                follows = next(turns, None)
                if follows is None:
                    break
                spent = time.process_time() - begun
                times.first += spent * (not follows)
                times.rest += spent * follows
                times.rest_by_the_clock += (time.perf_counter() - begun_by_the_clock) * follows
                pipe.send(None)
    except Exception as error:
        times.why_not = f"{type(error).__name__}: {' '.join(str(error).split())[:70]}"
    pipe.send(times)


def round_of(made: Made, contenders: list[str]) -> dict[str, Times]:
    """Let the contenders train side by side, in turns."""
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    for name in contenders:
        pipes[name], other = context.Pipe()
        context.Process(target=train, args=(other, made.name, name), daemon=True).start()
        other.close()
    done: dict[str, Times] = {}

    def hear(name: str) -> None:
        told = pipes[name].recv()
        if told is not None:
            done[name] = told

    for name in contenders:
        hear(name)
    while len(done) < len(contenders):
        for name in contenders:
            if name not in done:
                pipes[name].send("go")
                hear(name)
    return done


def measured(made: Made, *, rounds: int) -> list[dict[str, Any]]:
    """Return a row for each contender: the ratios of all rounds, or why there are none."""
    why_not = {
        name: f"{package} isn't installed"
        for name, package, _ in CONTENDERS
        if package and importlib.util.find_spec(package) is None
    }
    found: list[dict[str, Times]] = []
    for turn in range(rounds):
        found.append(round_of(made, [name for name, _, _ in CONTENDERS if name not in why_not]))
        why_not |= {name: times.why_not for name, times in found[-1].items() if times.why_not}
        print(f"{made.name}: round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
    return [
        {"model": made.name, "contender": name, "why_not": why_not[name]}
        if name in why_not
        else {
            "model": made.name,
            "contender": name,
            "why_not": "",
            "steps_per_second": (made.steps - DENSE) / median(one[name].rest_by_the_clock for one in found),
            "first": [one[name].first / one["without"].first for one in found],
            "rest": [one[name].rest / one["without"].rest for one in found],
        }
        for name, _, _ in CONTENDERS
    ]


def ratio(values: list[float]) -> str:
    """Return ``1.04 (1.02–1.07)``."""
    return f"{median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


def table(made: Made, rows: list[dict[str, Any]]) -> Any:
    cells = [
        (row["contender"], row["why_not"], "", "")
        if row["why_not"]
        else (
            row["contender"],
            f"{row['steps_per_second']:,.1f}",
            ratio(row["first"]),
            ratio(row["rest"]),
        )
        for row in rows
    ]
    headers = (
        "",
        "steps a second",
        f"time, first {DENSE}, start and end",
        f"time, next {made.steps - DENSE:,}",
    )
    return terminal_table(headers, cells, title=f"{made.name}: {made.make().parameters:,} parameters")


def main() -> None:
    """Print a table for each model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=[made.name for made in MODELS], help="only these")
    parser.add_argument("--json", metavar="PATH", help="write the rows to this file, too")
    options = parser.parse_args()
    from rich.console import Console

    facts = machine()
    words = (facts["processor"], "one thread", f"torch {torch.__version__}", facts["date"])
    print(f"{', '.join(words)}, {options.rounds} rounds")
    rows: list[dict[str, Any]] = []
    for made in (one for one in MODELS if one.name in options.models):
        found = measured(made, rounds=options.rounds)
        rows += found
        Console(width=120).print(table(made, found))
    if options.json:
        Path(options.json).write_text(json.dumps({"machine": facts, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
