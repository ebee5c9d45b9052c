"""A remedy that was tried: the same seeds with it and without, and what they come to."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from threading import Event, Timer
from typing import Any, Literal, Protocol

from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.report.report import Outcome
from trainlab.stats import rate

# Runs of a training with and without a remedy, and the protocol of what carries them out.


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


@contextmanager
def set_after(seconds: float) -> Generator[Event]:
    """Give an event that is set once so many seconds are over."""
    stop = Event()
    timer = Timer(max(0.0, seconds), stop.set)
    timer.daemon = True
    timer.start()
    try:
        yield stop
    finally:
        timer.cancel()


TrialVerdict = Literal[
    "mended", "learns", "far better", "partly", "better", "no help", "harmed", "failed", "no hold"
]


@dataclass(frozen=True, slots=True)
class Pair:
    """One seed: the training as it is, and with the remedy."""

    seed: int
    before: Run
    after: Run


@dataclass(frozen=True, kw_only=True, slots=True)
class Learnt:
    """How many runs have learnt, with a 95 % interval of their share; None if that can't be told of all."""

    runs: int
    learnt: int | None
    interval: tuple[float, float] | None


def learnt_of(runs: Sequence[bool | None]) -> Learnt:
    """Return how many have learnt, of whether each has (None: unknown)."""
    if None in runs:
        return Learnt(runs=len(runs), learnt=None, interval=None)
    found = rate(sum(one is True for one in runs), len(runs))
    return Learnt(runs=len(runs), learnt=found.k, interval=(found.low, found.high))


@dataclass(frozen=True, kw_only=True, slots=True)
class Medians:
    """Medians over runs: of the loss, infinite ones included, and of what is known of the others."""

    loss: float | None
    reached: float | None
    by_constant: float | None


def medians_of(runs: Sequence[Run]) -> Medians:
    """Return the medians of runs with the same seeds; a loss that isn't finite counts as infinite."""
    ended = [run.outcome for run in runs]
    losses = [math.inf if one is None or one.last_loss is None else one.last_loss for one in ended]
    middle = median(losses)
    return Medians(
        loss=middle if math.isfinite(middle) else None,
        reached=_median([one.reached for one in ended if one is not None]),
        by_constant=_median([one.fit_by_constant for one in ended if one is not None]),
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What trying a remedy came to.

    Args:
        remedy: what was changed.
        verdict: the result in a word.
        pairs: the seeds, at least one.
        after: how many learn with the remedy.
        before: how many learn without.
        better: on how many seeds it came out better.
        worse: on how many it came out worse.
        seconds: how long it took.
        error: the first message of a run that fails only with the remedy; empty if none does.
    """

    remedy: Remedy
    verdict: TrialVerdict
    pairs: tuple[Pair, ...]
    after: Learnt
    before: Learnt
    better: int
    worse: int
    seconds: float
    error: str

    @property
    def runs(self) -> int:
        """How many seeds it was tried on."""
        return len(self.pairs)

    @property
    def learns_anyway(self) -> bool:
        """Whether every seed learns, with the remedy and without."""
        return self.before.learnt == self.after.learnt == self.runs

    @property
    def took_hold(self) -> int:
        """How often the remedy took hold, in the run where it did so most often."""
        return max(pair.after.acted for pair in self.pairs)

    @property
    def reached_as(self) -> str | None:
        """What `reached` is, ``accuracy`` or ``R²``; None where no run has it."""
        for pair in self.pairs:
            for run in (pair.after, pair.before):
                if run.outcome is not None and run.outcome.reached_as:
                    return run.outcome.reached_as
        return None

    @property
    def medians_before(self) -> Medians:
        """Medians of the runs without the remedy."""
        return medians_of([pair.before for pair in self.pairs])

    @property
    def medians_after(self) -> Medians:
        """Medians of the runs with it."""
        return medians_of([pair.after for pair in self.pairs])

    def to_dict(self) -> dict[str, Any]:
        """Return the trial ready for JSON."""
        return {
            "remedy": self.remedy.words,
            "changes": [dict(change) for change in self.remedy.changes],
            "joint": self.remedy.joint,
            "verdict": self.verdict,
            **_as_json(self.after),
            "better": self.better,
            "worse": self.worse,
            "took_hold": self.took_hold,
            "same_loss": self.remedy.same_loss,
            "reached_as": self.reached_as,
            "before": asdict(self.medians_before),
            "after": asdict(self.medians_after),
            "unchanged": _as_json(self.before),
            "seconds": round(self.seconds, 1),
            "error": self.error,
            "seeds": [
                {"seed": pair.seed, "before": _numbers(pair.before), "after": _numbers(pair.after)}
                for pair in self.pairs
            ],
        }


def _as_json(found: Learnt) -> dict[str, Any]:
    interval = None if found.interval is None else list(found.interval)
    return {"runs": found.runs, "learnt": found.learnt, "interval": interval}


def _numbers(run: Run) -> dict[str, Any]:
    ended = run.outcome
    return {
        "state": ended and ended.state,
        "loss": ended and ended.last_loss,
        "reached": ended and ended.reached,
        "by_constant": ended and ended.fit_by_constant,
    }
