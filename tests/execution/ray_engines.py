"""Engines for workers of Ray: they misbehave once, as a file says which all of them can see."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from execution.fake_engine import FakeEngine, made_up

from trainlab.engine import Runs
from trainlab.spec import Experiment


@dataclass(kw_only=True)
class Dying(FakeEngine):
    """Kills its process at its first chunk from `seed` on, until the file `marker` is there."""

    marker: str = ""
    seed: int = 0

    def train(
        self, experiment: Experiment, seeds: range, *, marks: tuple[int, ...] = (), threads: int = 1
    ) -> tuple[Runs, ...]:
        if seeds.start >= self.seed and not Path(self.marker).exists():
            Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().train(experiment, seeds, marks=marks, threads=threads)


@dataclass(kw_only=True)
class Noting(FakeEngine):
    """Leaves a file for each chunk that it has begun, and another when it has ended, with the time in it."""

    folder: str = ""

    def train(
        self, experiment: Experiment, seeds: range, *, marks: tuple[int, ...] = (), threads: int = 1
    ) -> tuple[Runs, ...]:
        Path(self.folder, f"begun-{seeds.start}").write_text(str(time.monotonic_ns()))
        results = super().train(experiment, seeds, marks=marks, threads=threads)
        Path(self.folder, f"ended-{seeds.start}").write_text(str(time.monotonic_ns()))
        return results


@dataclass(kw_only=True)
class SlowLater(FakeEngine):
    """Takes its seconds from the second chunk on."""

    def train(
        self, experiment: Experiment, seeds: range, *, marks: tuple[int, ...] = (), threads: int = 1
    ) -> tuple[Runs, ...]:
        if not seeds.start:
            return tuple(made_up(experiment.at_epochs(mark), seeds) for mark in marks)
        return super().train(experiment, seeds, marks=marks, threads=threads)
