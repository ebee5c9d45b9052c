"""Where the torch engine overtakes the fast one: ns per network-step over width, batch and population.

Networks 1-w-w-1, tanh, Adam, on one thread. The time of a step comes from a longer training less a shorter
one, so that what both do once, such as drawing initial weights, drops out. Each is the least of several, in
processor time. Prints the table that ``src/trainlab/engine/choose.py`` holds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

import torch

from trainlab.engine import choose
from trainlab.engine.fast import FastEngine
from trainlab.engine.torch import TorchEngine
from trainlab.spec import Experiment

WIDTHS = (4, 8, 16, *choose.WIDTHS)
POPULATIONS = (*choose.POPULATIONS, 1000, 10_000)
ENGINES: dict[str, Any] = {"fast": FastEngine(), "torch": TorchEngine()}
LEAST = 0.05
"""The least seconds that a measured training takes."""


def experiment(width: int, batch: int, epochs: int) -> Experiment:
    """Return a training of 4 steps an epoch."""
    sampling: dict[str, Any] = {"name": "batch", "batch_size": batch}
    return Experiment.from_dict(
        {
            "network": f"1-{width}-{width}-1",
            "task": {"name": "curve", "points": 4 * batch},
            "optimizer": "adam",
            "sampling": {"name": "single", "steps_per_epoch": 4} if batch == 1 else sampling,
            "epochs": epochs,
            "solved": {"loss": 0.01},
            "record": {"loss_every": 0, "gradient_every": 0, "solved_every": 0},
        }
    )


def seconds(engine: Any, width: int, batch: int, population: int, epochs: int) -> float:
    work = experiment(width, batch, epochs)
    start = time.process_time()
    engine.train(work, range(population))
    return time.process_time() - start


def measure(width: int, batch: int, population: int, *, rounds: int) -> dict[str, float]:
    """Return the ns per network-step of each engine."""
    return {
        name: _step(engine, width, batch, population, rounds=rounds) * 1e9 for name, engine in ENGINES.items()
    }


def _step(engine: Any, width: int, batch: int, population: int, *, rounds: int) -> float:
    """Return the seconds of a network-step."""

    def best(epochs: int) -> float:
        return min(seconds(engine, width, batch, population, epochs) for _ in range(rounds))

    # Compiles the kernel, too.
    seconds(engine, width, batch, population, 1)
    once, epochs, steps = best(1), 1, 0.0
    # What is done at each step must not drown in the noise of what is done once.
    while steps < max(LEAST, once / 2):
        epochs *= 2
        steps = best(epochs) - once
    return steps / (4 * (epochs - 1) * population)


def main() -> None:
    """Print the figures as they come, then the rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="only the table's points")
    parser.add_argument("--most", type=float, default=5.0, help="leave out what takes longer, in seconds")
    parser.add_argument("--json", metavar="PATH", help="write the rows to this file, too")
    options = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, torch {torch.__version__}; ns per network-step"
    )
    print(f"{'width':>6}{'batch':>6}{'networks':>9}{'fast':>14}{'torch':>14}{'fast/torch':>12}")
    rows: list[dict[str, Any]] = []
    for width in choose.WIDTHS if options.quick else WIDTHS:
        for batch in choose.BATCHES:
            slowest = 0.0
            for population in choose.POPULATIONS if options.quick else POPULATIONS:
                # Both engines take large populations piece by piece: their time is that of 64 networks.
                if population > 64 and slowest * 1e-9 * 4 * 2 * population > options.most:
                    continue
                found = measure(width, batch, population, rounds=options.rounds)
                slowest = max(found.values())
                rows.append({"width": width, "batch": batch, "networks": population, **found})
                ratio = found["fast"] / found["torch"]
                figures = f"{found['fast']:>14,.0f}{found['torch']:>14,.0f}{ratio:>12.3f}"
                print(f"{width:>6}{batch:>6}{population:>9,}{figures}", flush=True)
    print_rule(rows)
    if options.json:
        Path(options.json).write_text(json.dumps({"rows": rows}, indent=1) + "\n")


def print_rule(rows: list[dict[str, Any]]) -> None:
    """Print the table for ``engine/choose.py``, and who is faster where."""
    ratios = {(row["width"], row["batch"], row["networks"]): row["fast"] / row["torch"] for row in rows}
    print("\nRATIOS = (")
    for width in choose.WIDTHS:
        for batch in choose.BATCHES:
            cells = ", ".join(f"{ratios[width, batch, n]:.3f}" for n in choose.POPULATIONS)
            print(f"    ({cells}),  # width {width}, batch {batch}")
    print(")\n\ntorch is faster, for 64 networks and more, from this width on:")
    for batch in choose.BATCHES:
        wide = [width for width in choose.WIDTHS if ratios[width, batch, 64] > 1]
        print(f"  batch {batch}: {min(wide) if wide else f'none up to {choose.WIDTHS[-1]}'}")


if __name__ == "__main__":
    main()
