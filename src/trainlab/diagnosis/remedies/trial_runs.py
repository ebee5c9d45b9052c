"""Runs of a training with and without a remedy, and the protocol of what carries them out."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.report.read_back import Outcome


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A run to carry out: its seed and its remedy (None: the training as it is)."""

    seed: int
    remedy: Remedy | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """The result of a run.

    Args:
        outcome: with what result it ended; None if nothing came back.
        acted: how often the remedy took hold.
        seconds: how long it took.
        error: the message, where the training failed; empty if it ran to its end.
    """

    outcome: Outcome | None
    acted: int = 0
    seconds: float = 0.0
    error: str = ""


class Runner(Protocol):
    """Carries runs out."""

    @property
    def lanes(self) -> int:
        """How many runs go on at the same time."""
        ...

    def run(self, jobs: Sequence[Job], *, deadline: float) -> Generator[tuple[Job, Run]]:
        """Yield each job with its run, as runs end.

        Runs that aren't done at `deadline` (by ``time.monotonic``), or when the generator is closed, are
        ended and not yielded.
        """
        ...
