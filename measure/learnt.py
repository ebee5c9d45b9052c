"""What a step costs while a network learns, and after it has learnt: ``scripts/measure learnt``.

Of a network that has learnt, Adam's averages are subnormal numbers, at which x86 is slow; the kernel reads
and writes 0 instead (`engine.kernel.tile`). So a step of the assignment's best cells should cost the
same in all of 2,001 epochs as in the first 300, of which it prints the ratio, beside that of a PyTorch loop,
which keeps them (it adds so much of its own to each step that it hardly shows).
"""

from __future__ import annotations

import sys
import time
from typing import Final

from measure.blocks import machine
from trainlab.draw import terminal_table
from trainlab.engine import get_engine
from trainlab.spec import Experiment, any_study, named_cell

CELLS: Final = ("Model 1:A+B+D+E", "Model 2:A+B+C+D+E", "Model 3:A+B+D+E")
EARLY, ROUNDS = 300, 5
SEEDS: Final = {"fast": 256, "reference": 1}


def nanoseconds(engine: str, experiment: Experiment) -> float:
    """Return what a network-step takes in one thread, the best of some rounds."""
    trainer, seeds = get_engine(engine), range(SEEDS[engine])
    trainer.train(experiment.at_epochs(1), seeds)
    best = float("inf")
    for _ in range(ROUNDS if engine == "fast" else 1):
        start = time.perf_counter()
        trainer.train(experiment, seeds, threads=1)
        best = min(best, time.perf_counter() - start)
    return 1e9 * best / (len(seeds) * experiment.epochs * experiment.steps_per_epoch)


def main() -> int:
    """Measure, and print."""
    rows: list[tuple[str, ...]] = []
    for name in CELLS:
        experiment = named_cell(any_study("xor44"), name).experiment
        for engine in SEEDS:
            early, whole = (nanoseconds(engine, experiment.at_epochs(n)) for n in (EARLY, experiment.epochs))
            rows.append((name, engine, f"{early:,.1f}", f"{whole:,.1f}", f"{whole / early:.2f}"))
    from rich.console import Console

    headers = ("cell", "engine", f"first {EARLY} epochs", "all 2,001", "ratio")
    title = f"Nanoseconds a network-step, {machine()['processor']}"
    Console(width=100).print(terminal_table(headers, rows, title=title))
    return 0


if __name__ == "__main__":
    sys.exit(main())
