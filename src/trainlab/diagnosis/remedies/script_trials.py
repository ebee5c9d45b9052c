"""Runs of a script in processes of their own, as many at a time as there are processors."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainlab.diagnosis.remedies.trial_runs import Job, Run
from trainlab.diagnosis.report.read_back import ended_from, outcome_from, part_of
from trainlab.diagnosis.script.child_processes import kill_session, one_thread_environment
from trainlab.diagnosis.script.plan import Plan
from trainlab.lifeline import Lifeline, lifeline
from trainlab.scratch import scratch_folder

POLL = 0.05
PATIENCE, SLACK = 4.0, 20.0
"""A run that takes over 4 times as long as the script's first one, plus 20 s, is ended."""


@dataclass(slots=True)
class _Started:
    process: subprocess.Popen[bytes]
    report: Path
    at: float


class ScriptTrials:
    """Runs the script of a plan again.

    Each process has the user's folder and environment, one thread, an empty stdin, and prints nothing.

    Args:
        plan: how the script ran the first time.
        seconds: how long that took.
        training: the name of the one to compare, where the script has several.
    """

    def __init__(self, plan: Plan, *, seconds: float, training: str = "") -> None:
        self.plan = plan
        self.training = training
        self.seconds = seconds
        from trainlab.execution import default_workers

        self.lanes = default_workers()
        self._numbers = itertools.count()

    def run(self, jobs: Sequence[Job], *, deadline: float) -> Generator[tuple[Job, Run]]:
        """Yield each job with its run, as runs end (`Runner.run`)."""
        left = list(jobs)
        at_work: dict[Job, _Started] = {}
        with scratch_folder("try") as folder, lifeline() as line:
            try:
                while left or at_work:
                    while left and len(at_work) < self.lanes:
                        job = left.pop(0)
                        at_work[job] = self._start(job, Path(folder), line)
                    for job, run in self._ended(at_work):
                        if "out of memory" in run.error and self.lanes > 1:
                            # The device can't hold several at a time: on, one after the other.
                            self.lanes = 1
                            left.insert(0, job)
                        else:
                            yield job, run
                    if time.monotonic() > deadline:
                        return
                    time.sleep(POLL)
            finally:
                _end_all(list(at_work.values()))

    def _start(self, job: Job, folder: Path, line: Lifeline) -> _Started:
        number = next(self._numbers)
        asked, report = folder / f"{number}.plan", folder / f"{number}.json"
        remedy = None if job.remedy is None else job.remedy.to_plan()
        asked.write_bytes(replace(self.plan, seed=job.seed, remedy=remedy).to_json())
        process = subprocess.Popen(
            [sys.executable, "-m", "trainlab.diagnosis.script.child", str(report), str(asked), str(line.end)],
            pass_fds=(line.end,),
            env=one_thread_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for us to hear: we end what we have started.
            start_new_session=True,
        )
        return _Started(process, report, time.monotonic())

    def _ended(self, at_work: dict[Job, _Started]) -> list[tuple[Job, Run]]:
        done: list[tuple[Job, Run]] = []
        for job, started in list(at_work.items()):
            took = time.monotonic() - started.at
            late = took > PATIENCE * self.seconds + SLACK
            if started.process.poll() is None and not late:
                continue
            del at_work[job]
            if late:
                _end_all([started])
            run = _read(started.report, took, self.training)
            done.append((job, replace(run, error=f"not done after {took:.0f} s") if late else run))
        return done


def _read(report: Path, seconds: float, training: str) -> Run:
    if not report.exists():
        return Run(outcome=None, seconds=seconds, error="the process ended without a report")
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    ended = ended_from(found)
    error = ended.message or "the process was ended" if ended.broken_off else ""
    return Run(
        outcome=outcome_from(part_of(found, training)["outcome"]),
        acted=found.get("acted", 0),
        seconds=seconds,
        error=error,
    )


def _end_all(started: Sequence[_Started]) -> None:
    for one in started:
        if one.process.poll() is None:
            kill_session(one.process.pid)
        one.process.wait()
