"""How ns per network-step change with one thing: the population, the width, the batch, the threads.

scripts/measure sweeps
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from msgspec.structs import replace

from measure.limit import QUIET, count, workload
from measure.timed_work import Contender, in_turns, keep_to, prepare
from trainlab.spec import Experiment

POPULATIONS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1000, 10_000, 100_000, 1_000_000)
WIDTHS = (4, 8, 16, 32, 64, 128, 256)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
THREADS = (1, 2, 4)
STEPS = 2000
JAX_UNROLLS = 32
"""With wider layers JAX's form by layer takes minutes to compile; vmap doesn't."""


def sweeps() -> Iterator[dict[str, Any]]:
    """Measure all of them, on one processor unless threads vary; a row has `sweep`, `x` and the figures."""
    yield from threads()
    keep_to(1)
    for sweep in (population, width, batch):
        yield from sweep()


def population(populations: tuple[int, ...] = POPULATIONS) -> Iterator[dict[str, Any]]:
    """2-5-4-1 by Adam on single examples: 1 to 10⁶ networks."""
    experiment = workload("2-5-4-1", "adam", "single")
    for networks in populations:
        peers = [_trainlab(networks, STEPS)]
        if networks <= 100_000:
            few = _steps(networks, 2_000_000)
            peers += _peers(networks, few, ("by unit", "by layer", "vmap"))
        yield from _timed("population", networks, peers, experiment)


def width(widths: tuple[int, ...] = WIDTHS) -> Iterator[dict[str, Any]]:
    """2-W-W-1 by Adam on single examples and on the full batch of 4."""
    for sampling in ("single", "full"):
        base = workload("2-5-4-1", "adam", sampling)
        for units in widths:
            experiment = replace(base, network=replace(base.network, widths=(2, units, units, 1)))
            work = count(experiment).arithmetic
            networks = max(32, min(1024, 2_000_000 // experiment.network.parameters))
            steps = _steps(networks * work, 4_000_000_000)
            variants = ("vmap", "by layer") if units <= JAX_UNROLLS else ("vmap",)
            few = _steps(networks * work, 400_000_000)
            peers = [_trainlab(networks, steps), *_peers(networks, few, variants)]
            yield from _timed(f"width, {sampling}", units, peers, experiment)


def batch(sizes: tuple[int, ...] = BATCHES) -> Iterator[dict[str, Any]]:
    """2-16-16-1 by Adam on mini-batches of a task of 256 points, drawn with replacement."""
    for size in sizes:
        experiment = batched(size)
        steps = _steps(1024 * size, 4_000_000)
        peers = [_trainlab(1024, steps), *_peers(1000, _steps(1000 * size, 300_000), ("vmap", "by layer"))]
        yield from _timed("batch", size, peers, experiment)


def threads(numbers: tuple[int, ...] = THREADS) -> Iterator[dict[str, Any]]:
    """2-5-4-1 by Adam: trainlab alone, 8,192 networks."""
    for sampling in ("single", "full"):
        experiment = workload("2-5-4-1", "adam", sampling)
        for number in numbers:
            yield from _timed(
                f"threads, {sampling}", number, [_trainlab(8192, STEPS)], experiment, threads=number
            )


def batched(size: int) -> Experiment:
    """Return the experiment on batches of `size`."""
    return Experiment.from_dict(
        {
            "network": "2-16-16-1",
            "task": {"name": "quadrants", "points": 256},
            "optimizer": {"name": "adam", "lr": 0.02},
            "sampling": {"name": "batch", "batch_size": size, "replacement": True},
        }
    )


def _timed(
    sweep: str, x: int, peers: list[Contender], experiment: Experiment, *, threads: int = 1
) -> Iterator[dict[str, Any]]:
    quiet = replace(experiment, record=QUIET)
    jobs = [(each, job) for each in peers if (job := prepare(each, quiet, threads=threads)) is not None]
    rounds = 1 if peers[0].networks * peers[0].steps > 100_000_000 else 4
    for (contender, _), seconds in zip(jobs, in_turns([job for _, job in jobs], rounds=rounds), strict=True):
        yield {
            "sweep": sweep,
            "x": x,
            "engine": contender.engine,
            "variant": contender.variant,
            "networks": contender.networks,
            "threads": threads,
            "ns_per_network_step": seconds / (contender.networks * contender.steps) * 1e9,
        }


def _trainlab(networks: int, steps: int) -> Contender:
    return Contender(engine="trainlab", variant="", networks=networks, steps=steps)


def _peers(networks: int, steps: int, variants: tuple[str, ...]) -> list[Contender]:
    found = [Contender(engine="stacked", variant="", networks=networks, steps=steps)]
    if find_spec("jax") is not None:
        found += [Contender(engine="jax", variant=each, networks=networks, steps=steps) for each in variants]
    return found


def _steps(one: int, total: int) -> int:
    """Return how many steps of `one` make about `total`, in whole epochs of four."""
    return max(8, min(STEPS, total // one)) // 4 * 4


def main() -> None:
    """Print all rows as one line of JSON, and progress on the way."""
    rows: list[dict[str, Any]] = []
    for row in sweeps():
        rows.append(row)
        print(f"{row['sweep']} {row['x']:,}: {row['engine']} {row['variant']}", file=sys.stderr, flush=True)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
