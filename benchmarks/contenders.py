"""Who runs, and at which sizes: trainlab and its peers as jobs that can be timed in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from msgspec.structs import replace

from benchmarks.work import Floats, Job, Work, lay_out
from trainlab.engine.fast import FastEngine
from trainlab.spec import Experiment


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

        from benchmarks import peers_torch

        torch.set_num_threads(threads)
        return getattr(peers_torch, contender.engine)(work)
    if contender.engine == "jax":
        from benchmarks import peers_jax

        makers: dict[str, Callable[[Work], Job]] = {
            "vmap": peers_jax.vmapped,
            "by layer": peers_jax.by_layer,
            "by unit": peers_jax.by_unit,
        }
        return makers[contender.variant](work)
    from benchmarks import peers_sklearn

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
