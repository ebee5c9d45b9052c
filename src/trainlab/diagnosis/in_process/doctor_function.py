# pyright: basic
"""``trainlab.doctor(train)``: the diagnosis of a training that is a function, and its remedies tried."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.in_process.watch import Watch
from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.judge.rule_reading import Asked
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.told import Told
from trainlab.diagnosis.probe.global_state import random_state_kept
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.trial import Job, Run
from trainlab.diagnosis.remedies.trial_evidence import after_trials
from trainlab.diagnosis.remedies.trial_verdict import of_training
from trainlab.diagnosis.remedies.trying import BUDGET, SEEDS, Trying
from trainlab.diagnosis.report.report import Report, outcome_from, part_of, rule_trouble
from trainlab.diagnosis.report.verdict import FAILED, rank
from trainlab.diagnosis.script.interpreter import Kept
from trainlab.diagnosis.signals.learnt import UsersRule, rule_from
from trainlab.errors import DiagnosisError, lacking, shown, whole_number

if TYPE_CHECKING:
    from torch import nn


# One call of a training that is a function, under a probe: with the seed it has, or as with another one.


OUTSIDE = (
    "the network was made outside of the function, so that a second call would go on with weights that are "
    "trained already. Make the network, and its optimizer, inside of it."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """The result of a call.

    Args:
        record: what the probe saw.
        returned: what the function returned.
        printed: what it printed.
        error: the exception that it raised, as ``ValueError: no``; empty if it returned.
        acted: how often a remedy took hold.
        seconds: how long it took.
        trained: the ids of the networks that were called and are still there at its end.
    """

    record: TrainingRecord
    returned: Any = None
    printed: str = ""
    error: str = ""
    acted: int = 0
    seconds: float = 0.0
    trained: frozenset[int] = frozenset()

    @property
    def told(self) -> Told:
        """What it said of itself."""
        return Told(printed=self.printed, returned=self.returned, whose="the function")


def call(
    train: Callable[[], Any],
    *,
    seed: int | None,
    from_start: bool = False,
    remedy: Remedy | None = None,
    at_step: Callable[[], None],
    quiet: bool = True,
) -> Called:
    """Call the function and return the result; what `at_step` raises, after a step, is passed on.

    Args:
        train: the training.
        seed: call it as with this other random seed (`reseed`); None as it is.
        from_start: change the seeds that it sets itself, from the start.
        remedy: what to change from outside.
        at_step: is called after each step of an optimizer.
        quiet: what it prints goes nowhere; else also where it went.
    """
    from trainlab.diagnosis.probe.probe import Probe
    from trainlab.diagnosis.remedies.applying import Applied
    from trainlab.diagnosis.script.reseed import Reseed

    probe, returned, error = Probe(), None, ""
    probe.asks_dependence = remedy is None  # of a trial no more is asked
    applied = None if remedy is None else Applied(remedy.to_plan())
    probe.state.at_boundary.append(at_step)
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        if seed is not None:
            reseed = Reseed(seed, from_start=from_start)
            stack.callback(reseed.stop)
            reseed.start()
        stack.enter_context(applied or contextlib.nullcontext())
        out = stack.enter_context(_output(quiet))
        probe.start()
        whole = False
        try:
            returned = train()
            whole = True
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"[:500]
        finally:
            record = probe.stop(whole=whole)
            trained = frozenset(id(module) for module in probe.calls.networks.alive())
    return Called(
        record=record,
        returned=returned,
        printed=out.getvalue(),
        error=error,
        acted=applied.acted if applied is not None else 0,
        seconds=time.monotonic() - started,
        trained=trained,
    )


def modules() -> list[nn.Module]:
    """Return the modules that there are; isinstance would ask proxies, and run code of theirs."""
    try:
        from torch import nn
    except ModuleNotFoundError:
        return []
    return [one for one in gc.get_objects() if issubclass(type(one), nn.Module)]


@contextlib.contextmanager
def _output(quiet: bool) -> Iterator[io.StringIO]:
    """Yield what is printed inside; if `quiet` it goes nowhere else, and what goes to stderr is dropped."""
    kept = Kept(None if quiet else sys.stdout)
    with contextlib.redirect_stdout(kept), contextlib.ExitStack() as stack:
        if quiet:
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield kept


MAX_SEEDS, MAX_BUDGET = 1000, 10_000_000


def doctor(
    train: Callable[[], Any],
    *,
    solved: str | None = None,
    try_: bool = False,
    seeds: int = SEEDS,
    budget: float = BUDGET,
) -> Report:
    """Call a training function under the doctor, and return the diagnosis.

    The function is called without arguments, once. With `try_` it is called again, with a remedy applied
    from outside and without, each under the same other random seeds: the first cause first, until one makes
    it learn. What it writes, sends or appends to happens again each time, and can't be undone; so the
    function has to make its network and optimizer itself. What it prints goes nowhere then, and the random
    generators are afterwards as the first call left them.

    An exception ends the training and stands in `Report.ended`.

    Args:
        train: the training.
        solved: what counts as success, as in ``"accuracy > 0.9"``, instead of the doctor's own judgement. The
            number is what the function returns in a dict under this name, what it prints after it, or what
            it returns by itself; if there is none of these, accuracy, R² or loss as trainlab measures them.
        try_: try remedies.
        seeds: on how many seeds each remedy is tried, from 1 to 1,000; fewer if the budget is short.
        budget: seconds for all of the trying.

    Raises:
        DiagnosisError: if `train` can't be called, `solved` is no rule, an option is out of range, PyTorch
            is missing, or a watch is listening already.
    """
    seeds = _check(train, seeds, budget)
    rule = None if solved is None else rule_from(solved, option="doctor: solved")
    if find_spec("torch") is None:
        raise DiagnosisError(lacking("doctor", "PyTorch", extra="torch"))
    watched = Watch(rule=rule)
    watched.whose = "the function"
    started = time.monotonic()
    existing = modules() if try_ else []
    _watch_once(train, watched)
    report = watched.report
    return _tried(train, watched, existing, seeds, budget, time.monotonic() - started) if try_ else report


def _watch_once(train: Callable[[], Any], watched: Watch) -> None:
    """Train under the watch; what the training raises is in the watch's report and goes no further."""
    raised: Exception | None = None
    try:
        with watched:
            try:
                watched.returned = train()
            except Exception as error:
                raised = error
                raise
    except Exception as error:
        if error is not raised:
            raise


