"""``trainlab doctor train.py``: run a training under the probe and tell what is wrong with it.

Exit codes: 0 nothing found; 1 something found, or not solved by --solved; 2 the command can't be carried out
(no file, no PyTorch), or there is no number for --solved; 3 the script itself failed or was killed, whatever
was found before; 130 stopped by Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from trainlab.cli.options import (
    Details,
    KeepArguments,
    Solved,
    UsageError,
    check_range,
    check_script,
    flag,
    number,
    shortened,
)
from trainlab.cli.output import Files, check_distinct, print_rest, progress_line
from trainlab.errors import listing, nearest, printable

if TYPE_CHECKING:
    from rich.console import Console

    from trainlab.diagnosis import Plan
    from trainlab.diagnosis.fault import Fault
    from trainlab.diagnosis.remedies.trying import Tell


# ``trainlab doctor --try``: the warning before the script runs again, and the progress while it does.


TRYING = "trying remedies"


def run_and_try(
    plan: Plan, *, seeds: int | None, budget: int | None, output_to_stderr: bool
) -> dict[str, Any]:
    """Run a script, then again with remedies for what was found, and return the report with what they did."""
    from trainlab.diagnosis import run_script
    from trainlab.diagnosis.remedies.trying import BUDGET, SEEDS
    from trainlab.diagnosis.report.report import rule_trouble
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

    with progress_line(TRYING) as show:
        return tried(report, plan, seeds or SEEDS, limit, took, lambda used, words: show.tell(used, 1, words))


def run_and_try_unasked(plan: Plan, *, output_to_stderr: bool) -> dict[str, Any]:
    """Run a script once, and try what may mend it where that takes seconds and runs no script again."""
    from dataclasses import replace

    from trainlab.diagnosis import run_script
    from trainlab.diagnosis.remedies.unasked import RECORDING, try_unasked
    from trainlab.diagnosis.report.report import rule_trouble
    from trainlab.diagnosis.script.plan import Extras
    from trainlab.diagnosis.script.process_pool import keepers
    from trainlab.scratch import scratch_folder

    with scratch_folder("unasked") as folder, keepers() as waiting:
        recording = os.path.join(folder, RECORDING)
        recorded = replace(plan, extras=Extras(recording=recording, light=True), keepers=waiting.theirs)
        report = run_script(recorded, output_to_stderr=output_to_stderr)
        suspected = report.pop("suspected", [])
        if report.get("judged") or rule_trouble(report):
            return report  # several trainings are no experiment

        from trainlab.diagnosis.remedies.replayed import is_wanted, try_replayed

        with progress_line(TRYING) as show:
            show.tell(0, 1, "some seconds")
            found = try_unasked(report, folder)
            if is_wanted(report, found):
                told = try_replayed(
                    report, suspected, plan, waiting, tell=lambda used, words: show.tell(used, 1, words)
                )
                if isinstance(told, str):
                    report["looked_at"] |= {"copies": told} if told else {}
                elif found is None or told.by_fault:
                    found = told
    return report if found is None else with_trials(report, found.by_fault, found.summary)


def run_quick(plan: Plan, *, output_to_stderr: bool) -> dict[str, Any]:
    """Run a script once and try nothing; say that something would have been tried."""
    from trainlab.diagnosis import run_script
    from trainlab.diagnosis.remedies.replayed import WHY_NOT, is_wanted

    report = run_script(plan, output_to_stderr=output_to_stderr)
    if not report.get("judged") and is_wanted(report):
        report["looked_at"] |= {"copies": WHY_NOT.format(why="--quick leaves that out")}
    return report


def tried(
    report: dict[str, Any], plan: Plan, seeds: int, budget: float, seconds: float, tell: Tell
) -> dict[str, Any]:
    """Return a report with the results of trying its remedies."""
    from dataclasses import replace

    from trainlab.diagnosis.remedies.script_trials import ScriptTrials
    from trainlab.diagnosis.remedies.trial_verdict import of_training
    from trainlab.diagnosis.remedies.trying import Trying
    from trainlab.diagnosis.report.report import part_of

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
    from trainlab.diagnosis.report.report import part_of
    from trainlab.diagnosis.report.verdict import FAILED, verdict, with_trainings

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


FOUND, UNREADABLE, FAILED, INTERRUPTED = 1, 2, 3, 130
MAX_STEPS, MAX_SECONDS, MAX_SEEDS = 1_000_000_000, 10_000_000, 1_000


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Trying:
    """Whether remedies are tried, and how."""

    try_: Annotated[
        bool | None,
        Parameter(
            name="--try",
            help="Run it again with remedies, and say what helps. Given neither, remedies are tried only "
            "where that takes seconds and runs no script again; --quick leaves that out, too.",
            negative=["--no-try", "--quick"],
        ),
    ] = None
    budget: Annotated[int | None, number("Seconds for --try, 120 if left out.")] = None
    seeds: Annotated[int | None, number("Seeds that --try runs each remedy on, 5 if left out.")] = None


def doctor_command(
    script: Annotated[
        str,
        Parameter(
            help="The training script or notebook, run unchanged in a process of its own; or -m MODULE.",
            allow_leading_hyphen=True,
        ),
    ],
    /,
    *arguments: Annotated[
        str, Parameter(help="The script's own arguments.", allow_leading_hyphen=True, show=True)
    ],
    steps: Annotated[int | None, number("End after this many optimizer steps.")] = None,
    for_: Annotated[int | None, number("End after this many seconds.", name="--for")] = None,
    solved: Solved = None,
    trying: Trying = Trying(),
    details: Details = False,
    keep_arguments: KeepArguments = False,
    files: Files = Files(),
) -> int:
    """Run a training under the probe and tell what keeps it from learning: cause, place, evidence, remedy."""
    from trainlab.diagnosis import Plan
    from trainlab.interrupt import termination

    if script.startswith("-") and script not in ("-", "-m"):
        raise UsageError(f"{script}: there is no such option. See: trainlab doctor --help")
    if script != "-m":
        check_script(script)
    check_range("--steps", steps, least=1, most=MAX_STEPS)
    check_range("--for", for_, least=1, most=MAX_SECONDS)
    check_range("--budget", trying.budget, least=1, most=MAX_SECONDS)
    check_range("--seeds", trying.seeds, least=1, most=MAX_SEEDS)
    for option, value in (("--budget", trying.budget), ("--seeds", trying.seeds)):
        if value is not None and not trying.try_:
            raise UsageError(f"{option} {value}: says how remedies are tried; give --try as well.")
    files.check()
    check_distinct({"SCRIPT": script, "--json": files.json, "--html": files.html})
    plan = Plan(
        script=script,
        arguments=arguments,
        steps=steps or 0,
        seconds=for_ or 0,
        solved=_rule(solved),
        keep_arguments=keep_arguments,
    )
    with termination():
        if trying.try_:
            report = run_and_try(
                plan, seeds=trying.seeds, budget=trying.budget, output_to_stderr=files.json == "-"
            )
        elif trying.try_ is False:
            report = run_quick(plan, output_to_stderr=files.json == "-")
        else:
            report = run_and_try_unasked(plan, output_to_stderr=files.json == "-")

        if trying.try_ is not False:
            from trainlab.diagnosis.remedies.edited_runs import with_edits_run

            with progress_line(TRYING) as show:
                report = with_edits_run(report, plan, tell=lambda used, words: show.tell(used, 1, words))

    name = arguments[0] if script == "-m" else os.path.basename(script)
    return deliver_report(report, files, of=name, details=details)


def _rule(solved: str | None) -> str:
    """Return the user's rule as the script's process reads it; refuse what is none."""
    from trainlab.diagnosis.signals.learnt import rule_from

    return "" if solved is None else str(rule_from(solved))


def deliver_report(report: dict[str, Any], files: Files, *, of: str, details: bool) -> int:
    """Write a report's files, show it, and say where the rest of it is; return the exit code."""
    from trainlab.diagnosis import show_report
    from trainlab.diagnosis.report.show import rest_line
    from trainlab.plain import json_text

    def show(console: Console) -> None:
        show_report(report, console, details=details)
        if not details:
            print_rest(rest_line(report, has_page=files.html is not None), console)

    def page() -> str:
        from trainlab.report import diagnosis_html

        return diagnosis_html(report, title=f"Diagnosis of {of}")

    files.hand_over(show, json=lambda: json_text(report), html=page)
    return exit_code(report)


