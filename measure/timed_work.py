"""The work that is timed, as trainlab and its peers do it in turns."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from measure.limit import Peaks, batch_size, measure_peaks, workloads
from trainlab.engine.fast import FastEngine
from trainlab.engine.layout import LayerLayout, initial_parameters, layers_of
from trainlab.engine.rng import batch_indices
from trainlab.spec import Experiment, Full, Single, name_of

# One piece of work, laid out as arrays: what trainlab and every peer train from.
#
# A peer is a function ``prepare(work)`` that returns a `Job`: calling it trains all of the steps from the
# initial weights again, and returns the seconds of that alone. Examples are drawn beforehand: they cost a
# peer nothing, while trainlab draws its own as it goes.


Floats = npt.NDArray[np.float32]
Job = Callable[[], tuple[float, Floats]]
"""Trains, and returns seconds and the parameters ``[networks, P]`` in the order of `initial_parameters`."""

LOSSES = ("l1", "mse")
DRAWN = 1000
"""Networks beyond this many repeat the examples of the first ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """`networks` networks through `steps` steps of an experiment.

    ``inputs [points, features]``, ``targets [points, outputs]``, ``parameters [networks, P]``; ``chosen
    [steps, networks, batch]`` says which examples each step sees, and is None for the full batch.
    """

    experiment: Experiment
    networks: int
    steps: int
    inputs: Floats
    targets: Floats
    parameters: Floats
    chosen: npt.NDArray[np.int64] | None
    loss: str

    @property
    def layers(self) -> tuple[LayerLayout, ...]:
        """The layers, with their places in a row of parameters."""
        return layers_of(self.experiment.network)

    @property
    def batch(self) -> int:
        """How many examples a step sees."""
        return batch_size(self.experiment)


def lay_out(experiment: Experiment, *, networks: int, steps: int) -> Work:
    """Return the work as arrays, from the seeds 0 … networks − 1."""
    data = experiment.data()
    loss = name_of(experiment.loss)
    if loss not in LOSSES:
        raise ValueError(f"loss = {loss!r}: the peers have only {' and '.join(LOSSES)}")
    return Work(
        experiment=experiment,
        networks=networks,
        steps=steps,
        inputs=data.inputs.astype(np.float32),
        targets=data.targets.astype(np.float32),
        parameters=initial_parameters(experiment, range(networks)).astype(np.float32),
        chosen=_chosen(experiment, networks, steps, data.points),
        loss=loss,
    )


def _chosen(experiment: Experiment, networks: int, steps: int, points: int) -> npt.NDArray[np.int64] | None:
    if isinstance(experiment.sampling, Full):
        return None
    seeds = range(min(networks, DRAWN))
    if isinstance(experiment.sampling, Single):
        drawn = np.stack([batch_indices(seed, first=0, count=steps, points=points) for seed in seeds], axis=1)
        drawn = drawn[:, :, None]
    else:
        shape = (steps, len(seeds), batch_size(experiment))
        drawn = np.random.default_rng(0).integers(points, size=shape)
    return np.ascontiguousarray(drawn[:, np.arange(networks) % len(seeds)])


# Who runs, and at which sizes: trainlab and its peers as jobs that can be timed in turns.


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """One row of a table: an engine, how it is written, and how many networks take how many steps."""

    engine: str
    variant: str
    networks: int
    steps: int


PACKAGES = {"eager": "torch", "stacked": "torch", "compiled": "torch", "jax": "jax", "sklearn": "sklearn"}
"""The package that each peer needs."""

TRAINLAB = Contender(engine="trainlab", variant="", networks=2048, steps=2000)
QUICK = (
    Contender(engine="eager", variant="", networks=1, steps=120),
    Contender(engine="stacked", variant="", networks=1000, steps=50),
    Contender(engine="stacked", variant="", networks=10_000, steps=20),
    Contender(engine="jax", variant="by layer", networks=1000, steps=400),
    Contender(engine="jax", variant="by unit", networks=2000, steps=200),
)
FULL = (
    *QUICK,
    Contender(engine="compiled", variant="", networks=1000, steps=100),
    Contender(engine="compiled", variant="", networks=10_000, steps=30),
    Contender(engine="jax", variant="vmap", networks=1000, steps=300),
    Contender(engine="jax", variant="vmap", networks=10_000, steps=40),
    Contender(engine="jax", variant="by layer", networks=10_000, steps=60),
    Contender(engine="jax", variant="by unit", networks=10_000, steps=60),
    Contender(engine="sklearn", variant="MLPClassifier", networks=1, steps=400),
)


def missing(contenders: Sequence[Contender]) -> dict[str, str]:
    """Return the peers that can't run here, and which package each lacks."""
    engines = dict.fromkeys(contender.engine for contender in contenders)
    return {e: PACKAGES[e] for e in engines if e in PACKAGES and find_spec(PACKAGES[e]) is None}


def prepare(contender: Contender, experiment: Experiment, *, threads: int) -> Job | None:
    """Return the job, compiled where something compiles; None if the peer can't do this work."""
    if contender.engine == "trainlab":
        return trainlab_job(experiment, networks=contender.networks, steps=contender.steps, threads=threads)
    work = lay_out(experiment, networks=contender.networks, steps=contender.steps)
    if contender.engine in ("eager", "stacked", "compiled"):
        import torch

        from measure import peers_torch

        torch.set_num_threads(threads)
        return getattr(peers_torch, contender.engine)(work)
    if contender.engine == "jax":
        from measure import peers_jax

        makers: dict[str, Callable[[Work], Job]] = {
            "vmap": peers_jax.vmapped,
            "by layer": peers_jax.by_layer,
            "by unit": peers_jax.by_unit,
        }
        return makers[contender.variant](work)
    from measure import peers_sklearn

    return peers_sklearn.prepare(work) if peers_sklearn.can_do(work) else None


def trainlab_job(experiment: Experiment, *, networks: int, steps: int, threads: int) -> Job:
    """Return trainlab's job; its time includes everything: initial weights, drawn examples, results."""
    work = replace(experiment, epochs=max(1, steps // experiment.steps_per_epoch))
    engine = FastEngine()
    # Compiles, or loads what was compiled before.
    engine.train(experiment.at_epochs(1), range(8))

    def train() -> tuple[float, Floats]:
        start = time.perf_counter()
        (runs,) = engine.train(work, range(networks), threads=threads)
        return time.perf_counter() - start, runs.parameters

    return train


def in_turns(
    jobs: Sequence[Job], *, rounds: int, note: Callable[[str], None] = lambda _: None
) -> list[float]:
    """Return each job's best seconds of several rounds in which all take turns: noise meets all alike."""
    best = [float("inf")] * len(jobs)
    for turn in range(rounds):
        note(f"round {turn + 1} of {rounds}")
        best = [min(before, job()[0]) for before, job in zip(best, jobs, strict=True)]
    return best


# Times all workloads on a number of processors, and prints the rows as JSON; `benchmarks.py` starts it.
#
# Each number of threads gets a process of its own, since JAX takes as many threads as there are processors
# when it starts. The process keeps to that many processors, and so does every contender in it.
#
#     python -m measure.timed_work THREADS [--quick]


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
