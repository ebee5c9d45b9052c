"""Remedies tried one after the other: the first cause first, on the same seeds, within a budget."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.finding import finding_from
from trainlab.diagnosis.remedies.remedy import Remedy, together
from trainlab.diagnosis.remedies.trial_runs import Job, Run, Runner
from trainlab.diagnosis.remedies.trial_verdict import Pair, compared, judged_trial, learns
from trainlab.diagnosis.remedies.trial_words import summary_words, trial_words
from trainlab.draw import counted, format_number

all_faults()  # loaded here, so that no budget is spent on it

SEEDS, BUDGET = 5, 120.0
PAIRS = 3
"""Pairs of remedies that are tried at most, where none was enough alone."""
Tell = Callable[[float, str], None]
"""Called with the share of the budget that is used, and with words for what is being done."""


@dataclass(frozen=True, slots=True)
class Done:
    """A remedy that was tried for a finding, and its trial."""

    fault: str
    remedy: Remedy
    trial: dict[str, Any]


@dataclass(kw_only=True)
class Trying:
    """Tries the remedies of one report.

    Args:
        runner: carries runs out.
        seeds: on how many seeds each remedy is tried.
        budget: seconds for all of it.
        seconds: how long one run takes.
        tell: shows the progress.
    """

    runner: Runner
    seeds: int
    budget: float
    seconds: float
    tell: Tell
    _tried: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _unchanged: dict[int, Run] = field(default_factory=dict[int, Run])
    _known: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _done: list[Done] = field(default_factory=list[Done])
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
        self._fit_seeds()
        try:
            if not self._ended.startswith("no"):
                self._try_all(findings)
        except KeyboardInterrupt:
            self._ended = "interrupted"
        summary: dict[str, Any] = {
            "ended": self._ended,
            "reason": self._reason,
            "seeds": self.seeds,
            "runs": self._runs,
            "budget": self.budget,
            "seconds": round(time.monotonic() - self._started, 1),
        }
        return self._tried, summary | {"words": summary_words(summary, self._tried)}

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
        possible = [finding for finding in findings if remedies_for(finding)]
        for finding in findings:
            if not remedies_for(finding):
                self._tried[finding["fault"]] = {
                    "words": f"can't be tried from outside: {why_not(finding)}",
                    "remedies": [],
                }
        if not possible:
            self._ended = "nothing to try"
            self._reason = "there is no finding." if not findings else "no finding has a remedy from outside."
        for finding in possible:
            if self._try_finding(finding):
                return
        self._try_together(findings)

    def _try_finding(self, finding: dict[str, Any]) -> bool:
        """Try a finding's remedies in turn; return whether that is the end of it."""
        trials: list[dict[str, Any]] = []
        self._tried[finding["fault"]] = told = {"words": "", "remedies": trials}
        for remedy in remedies_for(finding):
            trial = self._known_or_new(remedy)
            if trial is not None:
                trials.append(trial)
                self._done.append(Done(finding["fault"], remedy, trial))
                told["words"] = " ".join(f"With {one['words']}" for one in trials)
            if self._ended in ("budget", "interrupted"):
                break
            if trial is not None and _is_enough(trial):
                self._ended = "mended"
                break
        if not trials:
            why = "stopped early" if self._ended == "interrupted" else "the budget was used up"
            told["words"] = f"not tried: {why}"
        return self._ended != "all tried"

    def _try_together(self, findings: list[dict[str, Any]]) -> None:
        """Try two remedies at the same time, of which neither was enough: those that did most, in turn.

        Each helped some, or is one of a cause of its own: of two causes neither may show an effect while the
        other is there. What comes of it is told with the second of the two findings.
        """
        causes = {finding["fault"] for finding in findings if not finding["consequence_of"]}
        useful = [one for one in self._done if _rank(one) >= (1 if one.fault in causes else 2)]
        pairs = [pair for pair in combinations(useful, 2) if _differ(*pair)]
        pairs.sort(key=lambda pair: _rank(pair[0]) + _rank(pair[1]), reverse=True)
        for first, second in pairs[:PAIRS]:
            trial = self._known_or_new(together(first.remedy, second.remedy))
            if trial is None:
                return
            told = self._tried[second.fault]
            told["remedies"].append(trial)
            told["words"] += f" With {trial['words']}"
            if _is_enough(trial):
                self._ended = "mended"
            if self._ended != "all tried":
                return

    def _known_or_new(self, remedy: Remedy) -> dict[str, Any] | None:
        """Return the trial of a remedy, which another finding may have had before."""
        key = json.dumps(remedy.to_plan())
        if key not in self._known:
            trial = self._trial(remedy) if self._left() > 0.5 * self.seconds else None
            if trial is None:
                self._ended = "interrupted" if self._ended == "interrupted" else "budget"
                return None
            self._known[key] = trial
        return self._known[key]

    def _trial(self, remedy: Remedy) -> dict[str, Any] | None:
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
                if self._is_settled(remedy, after):
                    break
        except KeyboardInterrupt:
            self._ended = "interrupted"
        finally:
            runs.close()
        pairs = self._pairs(after)
        if not pairs:
            return None
        trial = judged_trial(remedy, pairs, seconds=time.monotonic() - started)
        return trial | {"words": trial_words(trial, remedy.narrow)}

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


def _rank(done: Done) -> float:
    """Return how much a remedy did: 3 or more if some seeds learn, 2 if it is better, 1 if it took hold."""
    trial = done.trial
    if trial["learnt"] == trial["unchanged"]["learnt"] == trial["runs"] and trial["verdict"] == "no help":
        return 0.0
    kinds = {"partly": 3.0, "better": 2.0, "no help": 1.0}
    share = (trial["learnt"] or 0) / trial["runs"]
    reached = trial["after"]["reached"] or 0.0
    return kinds.get(trial["verdict"], 0.0) + 0.5 * share + 0.25 * min(max(reached, 0.0), 1.0)


def _differ(first: Done, second: Done) -> bool:
    """Whether two remedies change different things, and there is reason to try both at once."""
    names = [{change["change"] for change in one.remedy.changes} for one in (first, second)]
    helped = _rank(first) >= 2 and _rank(second) >= 2
    return names[0].isdisjoint(names[1]) and (first.fault != second.fault or helped)


def _is_enough(trial: dict[str, Any]) -> bool:
    """It made the training learn; or that learnt before, and is better with it."""
    learnt_before = trial["learnt"] is None or trial["unchanged"]["learnt"] == trial["runs"]
    return trial["verdict"] in ("mended", "learns") or (trial["verdict"] == "better" and learnt_before)


def remedies_for(finding: dict[str, Any]) -> tuple[Remedy, ...]:
    """Return the remedies for a finding as JSON has it, best first; none if it has none."""
    remedies = all_faults()[finding["fault"]].remedies
    return remedies(finding_from(finding)) if callable(remedies) else remedies


def why_not(finding: dict[str, Any]) -> str:
    """Say why no remedy can be tried from outside."""
    return all_faults()[finding["fault"]].untried