def _check(train: Any, seeds: Any, budget: Any) -> int:
    """Refuse wrong options, and return how many seeds."""
    if not callable(train):
        raise DiagnosisError(
            f"doctor: train is {shown(train)}; give a function without arguments that trains, as in "
            "trainlab.doctor(train). A script goes to the command: trainlab doctor train.py"
        )
    said = f"doctor: seeds is {shown(seeds)};"
    count = whole_number(seeds, least=1, most=MAX_SEEDS, said=said, error=DiagnosisError)
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not 0 < budget <= MAX_BUDGET:
        raise DiagnosisError(
            f"doctor: budget is {shown(budget)}; must be seconds, above 0 and at most {MAX_BUDGET:,}."
        )
    return count


def _tried(
    train: Callable[[], Any],
    watched: Watch,
    existing: list[nn.Module],
    seeds: int,
    budget: float,
    took: float,
) -> Report:
    report = watched.report
    if rule_trouble(report.to_dict()):
        return report
    if any(id(module) in watched.trained for module in existing):
        words = {"words": f"can't be tried: {OUTSIDE}", "remedies": []}
        told = {"ended": "nothing to try", "reason": OUTSIDE, "seeds": seeds, "runs": 0, "budget": budget}
        told |= {"seconds": 0.0, "words": f"Nothing could be tried: {OUTSIDE}"}
        findings = tuple(replace(finding, tried=words) for finding in report.findings)
        return replace(report, findings=findings, tried=told)
    runner = FunctionTrials(
        train, from_start=not report.card["models"], training=report.judged, rule=watched.rule
    )
    trying = Trying(runner=runner, seeds=seeds, budget=budget, seconds=took, tell=lambda used, words: None)
    with random_state_kept():
        judged = [finding for finding in report.findings if finding.training == report.judged]
        by_fault, summary = trying.of([finding.to_dict() for finding in judged])
    fails = report.card["outcome"] in FAILED
    told = after_trials([finding.to_dict() for finding in judged], by_fault, fails=fails)
    known = {finding.fault: finding for finding in judged}
    own = tuple(known[one["fault"]].as_tried(one) for one in told)
    if not report.judged:
        return replace(report, findings=own, tried=summary)
    trainings = tuple(
        replace(one, findings=own) if one.name == report.judged else one for one in report.trainings
    )
    ordered = sorted(trainings, key=lambda one: rank(one.outcome))
    findings = tuple(finding for one in ordered for finding in one.findings)
    summary = of_training(summary, report.judged)
    return replace(report, findings=findings, trainings=trainings, tried=summary)


class _OutOfTime(BaseException):
    """Ends a training once the budget is used up."""


class FunctionTrials:
    """Calls a function again, in this process, one call after the other."""

    lanes = 1

    def __init__(
        self, train: Callable[[], Any], *, from_start: bool, training: str = "", rule: UsersRule | None = None
    ) -> None:
        self.train = train
        self.rule = rule
        self.training = training
        self.from_start = from_start

    def run(self, jobs: Sequence[Job], *, deadline: float) -> Generator[tuple[Job, Run]]:
        """Yield each job with its run (`Runner.run`)."""
        for job in jobs:
            if time.monotonic() > deadline:
                return
            with contextlib.suppress(_OutOfTime):
                yield job, self._one(job, deadline)

    def _one(self, job: Job, deadline: float) -> Run:
        def in_time() -> None:
            if time.monotonic() > deadline:
                raise _OutOfTime

        called = call(
            self.train, seed=job.seed, from_start=self.from_start, remedy=job.remedy, at_step=in_time
        )
        asked = None if self.rule is None else Asked(rule=self.rule, told=called.told)
        report = diagnose(called.record, asked=asked).to_dict()
        outcome = outcome_from(part_of(report, self.training)["outcome"])
        return Run(outcome=outcome, acted=called.acted, seconds=called.seconds, error=called.error)
