"""Remedies tried one after the other: the first cause first, on the same seeds, within a budget."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

from trainlab.diagnosis.faults import all_faults, remedies_for, why_not
from trainlab.diagnosis.remedies.remedy import Remedy, together
from trainlab.diagnosis.remedies.trial import Job, Pair, Run, Runner, Trial
from trainlab.diagnosis.remedies.trial_verdict import (
    Summary,
    compared,
    judged_trial,
    learns,
    summary_words,
    trial_words,
)
from trainlab.draw import counted, format_number

all_faults()  # loaded here, so that no budget is spent on it

SEEDS, BUDGET = 5, 120.0
PAIRS = 3
"""Pairs of remedies that are tried at most, where none was enough alone."""
Tell = Callable[[float, str], None]
"""Called with the share of the budget that is used, and with words for what is being done."""


@dataclass(slots=True)
class Tried:
    """What was tried for a finding; `reason` says why nothing was."""

    reason: str = ""
    trials: list[Trial] = field(default_factory=list[Trial])

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON, each trial with its words."""
        remedies = [one.to_dict() | {"words": trial_words(one)} for one in self.trials]
        words = self.reason or " ".join(f"With {one['words']}" for one in remedies)
        return {"words": words, "remedies": remedies}


@dataclass(kw_only=True)
class Trying:
    """Tries the remedies of one report.

    Args:
        runner: carries runs out.
        seeds: on how many seeds each remedy is tried.
        budget: seconds for all of it.
        seconds: how long one run takes.
        tell: shows the progress.
        remedies: what can be tried for a finding.
        stops_early: a remedy is given up as soon as more seeds can't make it a help.
        part: the runs are only the first part of the training (`judged_trial`).
    """

    runner: Runner
    seeds: int
    budget: float
    seconds: float
    tell: Tell
    remedies: Callable[[dict[str, Any]], tuple[Remedy, ...]] = field(default=lambda one: remedies_for(one))
    stops_early: bool = True
    part: bool = False
    _tried: dict[str, Tried] = field(default_factory=dict[str, Tried])
    _unchanged: dict[int, Run] = field(default_factory=dict[int, Run])
    _known: dict[str, Trial] = field(default_factory=dict[str, Trial])
    _runs: int = 0
    _ended: str = "all tried"
    _reason: str = ""
    _started: float = 0.0

    def of(self, findings: list[dict[str, Any]]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        """Return what was tried, by fault, and the summary of it, both as JSON has them.

        Findings come in the order of blame, those that another one explains last: these are tried only
        where no cause could be mended. Ctrl-C ends it; what is known by then is kept.
        """
        self._started = time.monotonic()
        if any(self.remedies(finding) for finding in findings):
            self._fit_seeds()
        try:
            if not self._ended.startswith("no"):
                self._try_all(findings)
        except KeyboardInterrupt:
            self._ended = "interrupted"
        summary = Summary(
            ended=self._ended,
            reason=self._reason,
            seeds=self.seeds,
            runs=self._runs,
            budget=self.budget,
            seconds=round(time.monotonic() - self._started, 1),
            untried=self._untried(findings) if self._ended in ("budget", "interrupted") else (),
        )
        words = summary_words(summary, self._trials())
        by_fault = {fault: tried.to_dict() for fault, tried in self._tried.items()}
        return by_fault, asdict(summary) | {"words": words}

    def _trials(self) -> list[tuple[str, Trial]]:
        """Return all trials with the faults they were made for."""
        return [(fault, trial) for fault, tried in self._tried.items() for trial in tried.trials]

    def _untried(self, findings: list[dict[str, Any]]) -> tuple[str, ...]:
        """Return the remedies of causes that there was no time for, in words."""
        wanted = [one for each in findings if not each["consequence_of"] for one in self.remedies(each)]
        return tuple(one.words for one in wanted if json.dumps(one.to_plan()) not in self._known)

    def _fit_seeds(self) -> None:
        """Take as many seeds as the first remedy has time for."""
        rounds = int(self.budget / max(self.seconds, 1e-3))
        most = rounds * self.runner.lanes // 2
        if most < 1:
            parallel = self.runner.lanes > 1
            needed = int(self.seconds * (1 if parallel else 2)) + 1
            self._ended = "no time"
            self._reason = (
                f"a run takes about {format_number(self.seconds)} s, and two are needed, with and without a "
                f"remedy, {'side by side' if parallel else 'one after the other'}; the budget is "
                f"{format_number(self.budget)} s. Give {needed} at least: --budget {needed}, in Python "
                f"budget={needed}."
            )
        self.seeds = max(1, min(self.seeds, most))

    def _try_all(self, findings: list[dict[str, Any]]) -> None:
        possible = [finding for finding in findings if self.remedies(finding)]
        for finding in findings:
            if not self.remedies(finding):
                self._tried[finding["fault"]] = Tried(f"can't be tried from outside: {why_not(finding)}")
        if not possible:
            self._ended = "nothing to try"
            self._reason = "there is no finding." if not findings else "no finding has a remedy from outside."
        for finding in possible:
            if self._try_finding(finding):
                return
        self._try_together(findings)

    def _try_finding(self, finding: dict[str, Any]) -> bool:
        """Try a finding's remedies in turn; return whether that is the end of it."""
        tried = self._tried[finding["fault"]] = Tried()
        for remedy in self.remedies(finding):
            trial = self._known_or_new(remedy)
            if trial is not None:
                tried.trials.append(trial)
            if self._ended in ("budget", "interrupted"):
                break
            if trial is not None and _is_enough(trial):
                self._ended = "mended"
                break
        if not tried.trials:
            why = "stopped early" if self._ended == "interrupted" else "the budget was used up"
            tried.reason = f"not tried: {why}"
        return self._ended != "all tried"

    def _try_together(self, findings: list[dict[str, Any]]) -> None:
        """Try two remedies at the same time, of which neither was enough: those that did most, in turn.

        Each helped some, or is one of a cause of its own: of two causes neither may show an effect while the
        other is there. What comes of it is told with the second of the two findings.
        """
        causes = {finding["fault"] for finding in findings if not finding["consequence_of"]}
        useful = [
            (fault, trial) for fault, trial in self._trials() if _rank(trial) >= (1 if fault in causes else 2)
        ]
        pairs = [pair for pair in combinations(useful, 2) if _differ(*pair)]
        pairs.sort(key=lambda pair: sum(_rank(trial) for _, trial in pair), reverse=True)
        for (_, first), (fault, second) in pairs[:PAIRS]:
            trial = self._known_or_new(together(first.remedy, second.remedy))
            if trial is None:
                return
            self._tried[fault].trials.append(trial)
            if _is_enough(trial):
                self._ended = "mended"
            if self._ended != "all tried":
                return

    def _known_or_new(self, remedy: Remedy) -> Trial | None:
        """Return the trial of a remedy, which another finding may have had before."""
        key = json.dumps(remedy.to_plan())
        if key not in self._known:
            trial = self._trial(remedy) if self._left() > 0.5 * self.seconds else None
            if trial is None:
                self._ended = "interrupted" if self._ended == "interrupted" else "budget"
                return None
            self._known[key] = trial
        return self._known[key]

    def _trial(self, remedy: Remedy) -> Trial | None:
        """Run the seeds with the remedy, and without where that wasn't done yet; None if no pair got done."""
        started = time.monotonic()
        after: dict[int, Run] = {}
        jobs: list[Job] = []
        for seed in range(1, self.seeds + 1):
            jobs += [] if seed in self._unchanged else [Job(seed)]
            jobs.append(Job(seed, remedy))
        runs = self.runner.run(jobs, deadline=self._started + self.budget)
        try:
            self._say(remedy, 0)
            for job, run in runs:
                self._runs += 1
                (self._unchanged if job.remedy is None else after)[job.seed] = run
                self._say(remedy, len(after))
                if self.stops_early and self._is_settled(remedy, after):
                    break
        except KeyboardInterrupt:
            self._ended = "interrupted"
        finally:
            runs.close()
        pairs = self._pairs(after)
        if not pairs:
            return None
        return judged_trial(remedy, pairs, seconds=time.monotonic() - started, part=self.part)

    def _pairs(self, after: dict[int, Run]) -> list[Pair]:
        """Return the seeds that were run with the remedy and without."""
        unchanged = self._unchanged
        return [Pair(seed, unchanged[seed], run) for seed, run in sorted(after.items()) if seed in unchanged]

    def _is_settled(self, remedy: Remedy, after: dict[int, Run]) -> bool:
        """Whether more seeds can't make it a help: it never takes hold, or fails on most."""
        pairs = self._pairs(after)
        if not pairs:
            return False
        if not any(run.acted for run in after.values()):
            return True
        lost = sum(
            learns(pair.after, pair.before) is not True and compared(pair, same_loss=remedy.same_loss) <= 0
            for pair in pairs
        )
        return lost > self.seeds / 2

    def _say(self, remedy: Remedy, done: int) -> None:
        used = 1 - self._left() / self.budget
        seeds = f"{done} of {counted(self.seeds, 'seed')}"
        self.tell(
            min(1.0, used), f"trying {remedy.words}: {seeds}, at most {max(0, self._left()):.0f} s left"
        )

    def _left(self) -> float:
        return self._started + self.budget - time.monotonic()


def _rank(trial: Trial) -> float:
    """Return how much a remedy did: 3 or more if some seeds learn, 2 if it is better, 1 if it took hold."""
    if trial.learns_anyway and trial.verdict == "no help":
        return 0.0
    kinds = {"far better": 3.0, "partly": 3.0, "better": 2.0, "no help": 1.0}
    share = (trial.after.learnt or 0) / trial.runs
    reached = trial.medians_after.reached or 0.0
    return kinds.get(trial.verdict, 0.0) + 0.5 * share + 0.25 * min(max(reached, 0.0), 1.0)


def _differ(first: tuple[str, Trial], second: tuple[str, Trial]) -> bool:
    """Whether two remedies change different things, and there is reason to try both at once."""
    names = [{change["change"] for change in trial.remedy.changes} for _, trial in (first, second)]
    helped = _rank(first[1]) >= 2 and _rank(second[1]) >= 2
    return names[0].isdisjoint(names[1]) and (first[0] != second[0] or helped)


def _is_enough(trial: Trial) -> bool:
    """Whether it made the training learn, or made one better that learnt before."""
    learnt_before = trial.after.learnt is None or trial.before.learnt == trial.runs
    return trial.verdict in ("mended", "learns", "far better") or (
        trial.verdict == "better" and learnt_before
    )
