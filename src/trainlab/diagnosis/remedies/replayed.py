"""Remedies tried on copies of the script's own process, which were forked before its first step.

The script isn't run again: in a copy its own code goes on, with one thing changed, harmless to all outside
(`replay`). A copy that changes nothing must first give the script's own losses. Then each remedy of what was
found is tried, and a learning rate ten times lower and higher, each on several seeds, beside copies that
change nothing but the seed. Where the whole training would take too long, its first steps are what is tried.
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Any

from trainlab.diagnosis.fault import SYMPTOMS
from trainlab.diagnosis.faults import all_faults, remedies_for
from trainlab.diagnosis.remedies.remedy import Remedy, rate_times, single
from trainlab.diagnosis.remedies.script_trials import ScriptTrials
from trainlab.diagnosis.remedies.trial import Job
from trainlab.diagnosis.remedies.trial_evidence import is_proof
from trainlab.diagnosis.remedies.trial_verdict import HELPED
from trainlab.diagnosis.remedies.trying import Tell, Trying
from trainlab.diagnosis.remedies.unasked import Unasked
from trainlab.diagnosis.report.verdict import FAILED
from trainlab.diagnosis.script.plan import Plan
from trainlab.diagnosis.script.process_pool import Keepers, ProcessPool, Server
from trainlab.draw import format_number
from trainlab.lifeline import lifeline

LEAST = 20.0
"""Seconds for all of it, or half of what the script took, if that is more."""
SEEDS = 5
ARM, RUNS = 2.0, 24
"""Seconds for one copy: what takes longer is tried for its first steps; and copies that there is time for."""
FEWEST = 64
"""Steps from which a copy tells something."""
SUSPECTED = {
    "lr_too_high": (rate_times(0.1), rate_times(0.01)),
    "lr_too_low": (rate_times(10), rate_times(100)),
}
"""What is tried though nothing in the numbers speaks for it."""
_ALONE = frozenset(remedy.words for remedies in SUSPECTED.values() for remedy in remedies)
"""Told as tried in vain; not with the remedy of a finding, which a part of the training doesn't rule out."""
WHY_NOT = "No remedy was tried on copies of the script's process: {why}."
PROVEN = 0.95
"""As sure as it is that a rate is wrong with which it doesn't learn, and with another does."""
STOPPED = "trying was stopped"
IN_VAIN = (
    "On copies of the script's process{part}, on several seeds, nothing that was tried helped: {remedies}. "
    "More steps may tell more: --try."
)
TOO_EARLY = (
    "On copies of the script's process{part}, it learns as the script does: what goes wrong later wasn't "
    "reached. More steps may tell: --try."
)
ROWS, BY_HEART_STEPS, BY_HEART_SEEDS = 8, 200, 3
"""So many rows are to be learnt by heart in so many steps, on so many seeds."""
LEARNT, NOT_LEARNT = 0.1, 0.9
"""They are at a loss below a tenth of the first one, and hardly begun at one above nine tenths."""
FEW_ROWS = single(f"{ROWS} rows by heart", "few_rows", rows=ROWS)
LEARNS_FEW = (
    f"{ROWS} rows alone it learns by heart (loss {{shown}} in {{steps}} steps): network, loss and loop can "
    "learn. Look at the data, at what is asked of them, and at how long it trains."
)
LEARNS_NONE = (
    f"Not even {ROWS} rows alone does it learn by heart (loss {{shown}} in {{steps}} steps at its rate): "
    "look at the network, the loss and the loop before the data."
)
SAME, FIRST = 1e-2, 5
"""Losses of the first 5 steps may differ by 1 %: a copy computes on one thread, which rounds otherwise."""
MOST_REMEDIES = 2
"""So many of a finding's are tried: the best."""
TOLD = (*HELPED, "no help", "harmed")
NOTE = "The runs are copies of the script's process from before its first step{part}."


