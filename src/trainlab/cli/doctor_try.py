"""``trainlab doctor --try``: the warning before the script runs again, and the progress while it does."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainlab.diagnosis import Plan
    from trainlab.diagnosis.remedies.trying import Tell


def run_and_try(
    plan: Plan, *, seeds: int | None, budget: int | None, output_to_stderr: bool
) -> dict[str, Any]:
    """Run a script, then again with remedies for what was found, and return the report with what they did."""
    from trainlab.diagnosis import run_script
    from trainlab.diagnosis.remedies import BUDGET, SEEDS
    from trainlab.diagnosis.script.runner import check_script

    check_script(plan.script, plan.arguments)
    name = f"-m {plan.arguments[0]}" if plan.script == "-m" else os.path.basename(plan.script)
    limit = float(BUDGET if budget is None else budget)
    print(notice(name, limit), file=sys.stderr, flush=True)
    started = time.monotonic()
    report = run_script(plan, output_to_stderr=output_to_stderr)
    took = time.monotonic() - started
    if report["ended"]["how"] in ("interrupted", "killed"):
        return report
    with trying_line() as tell:
        return tried(report, plan, seeds or SEEDS, limit, took, tell)


def tried(
    report: dict[str, Any], plan: Plan, seeds: int, budget: float, seconds: float, tell: Tell
) -> dict[str, Any]:
    """Return a report with the results of trying its remedies."""
    from dataclasses import replace

    from trainlab.diagnosis.remedies import ScriptTrials, Trying, of_training

    # Seeds change from the first module on; without modules, from the start.
    again = replace(plan, seed_from_start=not report["card"]["models"])
    judged = report.get("judged", "")
    runner = ScriptTrials(again, seconds=seconds, training=judged)
    trying = Trying(runner=runner, seeds=seeds, budget=budget, seconds=seconds, tell=tell)
    by_fault, summary = trying.of([one for one in report["findings"] if one.get("training", "") == judged])

    def told(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            _told(one, by_fault.get(one["fault"])) if one.get("training", "") == judged else one
            for one in findings
        ]

    report |= {"findings": told(report["findings"]), "tried": of_training(summary, judged)}
    if judged:
        report["trainings"] = [one | {"findings": told(one["findings"])} for one in report["trainings"]]
    return report


def _told(finding: dict[str, Any], tried: dict[str, Any] | None) -> dict[str, Any]:
    from trainlab.diagnosis.remedies import code_as_tried

    remedy = finding["remedy"]
    return finding | {"tried": tried, "remedy": remedy | {"code": code_as_tried(remedy["code"], tried)}}


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
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (BarColumn(bar_width=20), TextColumn("{task.description}"))
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal, redirect_stdout=False
    ) as bar:
        task = bar.add_task("preparing", total=1.0)
        yield lambda used, words: bar.update(task, completed=used, description=words)
