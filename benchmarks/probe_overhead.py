"""What the doctor's probe costs: steps per second with and without it, and beside wandb and Cockpit.

Four trainings (`probe_models`), on one thread. A block is a training from its first step; blocks with and
without take turns, round after round, and so do the peers: `wandb.watch(model, log="all")`, offline with a
`log` each step, in its default of every 1,000th step and in every 16th, the share that the probe looks at
early; and Cockpit's "economy" configuration in every 16th. What isn't installed, or fails on a model, is
said.

The probe looks closely at the first 40 steps, then at 2 in 32 up to the 512th, 2 in 128 up to the 8,192nd,
then 2 in 1,024. Both are told: the first 40 steps with what comes before and after the training, and those
that follow. A ratio is the time with by the time without in the same round: the median of the rounds, the
least and the most. Ratios are of this process's processor time, which others on the machine disturb little
(what wandb's own service takes isn't in it); steps per second are by the clock, of the steps after the
first 40.

    python -m benchmarks.probe_overhead [--rounds N] [--models NAME…] [--json PATH]
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.util
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.machine import machine
from benchmarks.probe_models import MODELS, Made, Training
from trainlab.diagnosis.probe.schedule import DENSE
from trainlab.draw import terminal_table

Attach = Callable[[Training], AbstractContextManager[Callable[[int], None]]]
"""Attaches a tool to a training, for as long as the context is open, and returns what makes its n-th step."""


@contextlib.contextmanager
def bare(job: Training) -> Iterator[Callable[[int], None]]:
    yield lambda _: job.step()


@contextlib.contextmanager
def doctor(job: Training) -> Iterator[Callable[[int], None]]:
    from trainlab import watch

    with watch(job.model):
        yield lambda _: job.step()


def wandb_every(steps: int) -> Attach:
    @contextlib.contextmanager
    def attach(job: Training) -> Iterator[Callable[[int], None]]:
        import wandb

        with tempfile.TemporaryDirectory() as folder:
            settings = wandb.Settings(silent=True, console="off")
            run = wandb.init(mode="offline", dir=folder, project="overhead", settings=settings)
            run.watch(job.model, log="all", log_freq=steps)

            def step(number: int) -> None:
                job.step()
                run.log({"step": number})

            try:
                yield step
            finally:
                run.unwatch(job.model)
                run.finish()

    return attach


@contextlib.contextmanager
def cockpit(job: Training) -> Iterator[Callable[[int], None]]:
    """Cockpit wants the loss, and that of each example, so it makes the steps itself."""
    from backpack import extend
    from cockpit import Cockpit
    from cockpit.utils.configuration import configuration
    from cockpit.utils.schedules import linear

    extend(job.model)
    extend(job.criterion)
    each = type(job.criterion)(reduction="none")
    watcher = Cockpit(job.model.parameters(), quantities=configuration("economy", track_schedule=linear(16)))

    def step(number: int) -> None:
        x, y = job.batch()
        job.optimizer.zero_grad()
        out = job.model(x)
        loss = job.criterion(out, y)
        info = {"batch_size": len(x), "loss": loss, "optimizer": job.optimizer}
        info["individual_losses"] = (
            each(out, y).flatten(1).mean(1) if out.dim() > 1 and y.dim() > 1 else each(out, y)
        )
        with watcher(number, info=info):
            loss.backward(create_graph=watcher.create_graph(number))
        job.optimizer.step()

    yield step


CONTENDERS: tuple[tuple[str, str, Attach], ...] = (
    ("without", "", bare),
    ("trainlab.watch", "", doctor),
    ("wandb.watch, its 1,000", "wandb", wandb_every(1000)),
    ("wandb.watch, every 16th", "wandb", wandb_every(16)),
    ("Cockpit, every 16th", "cockpit", cockpit),
)


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds of one block: the first steps, what is before and after them with it, and those that follow."""

    first: float
    rest: float
    rest_by_the_clock: float


def block(made: Made, attach: Attach) -> Times:
    """Train once from the start."""
    torch.manual_seed(0)
    job = made.make()
    job.step()  # what PyTorch does once
    gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of deprecated hooks, by Cockpit
        start = time.process_time()
        with attach(job) as step:
            for number in range(DENSE):
                step(number)
            begun, begun_by_the_clock = time.process_time(), time.perf_counter()
            for number in range(DENSE, made.steps):
                step(number)
            ended, ended_by_the_clock = time.process_time(), time.perf_counter()
        end = time.process_time()
    return Times(
        first=begun - start + end - ended,
        rest=ended - begun,
        rest_by_the_clock=ended_by_the_clock - begun_by_the_clock,
    )


def measured(made: Made, *, rounds: int) -> list[dict[str, Any]]:
    """Return a row for each contender: the blocks of all rounds, or why there are none."""
    rows: list[dict[str, Any]] = []
    blocks: dict[str, list[Times]] = {}
    failed: dict[str, str] = {}
    for turn in range(rounds):
        for name, package, attach in CONTENDERS:
            if (package and importlib.util.find_spec(package) is None) or name in failed:
                continue
            try:
                blocks.setdefault(name, []).append(block(made, attach))
            except Exception as error:
                failed[name] = f"{type(error).__name__}: {' '.join(str(error).split())[:70]}"
                blocks.pop(name, None)
            print(f"{made.name}, round {turn + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
    for name, package, _ in CONTENDERS:
        found = blocks.get(name, [])
        why = failed.get(name) or (f"{package} isn't installed" if package and not found else "")
        base = blocks["without"][: len(found)]
        rows.append(
            {
                "model": made.name,
                "contender": name,
                "why_not": why,
                "steps_per_second": (made.steps - DENSE) / median(one.rest_by_the_clock for one in found)
                if found
                else None,
                "first": [one.first / other.first for one, other in zip(found, base, strict=True)],
                "rest": [one.rest / other.rest for one, other in zip(found, base, strict=True)],
            }
        )
    return rows


def ratio(values: list[float]) -> str:
    """Return ``1.04 (1.02–1.07)``."""
    return f"{median(values):.3f} ({min(values):.3f}–{max(values):.3f})" if values else ""


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

    torch.set_num_threads(1)
    facts = machine()
    words = (facts["processor"], "one thread", f"torch {torch.__version__}", facts["date"])
    print(f"{', '.join(words)}, {options.rounds} rounds")
    measured(MODELS[0], rounds=1)  # what each does once in a process
    rows: list[dict[str, Any]] = []
    for made in (one for one in MODELS if one.name in options.models):
        found = measured(made, rounds=options.rounds)
        rows += found
        cells = [
            (
                row["contender"],
                f"{row['steps_per_second']:,.1f}" if row["steps_per_second"] else row["why_not"],
                ratio(row["first"]),
                ratio(row["rest"]),
            )
            for row in found
        ]
        later = made.steps - DENSE
        headers = ("", "steps a second", f"time, first {DENSE}, start and end", f"time, next {later:,}")
        title = f"{made.name}: {made.make().parameters:,} parameters"
        Console(width=120).print(terminal_table(headers, cells, title=title))
    if options.json:
        Path(options.json).write_text(json.dumps({"machine": facts, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