def is_wanted(report: dict[str, Any], tried: Unasked | None = None) -> bool:
    """Whether a training took steps to its end and failed, and nothing that was `tried` already helps.

    Nor is it where structure proves what is to blame.
    """
    ended, card = report["ended"], report["card"]
    known = [] if tried is None else [one for each in tried.by_fault.values() for one in each["remedies"]]
    if any(one["verdict"] in HELPED for one in known):
        return False
    whole = ended.get("how") in ("end", "exit") and not ended.get("code") and card["steps"]
    causes = [one for one in report["findings"] if not one["consequence_of"]]
    proven = any(one["proof"]["by"] != "nothing" for one in causes)
    return bool(whole) and card["outcome"] in FAILED and not proven


def try_replayed(
    report: dict[str, Any],
    suspected: list[dict[str, Any]],
    plan: Plan,
    waiting: Keepers,
    *,
    tell: Tell,
    least: float = LEAST,
) -> Unasked | str:
    """Try on copies of the script's process what may make the training of a report learn.

    Args:
        report: as JSON has it.
        suspected: findings that only a trial can prove, tried after those of the report; one that is proven
            is put into the report.
        plan: how the script ran.
        waiting: the copies.
        tell: shows the progress.
        least: seconds that may be taken, or half of the script's own, if that is more.

    Returns what was tried, by fault, or in a sentence why nothing could be, or that nothing helped in a part
    of the steps, which is no verdict on any remedy.
    """
    servers, why_not = waiting.servers()
    if why_not:
        return WHY_NOT.format(why=why_not)
    try:
        with lifeline() as line:
            for server in servers:
                line.hold(server.pid)
            return Replay(
                report, suspected, plan, servers, tell, max(least, report["card"]["seconds"] / 2)
            ).tried()
    except KeyboardInterrupt:
        return WHY_NOT.format(why=STOPPED)  # the report is there; Ctrl-C ends only what nobody asked for


