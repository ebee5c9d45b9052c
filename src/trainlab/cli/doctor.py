"""``trainlab doctor train.py``: run a training under the probe and tell what is wrong with it.

Exit codes: 0 nothing found; 1 something found; 2 the command can't be carried out (no file, no PyTorch);
3 the script itself failed or was killed, whatever was found before; 130 stopped by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from trainlab.cli.options import (
    Details,
    Html,
    Json,
    UsageError,
    check_range,
    check_script,
    whole,
)
from trainlab.cli.output import Output, check_distinct, check_writable, hand_over, print_rest
from trainlab.cli.trying import run_and_try

if TYPE_CHECKING:
    from rich.console import Console

FOUND, FAILED, INTERRUPTED = 1, 3, 130
MAX_STEPS, MAX_SECONDS, MAX_SEEDS = 1_000_000_000, 10_000_000, 1_000


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
        int | None, Parameter(help="End after so many optimizer steps.", converter=whole)
    ] = None,
    for_: Annotated[
        int | None, Parameter(name="--for", help="End after so many seconds.", converter=whole)
    ] = None,
    try_: Annotated[
        bool, Parameter(name="--try", help="Run it again with remedies, and say what helps.", negative="")
    ] = False,
    budget: Annotated[
        int | None, Parameter(help="Seconds for --try, 120 if left out.", converter=whole)
    ] = None,
    seeds: Annotated[
        int | None, Parameter(help="Seeds that --try runs each remedy on, 5 if left out.", converter=whole)
    ] = None,
    details: Details = False,
    json: Json = None,
    html: Html = None,
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
    check_range("--budget", budget, least=1, most=MAX_SECONDS)
    check_range("--seeds", seeds, least=1, most=MAX_SEEDS)
    for option, value in (("--budget", budget), ("--seeds", seeds)):
        if value is not None and not try_:
            raise UsageError(f"{option} {value}: says how remedies are tried; give --try as well.")
    check_writable("--json", json)
    check_writable("--html", html)
    if html == "-":
        raise UsageError("--html -: the report is a page; give the name of a file, as in --html report.html.")
    check_distinct({"SCRIPT": script, "--json": json, "--html": html})
    plan = Plan(script=script, arguments=arguments, steps=steps or 0, seconds=for_ or 0)
    with termination():
        if try_:
            report = run_and_try(plan, seeds=seeds, budget=budget, output_to_stderr=json == "-")
        else:
            report = run_script(plan, output_to_stderr=json == "-")

    def page() -> str:
        from trainlab.report import diagnosis_html

        name = arguments[0] if script == "-m" else os.path.basename(script)
        return diagnosis_html(report, title=f"Diagnosis of {name}")

    hand_over(
        lambda console: print_report(report, console, details=details, has_page=html is not None),
        Output(option="--json", word="JSON", path=json, text=lambda: json_text(report)),
        Output(option="--html", word="report", path=html, text=page),
    )
    return exit_code(report)


def print_report(report: dict[str, Any], console: Console, *, details: bool, has_page: bool) -> None:
    """Print a report, and where the rest of it is."""
    from trainlab.diagnosis import show_report
    from trainlab.diagnosis.report.show import rest_line

    show_report(report, console, details=details)
    if not details:
        print_rest(rest_line(report, has_page=has_page), console)


def exit_code(report: dict[str, Any]) -> int:
    """Return the command's exit code."""
    from trainlab.diagnosis.report.read_back import ended_from

    ended, tried = ended_from(report), report["tried"]
    if ended.how == "interrupted" or (tried is not None and tried["ended"] == "interrupted"):
        return INTERRUPTED
    if ended.failed:
        return FAILED
    return FOUND if report["findings"] else 0
