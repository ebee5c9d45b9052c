# pyright: basic
"""``trainlab.doctor(train)``: the diagnosis of a training that is a function, and its remedies tried."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.in_process.called_training import OUTSIDE, call, modules
from trainlab.diagnosis.in_process.watch import Watch
from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.judge.rule_reading import Asked
from trainlab.diagnosis.probe.global_state import random_state_kept
from trainlab.diagnosis.remedies.trial_evidence import after_trials
from trainlab.diagnosis.remedies.trial_runs import Job, Run
from trainlab.diagnosis.remedies.trial_words import of_training
from trainlab.diagnosis.remedies.trying import BUDGET, SEEDS, Trying
from trainlab.diagnosis.report.read_back import outcome_from, part_of, rule_trouble
from trainlab.diagnosis.report.report import Report
from trainlab.diagnosis.report.several import rank
from trainlab.diagnosis.report.verdict import FAILED
from trainlab.diagnosis.signals.users_rule import UsersRule, rule_from
from trainlab.errors import DiagnosisError, shown

if TYPE_CHECKING:
    from torch import nn

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
    _check(train, seeds, budget)
    rule = None if solved is None else rule_from(solved, option="doctor: solved")
    _needs_torch()
    watched = Watch(rule=rule)
    watched.whose = "the function"
    started = time.monotonic()
    existing = modules() if try_ else []
    _watch_once(train, watched)
    report = watched.report
    return _tried(train, watched, existing, seeds, budget, time.monotonic() - started) if try_ else report


def _watch_once(train: Callable[[], Any], watched: Watch) -> None:
    """Train under the watch; what the training raises is in the watch's report and goes no further."""
    raised: list[Exception] = []

    def train_and_note() -> None:
        try:
            watched.returned = train()
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


def _needs_torch() -> None:
    if find_spec("torch") is None:
        raise DiagnosisError("doctor: needs PyTorch, which isn't installed. pip install 'trainlab[torch]'")


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
        self,
        train: Callable[[], Any],
        *,
        from_start: bool,
        training: str = "",
        rule: UsersRule | None = None,
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
