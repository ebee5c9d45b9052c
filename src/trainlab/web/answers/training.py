"""Training that grows: more and more seeds of an experiment, about a frame's time at a go.

Whatever the chunks, every run is to the bit what `trainlab run` trains on its seed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec

from trainlab.engine import Engine, Runs, concatenate, engine_of, get_engine
from trainlab.spec import Experiment
from trainlab.spec.checks import MAX_COUNT
from trainlab.web.reading import CURVE_POINTS

FRAME_SECONDS = 0.05
"""So long, about, the training between two frames takes."""

FULL_TILE, LEAST_TILE = 64, 8
"""How many networks the kernel trains side by side, at most and at least: chunks are multiples of these."""

FIRST_WORK = 1e8
"""What the first chunk may ask of an engine whose speed isn't known yet: examples × parameters seen."""


def recording_curves(experiment: Experiment) -> Experiment:
    """Return the experiment as an answer trains it: it records at most about 200 losses of every run.

    How often a run is checked for being solved stays, and so do all numbers at the end.
    """
    every = -(-experiment.epochs // CURVE_POINTS)
    record = msgspec.structs.replace(
        experiment.record, loss_every=every, gradient_every=0, curves=MAX_COUNT, parameters=False
    )
    return msgspec.structs.replace(experiment, record=record)


def engine_for(experiment: Experiment) -> Engine:
    """Return the engine that `trainlab run` trains the experiment with."""
    return get_engine(engine_of("auto", experiment))


def growing(engine: Engine, experiment: Experiment, seeds: range) -> Iterator[tuple[Runs, float]]:
    """Yield the runs of more and more of the seeds, from the first on, and how long they took in seconds."""
    runs, seconds = None, 0.0
    chunk = _first_chunk(engine, experiment, seeds)
    while chunk:
        started = time.perf_counter()
        (more,) = engine.train(experiment, chunk, threads=1)
        took = time.perf_counter() - started
        seconds += took
        runs = more if runs is None else concatenate([runs, more])
        yield runs, seconds
        count = _fitting(engine, took / len(chunk))
        left = seeds.stop - chunk.stop
        # A small rest isn't worth a frame of its own.
        chunk = range(chunk.stop, seeds.stop if left <= 1.25 * count else chunk.stop + count)


def _first_chunk(engine: Engine, experiment: Experiment, seeds: range) -> range:
    work = experiment.epochs * experiment.steps_per_epoch * experiment.examples_per_step
    count = FULL_TILE
    while count > LEAST_TILE and count * work * experiment.network.parameters > FIRST_WORK:
        count //= 2
    return seeds[:count]


def _fitting(engine: Engine, seconds_a_seed: float) -> int:
    """Return how many seeds take about a frame's time; torch's steps cost the same for few as for many."""
    if engine.name != "fast":
        return engine.chunk_seeds
    count = min(engine.chunk_seeds, int(FRAME_SECONDS / seconds_a_seed))
    tile = FULL_TILE if count >= FULL_TILE else LEAST_TILE
    return max(LEAST_TILE, count // tile * tile)