@dataclass(frozen=True, slots=True)
class Replay:
    """What is tried of one report."""

    report: dict[str, Any]
    suspected: list[dict[str, Any]]
    plan: Plan
    servers: list[Server]
    tell: Tell
    budget: float

    def tried(self) -> Unasked | str:
        """Try what there is time for."""
        seconds = self.report["card"]["seconds"]
        plan = replace(self.plan, steps=self._steps(seconds), extras=None, keepers=())
        unchanged = self._unchanged(plan)
        if isinstance(unchanged, str):
            return WHY_NOT.format(why=unchanged)
        plan, took = self._in_time(*unchanged)
        tried = self._try(plan, took)
        if tried is None:
            return WHY_NOT.format(why=STOPPED)
        told = [one for each in tried.by_fault.values() for one in each["remedies"]]
        if any(one["verdict"] in HELPED for one in told):
            return tried
        by_heart = self._by_heart(plan, took)
        if self._is_whole(plan) or by_heart:
            return replace(
                tried, summary=tried.summary | {"words": f"{tried.summary['words']} {by_heart}".strip()}
            )
        return str(tried.summary["words"])

    def _try(self, plan: Plan, took: float) -> Unasked | None:
        """Try the remedies of causes, then what is suspected, then those of symptoms; None if it was stopped.

        A symptom's remedy, as clipping, may help a training whose rate is to be mended.
        """
        trying = Trying(
            runner=ScriptTrials(plan, seconds=took, given=self.servers),
            seeds=SEEDS,
            budget=self.budget,
            seconds=took,
            tell=self.tell,
            remedies=self._remedies,
            part=not self._is_whole(plan),
        )
        findings = self.report["findings"]
        known = {one["fault"] for one in findings}
        suspected = [one for one in self.suspected if one["fault"] not in known]
        causes = [one for one in findings if not is_symptom(one)]
        tried, summary = trying.of([*causes, *suspected, *filter(is_symptom, findings)])
        if summary["ended"] == "interrupted":
            return None
        # What comes before the loss rises can't tell why what was learnt is lost.
        by_fault = {} if self._is_early(plan) else self._told(tried, whole=self._is_whole(plan))
        for one in suspected:
            if any(is_proof(trial) for trial in by_fault.get(one["fault"], {"remedies": []})["remedies"]):
                _explain(findings, one)
                findings.append(one | {"confidence": PROVEN})
        words = f"{summary['words']} {NOTE.format(part=self._part(plan))}"
        if not by_fault and not self._is_whole(plan):
            # A part of the training is no reason to drop the remedy of what was found.
            remedies = [
                one["remedy"]
                for fault, each in tried.items()
                if fault not in known
                for one in each["remedies"]
                if one["verdict"] in TOLD and one["remedy"] in _ALONE
            ]
            words = self._in_vain(plan, remedies)
        return Unasked(by_fault=by_fault, summary=summary | {"words": words})

    def _in_vain(self, plan: Plan, remedies: list[str]) -> str:
        """Say that no remedy helped, or that the copies ended before that could be seen."""
        if self._is_early(plan):
            return TOO_EARLY.format(part=self._part(plan))
        return IN_VAIN.format(part=self._part(plan), remedies="; ".join(remedies)) if remedies else ""

    def _is_early(self, plan: Plan) -> bool:
        """Whether copies end before the loss of the script rises again."""
        lowest = self.report["outcome"]["lowest"]
        return bool(lowest) and plan.steps < lowest["after"] * self.report["card"]["steps"]

    def _is_whole(self, plan: Plan) -> bool:
        return plan.steps >= self.report["card"]["steps"]

    def _by_heart(self, plan: Plan, took: float) -> str:
        """Say whether it learns a few rows by heart, as any network should, and enter it in the recipe.

        Nothing where that is unclear.
        """
        steps = min(self.report["card"]["steps"], BY_HEART_STEPS)
        seconds = took * steps / max(1, plan.steps)
        trials = ScriptTrials(replace(plan, steps=steps), seconds=seconds, given=self.servers)
        jobs = [Job(seed, FEW_ROWS) for seed in range(1, BY_HEART_SEEDS + 1)]
        runs = [run for _, run in trials.run(jobs, deadline=time.monotonic() + self.budget / 2)]
        ended = [
            run.outcome
            for run in runs
            if run.outcome is not None and run.acted >= steps - 1 and not run.error
        ]
        losses = [one.last_loss for one in ended if one.last_loss is not None]
        start = self.report["card"]["first_loss"]
        if len(losses) < BY_HEART_SEEDS or start is None or not start > 0 or min(losses) < 0:
            return ""
        shown = f"{format_number(start)} → {format_number(median(losses))}"
        learns = max(losses) < LEARNT * start
        if not learns and min(losses) <= NOT_LEARNT * start:
            return ""
        words = f"loss {shown} in {steps} steps, on {BY_HEART_SEEDS} seeds"
        asked = {"question": f"{ROWS} rows are learnt by heart", "answer": "yes" if learns else "no"}
        self.report["recipe"].append(asked | {"words": words})
        return (LEARNS_FEW if learns else LEARNS_NONE).format(shown=shown, steps=steps)

    def _told(self, by_fault: dict[str, dict[str, Any]], *, whole: bool) -> dict[str, dict[str, Any]]:
        """Return what is told of trials: of a part of the training only what helps, as more steps may.

        And only what came farther than the script did in all of its steps. What didn't take hold isn't told:
        a copy begins after the network and its optimizer were made.
        """
        told = dict[str, dict[str, Any]]()
        for fault, tried in by_fault.items():
            kept = [
                one
                for one in tried["remedies"]
                if (one["verdict"] in TOLD if whole else one["verdict"] in HELPED and self._is_farther(one))
            ]
            if kept:
                told[fault] = tried | {
                    "remedies": kept,
                    "words": " ".join(f"With {one['words']}" for one in kept),
                }
        return told

    def _is_farther(self, trial: dict[str, Any]) -> bool:
        """Whether a remedy came farther in a part of the steps than the script did in all of them."""
        own, after = self.report["outcome"], trial["after"]
        if trial["same_loss"] and None not in (own["last_loss"], after["loss"]):
            return after["loss"] < own["last_loss"]
        if None not in (own["reached"], after["reached"]):
            return after["reached"] > own["reached"]
        return own["last_loss"] is None

    def _steps(self, seconds: float) -> int:
        total = self.report["card"]["steps"]
        return min(total, max(FEWEST, int(total * ARM / max(seconds, 1e-3))))

    def _in_time(self, plan: Plan, took: float) -> tuple[Plan, float]:
        """Return the plan with so few steps that there is time for `RUNS`, and the seconds of one run."""
        most = self.budget * len(self.servers) / RUNS
        steps = max(min(FEWEST, plan.steps), int(plan.steps * min(1.0, most / took)))
        return replace(plan, steps=steps), took * steps / max(1, plan.steps)

    def _unchanged(self, plan: Plan) -> tuple[Plan, float] | str:
        """Return the plan of a copy that changes nothing and its seconds, or why copies can't be believed.

        One that takes too long, as beside other work, is made again with the fewest steps.
        """
        pool = ProcessPool(workers=1, limit=self.budget / 3, given=self.servers[:1])
        with closing(pool.carry_out([plan], threading.Event())) as runs:
            ran = next(runs, None)
        if ran is not None and ran.late and plan.steps > FEWEST:
            return self._unchanged(replace(plan, steps=FEWEST))
        if ran is None or ran.report is None:
            return "a copy took too long" if ran is not None and ran.late else "a copy ended without a report"
        if ran.report["ended"]["how"] in ("error", "killed"):
            return f"in a copy {ran.report['ended'].get('message') or 'it was ended'}"
        if not _same_start(ran.report["outcome"]["curve"], self.report["outcome"]["curve"]):
            return "a copy that changes nothing doesn't give the script's own losses"
        return plan, ran.seconds

    def _remedies(self, finding: dict[str, Any]) -> tuple[Remedy, ...]:
        if finding in self.suspected:
            return SUSPECTED[finding["fault"]]
        return remedies_for(finding)[:MOST_REMEDIES]

    def _part(self, plan: Plan) -> str:
        total = self.report["card"]["steps"]
        return "" if self._is_whole(plan) else f", {plan.steps:,} of its {total:,} steps each"