def exit_code(report: dict[str, Any]) -> int:
    """Return the command's exit code; say so if it is that of a rule that couldn't be judged."""
    from trainlab.diagnosis.report.report import ended_from, rule_trouble

    ended, tried = ended_from(report), report["tried"]
    if trouble := rule_trouble(report):
        words = f"trainlab: --solved {report['outcome']['solved']['rule']!r}: {trouble}"
        print(printable(words), file=sys.stderr)
        return UNREADABLE
    if ended.how == "interrupted" or (tried is not None and tried["ended"] == "interrupted"):
        return INTERRUPTED
    if ended.failed:
        return FAILED
    ruled = report["outcome"].get("solved")
    missed = ruled is not None and ruled["solved"] is False
    return FOUND if report["findings"] or missed else 0


# ``trainlab faults``: what the doctor knows, the faults by family, or one with its rule and remedy.


WIDTH: Final = 80
_LABEL: Final = 11
_INDENT: Final = "  "

QUESTIONS: Final = ("neuron", "learning_rate", "init", "loss", "chain_rule")
"""The pages of docs/ that have a command."""


def faults_command(
    name: Annotated[
        str | None, Parameter(help="A fault, such as vanishing_gradient; lists all if left out.")
    ] = None,
    /,
    *,
    details: Annotated[bool, flag("Say in a line each what all are.")] = False,
) -> None:
    """Print what the doctor knows about a fault: how it is found, when its rule is silent, what to change.

    Without a name, print the names of all, which fit a screen; with `details` what each of them is.
    """
    from trainlab.diagnosis.faults import all_faults, families

    if name is None:
        print("\n".join(index_lines(details=details)))
        return
    known = name.strip().lower().replace("-", "_")
    names = [fault.name for family in families().values() for fault in family]
    if known not in names:
        inside = [each for each in names if known and known in each]
        near = nearest(known, names) or (f" Did you mean {listing(inside)}?" if inside else "")
        raise UsageError(
            f"{shortened(name)!r}: the doctor knows no such fault.{near or ' Their names: trainlab faults'}"
        )
    print("\n".join(fault_lines(all_faults()[known])))


