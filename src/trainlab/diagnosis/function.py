# pyright: basic
"""``trainlab.doctor(train)``: the diagnosis of a training that is a function, and its remedies tried."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.findings import Report
from trainlab.diagnosis.rank import diagnose
from trainlab.diagnosis.remedies.runs import Job, Run
from trainlab.diagnosis.remedies.trying import BUDGET, SEEDS, Trying
from trainlab.diagnosis.watching import Watch, watch
from trainlab.errors import DiagnosisError, shown

if TYPE_CHECKING:
    from torch import nn

MAX_SEEDS, MAX_BUDGET = 1000, 10_000_000
OUTSIDE = (
    "the network was made outside of the function, so that a second call would go on with weights that are "
    "trained already. Make the network, and its optimizer, inside of it."
)


def doctor(
    train: Callable[[], Any], *, try_: bool = False, seeds: int = SEEDS, budget: float = BUDGET
) -> Report:
    """Call a training function under the doctor, and return the diagnosis.

    The function is called without arguments, once. With `try_` it is called again, with a remedy applied
    from outside and without, each under the same other random seeds: the first cause first, until one makes
    it learn. What it writes, sends or appends to happens again each time, and can't be undone; so the
    function has to make its network and optimizer itself. What it prints goes nowhere then, and the random
    generators are afterwards as the first call left them.

    An exception that it raises ends the training and is told in `Report.ended`.

    Args:
        train: the training.
        try_: try remedies.
        seeds: on how many seeds each remedy is tried, from 1 to 1,000; fewer if the budget is short.
        budget: seconds for all of the trying.

    Raises:
        DiagnosisError: if `train` can't be called, an option is out of range, PyTorch is missing, or a
            watch is listening already.
    """
    _check(train, seeds, budget)
    watched = watch()
    started = time.monotonic()
    existing = _modules() if try_ else []
    _watch_once(train, watched)
    report = watched.report
    return _tried(train, watched, existing, seeds, budget, time.monotonic() - started) if try_ else report


def _watch_once(train: Callable[[], Any], watched: Watch) -> None:
    """Train under the watch; what the training raises is in the watch's report and goes no further."""
    raised: list[Exception] = []

    def train_and_note() -> None:
        try:
            train()
        except Exception as error:
            raised.append(error)
            raise

    try:
        with watched:
            train_and_note()
    except Exception as error:
        if error not in raised:
            raise


def _check(train: Any, seeds: Any, budget: Any) -> None:
    if not callable(train):
        raise DiagnosisError(
            f"doctor: train is {shown(train)}; give a function without arguments that trains, as in "
            "trainlab.doctor(train). A script goes to the command: trainlab doctor train.py"
        )
    if isinstance(seeds, bool) or not isinstance(seeds, int) or not 1 <= seeds <= MAX_SEEDS:
        raise DiagnosisError(
            f"doctor: seeds is {shown(seeds)}; must be a whole number from 1 to {MAX_SEEDS:,}."
        )
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not 0 < budget <= MAX_BUDGET:
        raise DiagnosisError(
            f"doctor: budget is {shown(budget)}; must be seconds, above 0 and at most {MAX_BUDGET:,}."
        )


def _modules() -> list[nn.Module]:
    """Return the modules that there are; isinstance would ask proxies, and run code of theirs."""
    try:
        from torch import nn
    except ModuleNotFoundError:
        return []
    return [one for one in gc.get_objects() if issubclass(type(one), nn.Module)]


def _tried(
    train: Callable[[], Any],
    watched: Watch,
    existing: list[nn.Module],
    seeds: int,
    budget: float,
    took: float,
) -> Report:
    report = watched.report
    if any(id(module) in watched.trained for module in existing):
        words = {"words": f"can't be tried: {OUTSIDE}", "remedies": []}
        told = {"ended": "nothing to try", "reason": OUTSIDE, "seeds": seeds, "runs": 0, "budget": budget}
        told |= {"seconds": 0.0, "words": f"Nothing could be tried: {OUTSIDE}"}
        findings = tuple(replace(finding, tried=words) for finding in report.findings)
        return replace(report, findings=findings, tried=told)
    runner = FunctionRuns(train, from_start=not report.card["models"])
    trying = Trying(runner=runner, seeds=seeds, budget=budget, seconds=took, tell=lambda used, words: None)
    with _random_state_kept():
        by_fault, summary = trying.of([finding.to_dict() for finding in report.findings])
    findings = tuple(replace(finding, tried=by_fault.get(finding.fault)) for finding in report.findings)
    return replace(report, findings=findings, tried=summary)


@contextlib.contextmanager
def _random_state_kept() -> Iterator[None]:
    import numpy as np
    import torch

    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])
        if devices:
            torch.cuda.set_rng_state_all(devices)


class _OutOfTime(BaseException):
    """Ends a training once the budget is used up."""


class FunctionRuns:
    """Calls a function again, in this process, one call after the other."""

    lanes = 1

    def __init__(self, train: Callable[[], Any], *, from_start: bool) -> None:
        self.train = train
        self.from_start = from_start

    def run(self, jobs: Sequence[Job], *, deadline: float) -> Generator[tuple[Job, Run]]:
        """Yield each job with what came of it (`Runner.run`)."""
        for job in jobs:
            if time.monotonic() > deadline:
                return
            with contextlib.suppress(_OutOfTime):
                yield job, self._one(job, deadline)

    def _one(self, job: Job, deadline: float) -> Run:
        from trainlab.diagnosis.probe.probe import Probe
        from trainlab.diagnosis.remedies.applied import Applied
        from trainlab.diagnosis.reseed import Reseed

        def in_time() -> None:
            if time.monotonic() > deadline:
                raise _OutOfTime

        reseed, probe, error = Reseed(job.seed, from_start=self.from_start), Probe(), ""
        applied = None if job.remedy is None else Applied(job.remedy.to_plan())
        probe.core.at_boundary.append(in_time)
        started = time.monotonic()
        reseed.start()
        try:
            with applied or contextlib.nullcontext(), open(os.devnull, "w", encoding="utf-8") as nowhere:
                probe.start()
                try:
                    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                        self.train()
                except Exception as raised:
                    error = f"{type(raised).__name__}: {raised}"[:500]
                finally:
                    seen = probe.stop()
        finally:
            reseed.stop()
        seconds = time.monotonic() - started
        acted = applied.acted if applied is not None else 0
        return Run(outcome=diagnose(seen).outcome, acted=acted, seconds=seconds, error=error)
