"""Of the remedies that reports print, how many help? Each asked on seeds of its own, with it and without.

A script that can be lifted into an experiment gets the report that `trainlab doctor` prints, with the
remedies that the doctor tries unasked. Then the experiment is trained from fresh seeds, other ones than the
doctor's, with each remedy that the report prints and without. A printed edit of a line is made in the script,
which is run and lifted anew; any other advice is what the doctor would try of it.

A remedy helps, or hurts, where more seeds learn with it, or fewer (McNemar's exact test, 5 %). The scripts
are those of all sets that can be lifted, and `doctor_liftable`, which is made for this.

    scripts/measure doctor --remedies [--only SET…] [--quick]
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from measure.doctor_runs import Case
from measure.doctor_score import ADVICE, FEWER, SEEDS, TRIED
from trainlab.cli.doctor import with_trials
from trainlab.diagnosis.lift.lifted import Lift, lift_own
from trainlab.diagnosis.lift.recording import Recording, Refused, read
from trainlab.diagnosis.remedies.experiment_trials import MANY, ExperimentTrials, seeds_for
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.trial import Job, Pair, Run
from trainlab.diagnosis.remedies.trial_verdict import HELPED, compared, learns
from trainlab.diagnosis.remedies.unasked import RECORDING, can_be_tried, is_worth_it, trials_of, tried_on
from trainlab.diagnosis.script.plan import Extras, Plan
from trainlab.diagnosis.script.process_pool import ProcessPool
from trainlab.draw import terminal_table
from trainlab.stats import mcnemar_p

FIRST_SEED = 1001
"""The doctor's trials have the seeds from 1 on."""
SECONDS = 300.0
"""The doctor takes 5 s for its trials: enough where nothing else runs, and not beside other work."""
LONGEST = 600.0
FIRST_LOOK = 2
RARE = 0.05
_PLACE, _EDITS = re.compile(r"# \S+\.py:(\d+)\b"), (["- ", "+ "], ["- "])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lifted:
    """A script's report and the experiment that it is."""

    report: dict[str, Any]
    recording: Recording
    lift: Lift
    trials: ExperimentTrials


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """A remedy that a report prints, and how it is carried out: as an edit of the script, or from outside."""

    fault: str
    given: str
    words: str
    verdict: str
    edit: str = ""
    remedy: Remedy | None = None


class Scripts:
    """Runs scripts under the doctor, one after the other, forked from a process that has PyTorch loaded."""

    def __init__(self) -> None:
        self._plans: list[Plan] = []
        pool = ProcessPool(workers=1, limit=LONGEST)
        self._ran = pool.carry_out(iter(self._next, None), Event())

    def _next(self) -> Plan | None:
        return self._plans.pop() if self._plans else None

    def report(self, plan: Plan) -> dict[str, Any] | None:
        """Carry out a plan; None if no report came of it."""
        self._plans.append(plan)
        return next(self._ran).report


@dataclass(kw_only=True, slots=True)
class Fresh:
    """Runs from the fresh seeds."""

    lifted: Lifted
    seeds: range
    _unchanged: list[Run] = field(default_factory=list[Run])

    def unchanged(self) -> list[Run]:
        """Return those of the training as it is, trained once."""
        self._unchanged = self._unchanged or self.of(self.lifted.trials)
        return self._unchanged

    def of(self, trials: ExperimentTrials, remedy: Remedy | None = None) -> list[Run]:
        """Return those of a training with a remedy."""
        jobs = [Job(seed, remedy) for seed in self.seeds]
        found = {job.seed: run for job, run in trials.run(jobs, deadline=time.monotonic() + LONGEST)}
        return [found[seed] for seed in self.seeds]