def is_symptom(finding: dict[str, Any]) -> bool:
    """Whether a finding is of what shows in the numbers, whatever causes it."""
    return all_faults()[finding["fault"]].family == SYMPTOMS


def _explain(findings: list[dict[str, Any]], cause: dict[str, Any]) -> None:
    """Put the findings that a cause explains under it: with that mended the training learns."""
    for one in findings:
        why = all_faults()[cause["fault"]].why(one["fault"])
        if why and not one["consequence_of"]:
            one |= {"consequence_of": cause["fault"], "because": why}


def _same_start(own: dict[str, Any], script: dict[str, Any]) -> bool:
    """Whether the first losses are the same; a curve has means over `stride` steps each."""
    stride = math.lcm(own["stride"], script["stride"])
    first = [_first_losses(curve, stride) for curve in (own, script)]
    return bool(first[0]) and all(
        math.isclose(one, other, rel_tol=SAME) for one, other in zip(*first, strict=False)
    )


def _first_losses(curve: dict[str, Any], stride: int) -> list[float]:
    """Return the first of the curve's losses as means over more steps; infinite where they aren't finite."""
    many = stride // curve["stride"]
    values = [math.inf if one is None else one for one in curve["loss"][: FIRST * many]]
    return [fmean(values[at : at + many]) for at in range(0, len(values), many)]
