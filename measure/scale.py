"""What a Ray cluster costs: the same runs here, on two nodes on this machine, and with one of them lost.

Ray's own processes take a part of a processor even while they do nothing, on a small machine much of it; what
that costs is told by the same runs here, beside the idle cluster.

``scripts/measure scale --runs 1000000``; 20,000 runs if left out. Both ways train as many networks at a
time, by the same kernel, into stores of their own; afterwards every stored array is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.engine import stored_name
from trainlab.engine.runs import ARRAYS
from trainlab.execution import Progress, train_missing
from trainlab.spec import Experiment, load_study, named_cell
from trainlab.store import Store

CELL = "Model 1:A+B+C+D+E"
"""The assignment's best: 2-5-4-1, 2,001 epochs of four steps."""
MARK = f"TRAINLAB_SCALE={os.getpid()}"
"""In the environment of all processes that are started here."""
MEGABYTE = 2**20
LEAST = 10_240
"""Runs of ten chunks: fewer have no pace."""
COMPARED = 20_000
"""Seeds of which both stores are read at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One way of training: seconds from the first progress to the last, the driver's memory, the store.

    `pace` is the wall time and `processor` the time of all processes together, in seconds, from the first
    chunk that was saved to the last: without what starting costs.
    `early` and `late` are the driver's own megabytes in memory after a tenth of the chunks and at the end;
    `pause` is the longest time without a saved chunk after `lost_at`, when a node was removed.
    """

    seconds: float
    pace: float
    processor: float
    early: float
    late: float
    peak: float
    store: float
    lost_at: float | None = None
    pause: float | None = None
    beyond: float | None = None


def experiment() -> Experiment:
    """Return what is trained; its losses are kept as the example's are."""
    return named_cell(load_study("xor44"), CELL).experiment


def train(folder: Path, *, runs: int, workers: int, on: str | None) -> None:
    """Train in this process, and print a line of JSON for each progress."""

    def tell(now: Progress) -> None:
        resident, shared = (int(field) for field in Path("/proc/self/statm").read_text().split()[1:3])
        own = (resident - shared) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE
        print(json.dumps([time.monotonic(), now.chunks_done, now.chunks_total, own]), flush=True)

    with Store.open(folder) as store:
        train_missing(
            [experiment()],
            range(runs),
            engine="fast",
            store=store,
            workers=workers if on is None else None,
            on=on,
            on_progress=tell,
        )