def measured(case: Case, runner: Scripts) -> dict[str, Any]:
    """Return what came of each remedy that the case's report prints, as plain data."""
    row: dict[str, Any] = {
        "set": case.of,
        "key": case.key,
        "fault": case.fault,
        "why_not": "",
        "remedies": [],
    }
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        try:
            lifted = lifted_from(case.copy_to(folder), folder / "own", runner)
        except Refused as refused:
            return row | {"why_not": "it can't be lifted" if case.of == "sealed" else str(refused)}
        report = _as_printed(lifted)
        light = seeds_for(lifted.lift.experiment) == MANY
        fresh = Fresh(lifted=lifted, seeds=range(FIRST_SEED, FIRST_SEED + (SEEDS if light else FEWER)))
        told = list(printed(report, lifted))
        row["state"], row["named"] = report["outcome"]["state"], [one["fault"] for one in report["findings"]]
        row["remedies"] = [
            _asked(each, fresh, folder / f"edit{n}", case, runner) for n, each in enumerate(told)
        ]
    return row


def lifted_from(script: Path, folder: Path, runner: Scripts) -> Lifted:
    """Run a script under the doctor and lift it; raise Refused with the reason where that can't be done."""
    folder.mkdir()
    extras = Extras(recording=str(folder / RECORDING), light=True)
    # Most that can't be lifted are known by their first steps.
    for steps in (FIRST_LOOK, 0):
        report = runner.report(Plan(script=str(script), steps=steps, extras=extras))
        if report is None:
            raise Refused("it left no report")
        if (folder / RECORDING).exists() and (why := read(str(folder / RECORDING)).refused):
            raise Refused(why)
    if report.get("judged") or not (folder / RECORDING).exists():
        raise Refused("it is several trainings, or none")
    recording = read(str(folder / RECORDING))
    lift = lift_own(recording, folder=folder)
    return Lifted(report=report, recording=recording, lift=lift, trials=trials_of(report, lift))


def printed(report: dict[str, Any], lifted: Lifted) -> Iterator[Printed]:
    """Yield the advice of a report's causes, and what was tried apart from it."""
    for finding in report["findings"]:
        trials: list[dict[str, Any]] = [] if finding["tried"] is None else finding["tried"]["remedies"]
        tried = [(one, _remedy(one)) for one in trials if one["verdict"] not in ("no hold", "failed")]
        advice = [] if finding["consequence_of"] else list(_advice(finding, tried, lifted))
        yield from advice
        given = [one.words for one in advice]
        for one, remedy in tried:
            if one["remedy"] not in given:
                yield Printed(
                    fault=finding["fault"],
                    given=TRIED,
                    words=one["remedy"],
                    verdict=one["verdict"],
                    remedy=remedy,
                )


def _advice(
    finding: dict[str, Any], tried: Sequence[tuple[dict[str, Any], Remedy]], lifted: Lifted
) -> Iterator[Printed]:
    """Yield what a finding's remedy comes to: an edit, what helped when tried, or all that could be tried."""
    fault, text, code = (finding["fault"], finding["remedy"]["text"], finding["remedy"]["code"])
    if tried and not any(one["verdict"] in HELPED for one, _ in tried):
        return  # it is said to be none, or not to be enough
    best = max(tried, key=lambda one: _rank(one[0]), default=None)
    if is_edit(code):
        verdict = best[0]["verdict"] if best else ""
        yield Printed(
            fault=fault, given=ADVICE, words=best[0]["remedy"] if best else text, verdict=verdict, edit=code
        )
    elif best is not None:
        yield Printed(
            fault=fault, given=ADVICE, words=best[0]["remedy"], verdict=best[0]["verdict"], remedy=best[1]
        )
    else:
        for one in can_be_tried(finding, lifted.trials, lifted.recording):
            yield Printed(fault=fault, given=ADVICE, words=one.words, verdict="", remedy=one)


def is_edit(code: str) -> bool:
    """Whether a remedy's code is an edit of one line of the script."""
    lines = code.splitlines()
    return bool(lines) and _PLACE.match(lines[0]) is not None and [one[:2] for one in lines[1:]] in _EDITS


