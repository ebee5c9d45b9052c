"""``trainlab doctor --try``: the warning before the script runs again, and the progress while it does."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trainlab.errors import printable

if TYPE_CHECKING:
    from trainlab.diagnosis import Plan
    from trainlab.diagnosis.remedies.trying import Tell


def run_and_try(
    plan: Plan, *, seeds: int | None, budget: int | None, output_to_stderr: bool
) -> dict[str, Any]:
    """Run a script, then again with remedies for what was found, and return the report with what they did."""
    from trainlab.diagnosis import run_script
    from trainlab.diagnosis.remedies import BUDGET, SEEDS
    from trainlab.diagnosis.report.read_back import rule_trouble
    from trainlab.diagnosis.script.runner import check_script

    check_script(plan.script, plan.arguments)
    name = f"-m {plan.arguments[0]}" if plan.script == "-m" else os.path.basename(plan.script)
    limit = float(BUDGET if budget is None else budget)
    print(printable(notice(name, limit)), file=sys.stderr, flush=True)
    started = time.monotonic()
    report = run_script(plan, output_to_stderr=output_to_stderr)
    took = time.monotonic() - started
    if report["ended"]["how"] in ("interrupted", "killed") or rule_trouble(report):
        return report
    with trying_line() as tell:
        return tried(report, plan, seeds or SEEDS, limit, took, tell)


def run_and_try_unasked(plan: Plan, *, output_to_stderr: bool) -> dict[str, Any]:
    """Run a script once, and try remedies where the training is an experiment and that takes seconds."""
    from dataclasses import replace

    from trainlab.diagnosis import run_script
    from trainlab.diagnosis.remedies.unasked import RECORDING, try_unasked
    from trainlab.diagnosis.report.read_back import rule_trouble
    from trainlab.diagnosis.script.plan import Extras
    from trainlab.scratch import scratch_folder

    with scratch_folder("unasked") as folder:
        recording = os.path.join(folder, RECORDING)
        recorded = replace(plan, extras=Extras(recording=recording, light=True))
        report = run_script(recorded, output_to_stderr=output_to_stderr)
        if report.get("judged") or rule_trouble(report):
            return report  # several trainings are no experiment
        with trying_line() as tell:
            tell(0.0, "trying remedies, some seconds")
            found = try_unasked(report, folder)
    return report if found is None else with_trials(report, found.by_fault, found.summary)


def tried(
    report: dict[str, Any], plan: Plan, seeds: int, budget: float, seconds: float, tell: Tell
) -> dict[str, Any]:
    """Return a report with the results of trying its remedies."""
    from dataclasses import replace

    from trainlab.diagnosis.remedies import ScriptTrials, Trying, of_training
    from trainlab.diagnosis.report.read_back import part_of

    # Seeds change from the first module on; without modules, from the start.
    again = replace(plan, seed_from_start=not report["card"]["models"])
    judged = report.get("judged", "")
    runner = ScriptTrials(again, seconds=seconds, training=judged)
    trying = Trying(runner=runner, seeds=seeds, budget=budget, seconds=seconds, tell=tell)
    by_fault, summary = trying.of(part_of(report, judged)["findings"])
    return with_trials(report, by_fault, of_training(summary, judged))


def with_trials(
    report: dict[str, Any], by_fault: dict[str, dict[str, Any]], summary: dict[str, Any]
) -> dict[str, Any]:
    """Return a report with what was tried, and with the verdict that follows from it."""
    from trainlab.diagnosis.remedies.trial_evidence import after_trials
    from trainlab.diagnosis.report.read_back import part_of
    from trainlab.diagnosis.report.several import with_trainings
    from trainlab.diagnosis.report.verdict import FAILED, verdict

    judged, fails = report.get("judged", ""), report["card"]["outcome"] in FAILED
    own = after_trials(part_of(report, judged)["findings"], by_fault, fails=fails)
    if not judged:
        told = report | {"findings": own, "tried": summary}
        return told | {"verdict": verdict(told)}
    trainings = [one | ({"findings": own} if one["name"] == judged else {}) for one in report["trainings"]]
    trainings = [one | {"verdict": verdict(report | one)} for one in trainings]
    return with_trainings(report | {"tried": summary}, trainings)


def notice(script: str, budget: float) -> str:
    """Say what --try does, and what it can't undo."""
    return (
        f"trainlab: --try runs {script} as it is, then again and again with other random seeds, with and "
        f"without remedies, several at a time, for up to {budget:.0f} s. What the script writes, sends or "
        "deletes happens each time; that can't be undone."
    )


@contextmanager
def trying_line() -> Generator[Tell]:
    """Show how much of the budget is used, and what is tried; nothing if stderr is no terminal."""
    from rich.progress import BarColumn, Progress, TextColumn

    from trainlab.draw.terminal import lasting_terminal

    console = lasting_terminal()
    columns = (BarColumn(bar_width=20), TextColumn("{task.description}"))
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal, redirect_stdout=False
    ) as bar:
        task = bar.add_task("preparing", total=1.0)
        yield lambda used, words: bar.update(task, completed=used, description=words)