def index_lines(*, details: bool) -> list[str]:
    """Return all faults by family: their names, or with `details` each in a line that says what it is."""
    from trainlab.diagnosis.faults import all_faults, families

    known = all_faults()
    longest = max(map(len, known))
    lines = [f"{len(known)} faults that the doctor finds. More: --details, trainlab faults NAME"]
    for family, faults in families().items():
        if details:
            lines += [
                "",
                family,
                *(f"{_INDENT}{fault.name.ljust(longest)}  {fault.title}" for fault in faults),
            ]
        else:
            names = ", ".join(fault.name for fault in faults)
            lines += [family, *wrap(names, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)]
    return lines


def fault_lines(fault: Fault) -> list[str]:
    """Return a fault's section of docs/faults.md for the terminal."""
    from trainlab.diagnosis.faults import all_faults
    from trainlab.draw import wrapped

    title = f"{fault.name}: {fault.title}"
    lines = [*wrapped(title, WIDTH), "", *wrapped(fault.what, WIDTH), ""]
    causes = [one.name for one in all_faults().values() if one.why(fault.name)]
    symptoms = [name for one in fault.explains for name in one.symptoms]
    asked = [f"trainlab explain {page.replace('_', '-')}" for page in fault.see if page in QUESTIONS]
    for label, text in (
        ("found if", fault.rule),
        ("source", fault.source),
        ("silent if", fault.silence),
        ("proven if", fault.proof),
        ("remedy", fault.remedy),
        ("comes from", ", ".join(causes)),
        ("brings", ", ".join(dict.fromkeys(symptoms))),
        ("more", ", ".join(asked)),
    ):
        if text:
            lines += wrapped(text, WIDTH, first=label.ljust(_LABEL), rest=" " * _LABEL)
    return lines
