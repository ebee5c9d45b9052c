"""Success rates of the fast engine beside the reference engine, on 20 cells of examples/xor44.toml.

Long float32 runs of two engines part ways (rounding over rounding), so single runs can't be compared, but
rates must agree. The fast engine trains 1,000 seeds, the reference, a PyTorch loop, the first 200 of them:
some 40 minutes on two cores. Finished runs are kept, so it can be stopped and run again.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from trainlab.draw import terminal_table
from trainlab.execution import Progress
from trainlab.stats import holm, paired_difference
from trainlab.studies import study

CELLS = (
    *(f"Model 1:{changes}" for changes in ("none", "A", "B", "A+B", "A+B+E", "A+B+C", "A+B+C+E")),
    *(f"Model 2:{changes}" for changes in ("none", "A", "B", "A+B", "B+E", "A+B+E", "A+B+C+E")),
    *(f"Model 3:{changes}" for changes in ("none", "A", "B", "A+B", "A+E", "A+B+E")),
)


def note(progress: Progress) -> None:
    """Print how far the reference engine is, now and then."""
    if progress.chunks_done % 50 == 0:
        print(
            f"{progress.runs_done:,} of {progress.runs_total:,} runs, {progress.seconds_left} s left",
            file=sys.stderr,
        )


def main() -> None:
    """Train what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", default=".trainlab", help="the folder that keeps finished runs")
    parser.add_argument("--seeds", type=int, default=200, help="seeds of the reference engine")
    options = parser.parse_args()
    fast = study("xor44", seeds=1000, only=CELLS, store=options.store)
    reference = study(
        "xor44", seeds=options.seeds, only=CELLS, store=options.store, engine="reference", on_progress=note
    )
    pairs = list(zip(fast.cells, reference.cells, strict=True))
    differences = [
        paired_difference(truth.runs.solved, quick.runs.solved[: options.seeds]) for quick, truth in pairs
    ]
    adjusted = holm(np.array([difference.p for difference in differences]))
    rows = [
        (quick.cell.name, str(quick.solved), str(truth.solved), str(difference), f"{p:.3f}")
        for (quick, truth), difference, p in zip(pairs, differences, adjusted, strict=True)
    ]
    from rich.console import Console

    headers = ("cell", "fast", "reference", "fast − reference, same seeds", "p (Holm)")
    Console(width=150).print(terminal_table(headers, rows, title="Solved"))
    print(f"cells that differ (Holm, 5 %): {int((adjusted < 0.05).sum())} of {len(rows)}")


if __name__ == "__main__":
    main()
