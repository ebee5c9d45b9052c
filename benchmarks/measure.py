"""Times all workloads on a number of processors, and prints the rows as JSON; `populations.py` starts it.

Each number of threads gets a process of its own, since JAX takes as many threads as there are processors
when it starts. The process keeps to that many processors, and so does every contender in it.

    python -m benchmarks.measure THREADS [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any

from benchmarks.contenders import FULL, QUICK, TRAINLAB, Contender, in_turns, missing, prepare
from benchmarks.peaks import Peaks, measure_peaks
from benchmarks.workloads import workloads
from trainlab.spec import Experiment


def keep_to(threads: int) -> None:
    """Keep this process to this many processors, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def measured(
    works: Sequence[tuple[str, str, str, Experiment]],
    contenders: Sequence[Contender],
    *,
    threads: int,
    rounds: int,
    note: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Return a row for every contender and work: the best of the rounds, without compilation."""
    rows: list[dict[str, Any]] = []
    jobs: list[Any] = []
    for network, sampling, optimizer, experiment in works:
        note(f"preparing {network}, {sampling}, {optimizer}")
        for contender in contenders:
            job = prepare(contender, experiment, threads=threads)
            if job is not None:
                jobs.append(job)
                rows.append(
                    {
                        "engine": contender.engine,
                        "network": network,
                        "sampling": sampling,
                        "optimizer": optimizer,
                        "threads": threads,
                        "ns_per_network_step": 0.0,
                        "variant": contender.variant,
                        "networks": contender.networks,
                        "steps": contender.steps,
                    }
                )
    for row, seconds in zip(rows, in_turns(jobs, rounds=rounds, note=note), strict=True):
        row["ns_per_network_step"] = seconds / (row["networks"] * row["steps"]) * 1e9
    return rows


def main() -> None:
    """Print rows, peaks (the better of those before and after) and the peers that are not installed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("threads", type=int)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, peers and sizes")
    options = parser.parse_args()
    keep_to(options.threads)

    def note(words: str) -> None:
        print(f"{options.threads} thread{'s' * (options.threads > 1)}: {words}", file=sys.stderr, flush=True)

    wanted = QUICK if options.quick else FULL
    absent = missing(wanted)
    contenders = [TRAINLAB, *(each for each in wanted if each.engine not in absent)]
    first = measure_peaks()
    rows = measured(
        workloads(), contenders, threads=options.threads, rounds=3 if options.quick else 8, note=note
    )
    last = measure_peaks()
    peaks = Peaks(
        **{each.name: max(getattr(first, each.name), getattr(last, each.name)) for each in fields(Peaks)}
    )
    print(json.dumps({"rows": rows, "peaks": asdict(peaks), "missing": absent}))


if __name__ == "__main__":
    main()
