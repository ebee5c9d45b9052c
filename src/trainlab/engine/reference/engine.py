"""The engine: seeds one after the other, each in its own loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainlab.engine.evaluation import check_marks, check_seeds
from trainlab.engine.layout import trained_start
from trainlab.engine.reference.loop import train_one
from trainlab.engine.runs import Runs, concatenate
from trainlab.errors import EngineError, lacking
from trainlab.spec import Experiment


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceEngine:
    """torch.nn, torch.optim, torch.optim.lr_scheduler and autograd, in float32 or float64."""

    dtype: str = "float32"

    @property
    def name(self) -> str:
        """``reference``; another precision than float32 is another engine to the store."""
        return "reference" if self.dtype == "float32" else f"reference-{self.dtype}"

    @property
    def in_processes(self) -> bool:
        """A process a chunk: a loop in Python holds the interpreter's lock."""
        return True

    @property
    def chunk_seeds(self) -> int:
        """4: some seconds on the assignment's networks."""
        return 4

    def train(
        self, experiment: Experiment, seeds: range, *, marks: tuple[int, ...] = (), threads: int = 1
    ) -> tuple[Runs, ...]:
        """Train one run a seed, read at each mark; see `Engine.train`.

        In one thread whatever `threads` says: torch would split sums among more, and round them differently.
        """
        check_seeds(seeds)
        wanted = check_marks(experiment, marks)
        torch = _torch()
        starts = trained_start(self, experiment, seeds)
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            singles = [
                train_one(
                    torch,
                    experiment,
                    seed,
                    start=None if starts is None else starts[seed - seeds.start],
                    marks=wanted,
                    dtype=self.dtype,
                )
                for seed in seeds
            ]
        finally:
            torch.set_num_threads(before)
        return tuple(concatenate([single[index] for single in singles]) for index in range(len(wanted)))


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise EngineError(
            lacking("engine = 'reference'", "PyTorch", extra="torch", instead="Use --engine fast")
        ) from None
    return torch
