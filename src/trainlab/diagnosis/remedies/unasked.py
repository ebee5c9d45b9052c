"""Remedies tried without being asked: where the training is an experiment, in seconds, and in no script.

The script isn't run again. What was recorded of its own run is replayed as an experiment; if that gives its
losses, populations of it are trained with and without remedies. All of it happens in a process of its own,
``python -P -m trainlab.diagnosis.remedies.unasked FOLDER``, which is ended when its time is over.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.report.verdict import FAILED
from trainlab.diagnosis.script.runner import kill_session
from trainlab.lifeline import lifeline

if TYPE_CHECKING:
    from trainlab.diagnosis.lift.lifted import Lift
    from trainlab.diagnosis.lift.recording import Recording
    from trainlab.diagnosis.remedies.experiment_trials import ExperimentTrials
    from trainlab.diagnosis.remedies.remedy import Remedy

BUDGET, MOST = 10.0, 30.0
"""Seconds for all of it, with the imports, and as long again as the training took to replay it; at most."""
TRYING = 5.0
"""Seconds of these for the trials themselves."""
RECORDING, REPORT, FOUND = "recording.npz", "report.json", "found.json"
NOTE = (
    "It was tried on the training as an experiment, which gives the script's own losses; the script wasn't "
    "run again."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unasked:
    """What was tried, by fault, and the summary of it, as JSON has them."""

    by_fault: dict[str, Any]
    summary: dict[str, Any]


def try_unasked(report: dict[str, Any], folder: str | Path, *, budget: float | None = None) -> Unasked | None:
    """Try remedies for a report whose training was recorded in `folder`; None where that can't be done.

    Without a `budget` of seconds it takes at most `BUDGET` and as long again as the training took.

    It can't where nothing failed, the training was broken off or is no experiment that was recorded whole, no
    remedy can be said as a change of it, or the time is over.
    """
    folder = Path(folder)
    if not is_worth_it(report) or not (folder / RECORDING).exists():
        return None
    from trainlab.diagnosis.lift.recording import read

    if read(str(folder / RECORDING)).refused:
        return None
    (folder / REPORT).write_text(json.dumps(report), encoding="utf-8")
    with lifeline() as line:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "trainlab.diagnosis.remedies.unasked", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        line.hold(process.pid)
        try:
            process.wait(min(MOST, BUDGET + report["card"]["seconds"]) if budget is None else budget)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            return None  # the report is there; Ctrl-C ends only what nobody asked for
        finally:
            if process.poll() is None:
                kill_session(process.pid)
                process.wait()
    found = folder / FOUND
    return Unasked(**json.loads(found.read_bytes())) if found.exists() else None


def is_worth_it(report: dict[str, Any]) -> bool:
    """Whether a report is of a training that ran to its end and failed, with something found."""
    ended = report["ended"]
    whole = ended.get("how") in ("end", "exit") and not ended.get("code")
    return whole and bool(report["findings"]) and report["card"]["outcome"] in FAILED


def tried_in(folder: Path) -> Unasked | None:
    """Try what can be tried of the training that was recorded in this folder."""
    from trainlab.diagnosis.lift.lifted import lift_own
    from trainlab.diagnosis.lift.recording import read

    report = json.loads((folder / REPORT).read_bytes())
    recording = read(str(folder / RECORDING))
    trials = trials_of(report, lift_own(recording, folder=folder))
    return tried_on(trials, report, recording, seconds=TRYING)


def trials_of(report: dict[str, Any], lift: Lift) -> ExperimentTrials:
    """Return what trains the experiment with remedies and without, judged as the script's own run was."""
    from trainlab.diagnosis.remedies.experiment_trials import ExperimentTrials
    from trainlab.diagnosis.seeds.lifted_runs import reader_of
    from trainlab.diagnosis.seeds.seed_run import run_from_report
    from trainlab.diagnosis.signals.learnt import rule_from

    ruled = report["outcome"]["solved"]
    rule = None if ruled is None or ruled["solved"] is None else rule_from(ruled["rule"])
    metric = "" if rule is None else rule.name
    yours = run_from_report(report, seed=None, printed="", metric="", seconds=0.0)
    return ExperimentTrials(lift=lift, reader=reader_of(lift, [yours], metric, rule))


def can_be_tried(
    finding: dict[str, Any], trials: ExperimentTrials, recording: Recording
) -> tuple[Remedy, ...]:
    """Return the remedies of a finding that are a change of the experiment."""
    from trainlab.diagnosis.faults import remedies_for
    from trainlab.diagnosis.remedies.experiment_trials import with_the_unused

    more = with_the_unused(recording.unused) if finding["fault"] == "unreachable_params" else ()
    return tuple(one for one in (*more, *remedies_for(finding)) if trials.can_try(one))


def tried_on(
    trials: ExperimentTrials, report: dict[str, Any], recording: Recording, *, seconds: float
) -> Unasked | None:
    """Try the remedies of a report's findings for so many seconds; None where none can be tried."""
    from trainlab.diagnosis.remedies.experiment_trials import seeds_for
    from trainlab.diagnosis.remedies.trying import Trying

    def remedies(finding: dict[str, Any]) -> tuple[Remedy, ...]:
        return can_be_tried(finding, trials, recording)

    findings = [one for one in report["findings"] if remedies(one)]
    if not findings:
        return None
    trying = Trying(
        runner=trials,
        seeds=seeds_for(trials.lift.experiment),
        budget=seconds,
        seconds=0.01,
        tell=lambda used, words: None,
        remedies=remedies,
        stops_early=False,
    )
    by_fault, summary = trying.of(findings)
    return Unasked(by_fault=by_fault, summary=summary | {"words": f"{summary['words']} {NOTE}"})


def main() -> None:
    """Try, and write what came of it; where nothing does, there is no file."""
    folder = Path(sys.argv[1])
    found = tried_in(folder)
    if found is not None:
        part = folder / f"{FOUND}.part"
        part.write_text(json.dumps({"by_fault": found.by_fault, "summary": found.summary}), encoding="utf-8")
        part.replace(folder / FOUND)


if __name__ == "__main__":
    main()
