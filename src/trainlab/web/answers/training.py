"""Training that grows: more and more seeds of an experiment, about a frame's time at a go.

Whatever the chunks, every run is to the bit what `trainlab run` trains on its seed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from trainlab.draw import counted, format_number, join
from trainlab.engine import Engine, Runs, concatenate, engine_of, get_engine
from trainlab.spec import Experiment
from trainlab.spec.checks import MAX_COUNT
from trainlab.web.reading import CURVE_POINTS

FRAME_SECONDS = 0.05
"""So long, about, the training between two frames takes, on a machine that has nothing else to do."""

FULL_TILE, LEAST_TILE = 64, 8
"""How many networks the kernel trains side by side, at most and at least: chunks are multiples of these."""

FIRST_WORK = 1e8
"""What the first chunk may ask of an engine whose speed isn't known yet, in examples × parameters seen: some
hundredths of a second. Many a question is answered by it.
"""


def recording_curves(experiment: Experiment) -> Experiment:
    """Return the experiment as an answer trains it: it records at most about 200 losses of every run.

    How often a run is checked for being solved stays, and so do all numbers at the end.
    """
    every = -(-experiment.epochs // CURVE_POINTS)
    record = msgspec.structs.replace(
        experiment.record, loss_every=every, gradient_every=0, curves=MAX_COUNT, parameters=False
    )
    return msgspec.structs.replace(experiment, record=record)


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """An experiment as an answer trains it, and the engine that `trainlab run` would train it with."""

    experiment: Experiment
    engine: Engine

    @classmethod
    def of(cls, experiment: Experiment) -> Training:
        """Return the training of an experiment; its curves are recorded."""
        return cls(experiment=recording_curves(experiment), engine=get_engine(engine_of("auto", experiment)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Grown:
    """The runs of each training on the seeds so far, and how long all of it took, in seconds."""

    runs: tuple[Runs, ...]
    seconds: float

    @property
    def count(self) -> int:
        """How many seeds there are so far."""
        return len(self.runs[0].solved)


def work_of(experiment: Experiment) -> float:
    """Return what one seed asks of the engine: examples seen × parameters."""
    seen = experiment.epochs * experiment.steps_per_epoch * experiment.examples_per_step
    return float(seen * experiment.network.parameters)


def growing(trainings: Sequence[Training], seeds: range) -> Iterator[Grown]:
    """Yield the runs of each training on more and more of the seeds, from the first on, side by side."""
    runs: tuple[Runs, ...] = ()
    seconds = 0.0
    chunk = _first_chunk(trainings, seeds)
    while chunk:
        started, worked = time.perf_counter(), time.process_time()
        more = tuple(each.engine.train(each.experiment, chunk, threads=1)[0] for each in trainings)
        seconds += time.perf_counter() - started
        # Of a busy machine smaller chunks would only ask for more.
        worked = time.process_time() - worked
        runs = tuple(map(_joined, runs, more)) if runs else more
        yield Grown(runs=runs, seconds=seconds)
        count = _fitting(trainings, worked / len(chunk))
        left = seeds.stop - chunk.stop
        # A small rest isn't worth a frame of its own.
        chunk = range(chunk.stop, seeds.stop if left <= 1.25 * count else chunk.stop + count)


def _joined(first: Runs, more: Runs) -> Runs:
    return concatenate([first, more])


def _first_chunk(trainings: Sequence[Training], seeds: range) -> range:
    work = sum(work_of(each.experiment) for each in trainings)
    return seeds[: _tiles(FIRST_WORK / work)]


def _fitting(trainings: Sequence[Training], seconds_a_seed: float) -> int:
    """Return how many seeds take about a frame's time; torch's steps cost the same for few as for many."""
    most = min(each.engine.chunk_seeds for each in trainings)
    if any(each.engine.name != "fast" for each in trainings):
        return most
    return min(most, _tiles(FRAME_SECONDS / max(seconds_a_seed, 1e-9)))


def _tiles(count: float) -> int:
    """Return about so many seeds, but whole tiles."""
    tile = FULL_TILE if count >= FULL_TILE else LEAST_TILE
    return max(LEAST_TILE, int(count) // tile * tile)


def how_words(grown: Grown, trainings: Sequence[Training]) -> str:
    """Return what was trained, how fast and by what, as a sentence."""
    runs = sum(len(each.solved) for each in grown.runs)
    epochs = sum(len(each.solved) * each.experiment.epochs for each in grown.runs)
    speed = format_number(float(f"{epochs / grown.seconds:.2g}"))
    took = f"{grown.seconds:.2g} s" if grown.seconds >= 1 else f"{1000 * grown.seconds:.0f} ms"
    engines = join(list(dict.fromkeys(each.engine.name for each in trainings)))
    return (
        f"{counted(runs, 'run')} in {took} on one core: {speed} epochs of a network a second "
        f"({engines} engine)."
    )
