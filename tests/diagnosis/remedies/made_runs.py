"""Outcomes and runs that were never made, and a runner that hands them out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from trainlab.diagnosis.remedies.trial import Job, Run
from trainlab.diagnosis.report.report import Outcome


def outcome(state: str = "learnt", **changes: Any) -> Outcome:
    known: dict[str, Any] = {
        "state": state,
        "first_loss": 1.0,
        "last_loss": 0.1 if state == "learnt" else 1.0,
        "constant_answer_loss": 1.0,
        "fit_by_constant": 0.1 if state == "learnt" else 1.0,
        "loss_by_constant": 0.1 if state == "learnt" else 1.0,
        "reached": 0.9 if state == "learnt" else 0.0,
        "reached_as": "R²",
        "neighbours_reach": None,
    }
    return Outcome(**known | changes)


def ran(state: str = "learnt", *, acted: int = 0, error: str = "", **changes: Any) -> Run:
    return Run(outcome=outcome(state, **changes), acted=acted, seconds=1.0, error=error)


def finding(fault: str, **changes: Any) -> dict[str, Any]:
    known = {
        "fault": fault,
        "where": "opt: SGD lr=1 (train.py:9: `opt = SGD(…)`)",
        "evidence": [""],
        "remedy": {"text": "", "code": ""},
        "consequence_of": None,
    }
    return known | changes


class MadeRuns:
    """Answers jobs by a function; `asked` has what was asked for. By its clock a run takes `wait` s."""

    def __init__(self, answer: Callable[[Job], Run], *, lanes: int = 2, wait: float = 0.0) -> None:
        self.answer = answer
        self.lanes = lanes
        self.wait = wait
        self.asked: list[tuple[int, str]] = []
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def run(self, jobs: Sequence[Job], *, deadline: float) -> Generator[tuple[Job, Run]]:
        for job in jobs:
            if self.now > deadline:
                return
            self.now += self.wait
            self.asked.append((job.seed, job.remedy.words if job.remedy is not None else "unchanged"))
            yield job, self.answer(job)
