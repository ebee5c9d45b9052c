"""What `trainlab.watch` adds to a whole training: processor time and peak memory, with all that it does.

Kept rows and the questions at the end are in it. Four trainings (`probe_models`), each with and without in a
process of its own, on one thread, after what PyTorch does once. `probe_overhead` has the cost of a step.

    python -m benchmarks.probe_totals [--rounds N] [--steps N] [--models NAME…] [--json PATH]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.probe_contenders import bare, doctor
from benchmarks.probe_models import MODELS, Made


def train(name: str, steps: int, *, watched: bool) -> None:
    """Train in this process, and print processor seconds and the peak of memory in MB."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    job = next(made for made in MODELS if made.name == name).make()
    job.step()
    begun = time.process_time()
    with (doctor if watched else bare)(job) as step:
        for number in range(steps):
            step(number)
    spent = time.process_time() - begun
    print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measured(made: Made, *, rounds: int, most: int) -> dict[str, Any]:
    """Return the medians of the rounds, with and without in turns."""
    steps = min(most, made.steps)
    ran: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for _ in range(rounds):
        for watched, found in ran.items():
            words = [sys.executable, "-m", "benchmarks.probe_totals", "--child", made.name, str(steps)]
            done = subprocess.run(
                [*words, str(int(watched))], capture_output=True, text=True, check=True
            ).stdout.split()
            found.append((float(done[0]), float(done[1])))
    middle = {
        watched: [median(column) for column in zip(*found, strict=True)] for watched, found in ran.items()
    }
    return {
        "model": made.name,
        "parameters": made.make().parameters,
        "steps": steps,
        "plain_cpu": middle[False][0],
        "cpu": middle[True][0],
        "plain_mb": middle[False][1],
        "mb": middle[True][1],
    }


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1_000_000, help="at most so many")
    parser.add_argument("--models", nargs="*", default=[made.name for made in MODELS])
    parser.add_argument("--json", type=Path, metavar="PATH")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, steps, watched = options.child
        train(name, int(steps), watched=watched == "1")
        return
    rows: list[dict[str, Any]] = []
    for made in (one for one in MODELS if one.name in options.models):
        row = measured(made, rounds=options.rounds, most=options.steps)
        rows.append(row)
        print(
            f"{row['model']}: {row['parameters']:,} parameters, {row['steps']:,} steps, "
            f"{row['plain_cpu']:.2f} s and {row['cpu'] - row['plain_cpu']:+.2f} s, {row['plain_mb']:,.0f} MB "
            f"and {row['mb'] - row['plain_mb']:+,.1f} MB",
            flush=True,
        )
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