def apart(
    folder: Path, *, runs: int, workers: int, on: str | None, half_way: Callable[[], None] | None = None
) -> Outcome:
    """Train in a process of its own; call `half_way` once, when half of the chunks are done."""
    command = [sys.executable, "-m", "measure.scale", "--train", str(folder), "--runs", str(runs)]
    command += ["--workers", str(workers), *(["--on", on] if on else [])]
    told: list[tuple[float, int, int, float]] = []
    lost_at = None
    used: list[float] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            told.append(tuple(json.loads(line)))
            _, done, total, _ = told[-1]
            if done == total or (done and not used):
                used.append(processor_seconds())
            if half_way is not None and lost_at is None and done >= total / 2:
                lost_at = time.monotonic()
                half_way()
    if driver.returncode or told[-1][1] != told[-1][2]:
        raise SystemExit(
            f"training ended with {driver.returncode} after {told[-1][1]:,} of {told[-1][2]:,} chunks"
        )
    start, end = told[0][0], told[-1][0]
    memory = [own for _, _, _, own in told]
    pause = beyond = None
    if lost_at is not None:
        after = [now for now, *_ in told if now >= lost_at]
        pause = max(np.diff([lost_at, *after]))
        done = max(done for now, done, *_ in told if now <= lost_at)
        beyond = (end - lost_at) - (lost_at - start) * (told[-1][1] - done) / done
    return Outcome(
        seconds=end - start,
        pace=end - next(now for now, done, *_ in told if done),
        processor=used[-1] - used[0],
        early=memory[len(memory) // 10],
        late=memory[-1],
        peak=max(memory),
        store=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MEGABYTE,
        lost_at=None if lost_at is None else lost_at - start,
        pause=pause,
        beyond=beyond,
    )


def processor_seconds() -> float:
    """Return the processor time of all processes that this one, or one of them, has started, in seconds."""
    ticks = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and folder.name != str(os.getpid()):
            with suppress(OSError):
                if MARK.encode() in (folder / "environ").read_bytes():
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                    ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def differences(one: Path, other: Path, *, runs: int) -> int:
    """Return how many runs differ in any bit of any stored array."""
    differing = 0
    trained, name = experiment(), stored_name("fast")
    with Store.open(one) as first, Store.open(other) as second:
        for start in range(0, runs, COMPARED):
            seeds = range(start, min(start + COMPARED, runs))
            ours, theirs = (store.load(trained, seeds, engine=name) for store in (first, second))
            rows = np.zeros(len(seeds), dtype=bool)
            for array in ARRAYS:
                mine, its = getattr(ours, array), getattr(theirs, array)
                if mine.shape != its.shape or mine.dtype != its.dtype:
                    return runs
                if not len(mine):
                    continue
                unequal = (mine.view(np.uint8) != its.view(np.uint8)).reshape(len(mine), -1).any(axis=1)
                # Curves have a row for each of the first runs, coarse losses one for each of the others.
                at = len(seeds) - len(mine) if array == "coarse_loss" else 0
                rows[at : at + len(mine)] |= unequal
            differing += int(rows.sum())
    return differing


@contextmanager
def nodes(count: int, *, processors: int) -> Generator[tuple[str, Callable[[], None]]]:
    """Give the address of a cluster of so many nodes on this machine, and what removes the last of them."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    from ray.cluster_utils import Cluster

    node: dict[str, Any] = {
        "num_cpus": processors,
        "object_store_memory": 100 * MEGABYTE,
        "include_dashboard": False,
    }
    cluster: Any = Cluster(initialize_head=True, head_node_args=node)
    try:
        others = [cluster.add_node(**node) for _ in range(count - 1)]
        yield f"ray:{cluster.address}", lambda: cluster.remove_node(others[-1], allow_graceful=False)
    finally:
        cluster.shutdown()


def main() -> None:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--processors", type=int, default=1, help="processors of a node")
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--on", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    runs: int = asked.runs
    if runs < LEAST or asked.nodes < 2 or asked.processors < 1:
        parser.error(f"needs at least {LEAST:,} runs, 2 nodes and 1 processor.")
    if asked.train is not None:
        train(asked.train, runs=runs, workers=asked.workers, on=asked.on)
        return
    os.environ.update([MARK.split("=")])
    workers: int = asked.nodes * asked.processors
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Compiles what isn't kept yet, and takes a first time's cost from whoever comes first.
        apart(folder / "warm", runs=LEAST, workers=1, on=None)
        print(f"{runs:,} runs of {CELL} (2-5-4-1), {workers} at a time", flush=True)
        here = apart(folder / "here", runs=runs, workers=workers, on=None)
        show("here", here)
        for words, loses in (("on Ray", False), ("a node lost", True)):
            with nodes(asked.nodes, processors=asked.processors) as (on, remove):
                if not loses:
                    beside = apart(folder / "beside", runs=runs, workers=workers, on=None)
                    show("beside Ray", beside)
                    compare(beside, here)
                there = apart(
                    folder / words, runs=runs, workers=workers, on=on, half_way=remove if loses else None
                )
            differing = differences(folder / "here", folder / words, runs=runs)
            show(words, there)
            print(f"{'':12} {differing:,} runs differ", flush=True)
            if not loses:
                compare(there, here)
                print(f"{'':12} beside those beside it: {there.pace / beside.pace - 1:+.1%}", flush=True)


def compare(one: Outcome, here: Outcome) -> None:
    """Print by how much one way takes longer than without a cluster."""
    print(
        f"{'':12} {one.seconds / here.seconds - 1:+.1%} time; from the first chunk on "
        f"{one.pace / here.pace - 1:+.1%}, in processor time {one.processor / here.processor - 1:+.1%}",
        flush=True,
    )


def show(words: str, outcome: Outcome) -> None:
    """Print what was measured of one way."""
    print(
        f"{words:12} {outcome.seconds:8.1f} s, {outcome.pace:.1f} s from the first chunk on "
        f"({outcome.processor:.1f} s of processors), driver {outcome.early:.0f} MB after a tenth, "
        f"{outcome.late:.0f} MB at the end, {outcome.peak:.0f} MB at most; store {outcome.store:.1f} MB",
        flush=True,
    )
    if outcome.lost_at is not None:
        print(
            f"{'':12} lost after {outcome.lost_at:.1f} s: no chunk was saved for {outcome.pause:.1f} s at "
            f"most, {outcome.beyond:+.1f} s beside the pace before",
            flush=True,
        )


if __name__ == "__main__":
    main()
