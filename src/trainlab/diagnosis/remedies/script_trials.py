"""Runs of a script in processes of their own, as many at a time as there are processors."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from trainlab.diagnosis.remedies.trial import Job, Run, set_after
from trainlab.diagnosis.report.report import ended_from, outcome_from, part_of
from trainlab.diagnosis.script.plan import Plan
from trainlab.diagnosis.script.process_pool import ProcessPool, Ran, Server

PATIENCE, SLACK = 4.0, 20.0
"""A run that takes over 4 times as long as the script's first one, plus 20 s, is ended."""


class ScriptTrials:
    """Runs the script of a plan again.

    Each process has the user's folder and environment, one thread, an empty stdin, and prints nothing.

    Args:
        plan: how the script ran the first time.
        seconds: how long that took.
        training: the name of the one to compare, where the script has several.
        given: copies of the script's process in which it goes on (`replayed`); none to run it from its start.
    """

    def __init__(
        self, plan: Plan, *, seconds: float, training: str = "", given: Sequence[Server] = ()
    ) -> None:
        self.plan = plan
        self.training = training
        self.seconds = seconds
        self.given = given
        from trainlab.execution import default_workers

        self.lanes = len(given) or default_workers()

    def run(self, jobs: Sequence[Job], *, deadline: float) -> Generator[tuple[Job, Run]]:
        """Yield each job with its run, as runs end (`Runner.run`)."""
        left = deque(jobs)
        with set_after(deadline - time.monotonic()) as stop:
            while left and not stop.is_set():
                yield from self._side_by_side(left, stop)

    def _side_by_side(self, left: deque[Job], stop: threading.Event) -> Generator[tuple[Job, Run]]:
        """Run what is left, so many at once; no more once it shows that the device can't hold them."""
        lanes, started = self.lanes, list[tuple[Plan, Job]]()
        limit = PATIENCE * self.seconds + SLACK

        def plans() -> Iterator[Plan]:
            while left and self.lanes == lanes:
                job = left.popleft()
                remedy = None if job.remedy is None else job.remedy.to_plan()
                plan = replace(self.plan, seed=job.seed, remedy=remedy)
                started.append((plan, job))
                yield plan

        pool = ProcessPool(workers=lanes, limit=limit, given=self.given)
        with closing(pool.carry_out(plans(), stop)) as runs:
            for ran in runs:
                job = next(job for plan, job in started if plan is ran.plan)
                run = self._read(ran)
                if ran.late:
                    run = replace(run, error=f"not done after {limit:.0f} s")
                if "out of memory" in run.error and lanes > 1:
                    self.lanes = 1  # on, one after the other
                    left.appendleft(job)
                else:
                    yield job, run

    def _read(self, ran: Ran) -> Run:
        if ran.report is None:
            return Run(outcome=None, seconds=ran.seconds, error="the process ended without a report")
        ended = ended_from(ran.report)
        error = ended.message or "the process was ended" if ended.broken_off else ""
        return Run(
            outcome=outcome_from(part_of(ran.report, self.training)["outcome"]),
            acted=ran.report.get("acted", 0),
            seconds=ran.seconds,
            error=error,
        )
