"""What every engine offers."""

from __future__ import annotations

from typing import Protocol

from trainlab.engine.runs import Runs
from trainlab.spec import Experiment


class Engine(Protocol):
    """Something that trains a population.

    ``in_processes`` says how the work is spread: one chunk a worker process, or threads inside a chunk;
    ``chunk_seeds`` is how many seeds make a chunk of a second or less. Where threads do the work, `train` may
    be called from several at once, each for a chunk of its own.
    """

    @property
    def name(self) -> str:
        """The engine's name, as ``--engine`` takes it."""
        ...

    @property
    def in_processes(self) -> bool:
        """Whether chunks are to be spread over processes instead of threads."""
        ...

    @property
    def chunk_seeds(self) -> int:
        """The most seeds of a chunk."""
        ...

    def train(
        self, experiment: Experiment, seeds: range, *, marks: tuple[int, ...] = (), threads: int = 1
    ) -> tuple[Runs, ...]:
        """Train one run a seed, and return the runs as they stood after each of the `marks`, in epochs.

        Without marks, after the experiment's own epochs. Each result is, to the bit, what an experiment with
        that many epochs gives by itself.
        """
        ...
