"""``trainlab doctor train.py``: run a training under the probe and tell what is wrong with it.

Exit codes: 0 nothing found; 1 something found, or not solved by --solved; 2 the command can't be carried out
(no file, no PyTorch), or there is no number for --solved; 3 the script itself failed or was killed, whatever
was found before; 130 stopped by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from trainlab.cli.doctor_try import run_and_try, run_and_try_unasked
from trainlab.cli.options import (
    Details,
    KeepArguments,
    Solved,
    UsageError,
    check_range,
    check_script,
    whole,
)
from trainlab.cli.output import Files, check_distinct, print_rest
from trainlab.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

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
            "where that takes seconds and runs no script.",
            negative="--no-try",
        ),
    ] = None
    budget: Annotated[int | None, Parameter(help="Seconds for --try, 120 if left out.", converter=whole)] = (
        None
    )
    seeds: Annotated[
        int | None, Parameter(help="Seeds that --try runs each remedy on, 5 if left out.", converter=whole)
    ] = None


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
    steps: Annotated[
        int | None, Parameter(help="End after this many optimizer steps.", converter=whole)
    ] = None,
    for_: Annotated[
        int | None, Parameter(name="--for", help="End after this many seconds.", converter=whole)
    ] = None,
    solved: Solved = None,
    trying: Trying = Trying(),
    details: Details = False,
    keep_arguments: KeepArguments = False,
    files: Files = Files(),
) -> int:
    """Run a training under the probe and tell what keeps it from learning: cause, place, evidence, remedy."""
    from trainlab.diagnosis import Plan, run_script
    from trainlab.draw import json_text
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
            report = run_script(plan, output_to_stderr=files.json == "-")
        else:
            report = run_and_try_unasked(plan, output_to_stderr=files.json == "-")

    def page() -> str:
        from trainlab.report import diagnosis_html

        name = arguments[0] if script == "-m" else os.path.basename(script)
        return diagnosis_html(report, title=f"Diagnosis of {name}")

    files.hand_over(
        lambda console: print_report(report, console, details=details, has_page=files.html is not None),
        json=lambda: json_text(report),
        html=page,
    )
    return exit_code(report)


def _rule(solved: str | None) -> str:
    """Return the user's rule as the script's process reads it; refuse what is none."""
    from trainlab.diagnosis.signals.users_rule import rule_from

    return "" if solved is None else str(rule_from(solved))


def print_report(report: dict[str, Any], console: Console, *, details: bool, has_page: bool) -> None:
    """Print a report, and say where the rest of it is."""
    from trainlab.diagnosis import show_report
    from trainlab.diagnosis.report.show import rest_line

    show_report(report, console, details=details)
    if not details:
        print_rest(rest_line(report, has_page=has_page), console)


def exit_code(report: dict[str, Any]) -> int:
    """Return the command's exit code; say so if it is that of a rule that couldn't be judged."""
    from trainlab.diagnosis.report.read_back import ended_from, rule_trouble

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