def edited(text: str, code: str) -> str | None:
    """Return a script's text with a printed edit made; None where the line isn't there."""
    head, old, *new = code.splitlines()
    place = _PLACE.match(head)
    lines = text.splitlines()
    number = int(place[1]) if place else 0
    if not 0 < number <= len(lines) or lines[number - 1].strip() != old[2:].strip():
        return None
    was = lines[number - 1]
    indent = was[: len(was) - len(was.lstrip())]
    lines[number - 1 : number] = [f"{indent}{one[2:].strip()}" for one in new]
    return "\n".join(lines) + "\n"


def _asked(each: Printed, fresh: Fresh, folder: Path, case: Case, runner: Scripts) -> dict[str, Any]:
    row = {"fault": each.fault, "given": each.given, "verdict": each.verdict}
    row["words"] = "" if case.of == "sealed" else each.words
    how, same_loss = "outside", True
    try:
        if each.edit:
            how, after = "edit", fresh.of(_edited(each, folder, case, runner).trials)
        else:
            assert each.remedy is not None
            after, same_loss = fresh.of(fresh.lifted.trials, each.remedy), each.remedy.same_loss
    except Refused as refused:
        return row | {"how": how, "why_not": str(refused), "result": "unknown"}
    return row | {"how": how, "why_not": "", **counted(fresh.unchanged(), after, same_loss=same_loss)}


def _edited(each: Printed, folder: Path, case: Case, runner: Scripts) -> Lifted:
    folder.mkdir()
    script = case.copy_to(folder)
    text = edited(script.read_text(encoding="utf-8"), each.edit)
    if text is None:
        raise Refused("the line to be edited isn't there")
    script.write_text(text, encoding="utf-8")
    return lifted_from(script, folder / "lifted", runner)


def counted(before: Sequence[Run], after: Sequence[Run], *, same_loss: bool) -> dict[str, Any]:
    """Return how many seeds learn with the remedy and without, and what that shows."""
    pairs = [Pair(seed, *runs) for seed, runs in enumerate(zip(before, after, strict=True))]
    learnt = [
        np.array([learns(one.before, one.after) is True for one in pairs]),
        np.array([learns(one.after, one.before) is True for one in pairs]),
    ]
    signs = [compared(one, same_loss=same_loss) for one in pairs]
    p, (without, with_it) = mcnemar_p(*learnt), (int(one.sum()) for one in learnt)
    shown = p <= RARE and with_it != without
    return {
        "seeds": len(pairs),
        "without": without,
        "with": with_it,
        "p": round(p, 4),
        "better": signs.count(1),
        "worse": signs.count(-1),
        "result": ("helps" if with_it > without else "hurts") if shown else "nothing",
    }


def _as_printed(lifted: Lifted) -> dict[str, Any]:
    """Return the report with the trials that `trainlab doctor` makes unasked, where it makes any."""
    if not is_worth_it(lifted.report):
        return lifted.report
    found = tried_on(lifted.trials, lifted.report, lifted.recording, seconds=SECONDS)
    return lifted.report if found is None else with_trials(lifted.report, found.by_fault, found.summary)


def _remedy(trial: dict[str, Any]) -> Remedy:
    return Remedy(words=trial["remedy"], changes=tuple(trial["changes"]), same_loss=trial["same_loss"])


def _rank(trial: dict[str, Any]) -> tuple[int, int]:
    return HELPED.index(trial["verdict"]) if trial["verdict"] in HELPED else -1, trial["learnt"] or 0


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print a line for each remedy."""
    from rich.console import Console

    heads = ("fault", "set", "finding", "given as", "remedy", "doctor", "without", "with", "result")
    lines = [
        (
            row["fault"],
            row["set"],
            each["fault"],
            f"{each['given']} ({each['how']})",
            each["words"][:48],
            each["verdict"],
            str(each.get("without", each.get("why_not"))),
            f"{each.get('with', '')}"
            + (f", {each['better']} better" if each.get("result") == "nothing" else ""),
            each["result"],
        )
        for row in rows
        for each in row["remedies"]
    ]
    Console(width=190).print(terminal_table(heads, lines, title="Remedies printed, on fresh seeds"))
