"""``trainlab study FILE``: the factorial, end to end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import (
    MAX_FIDELITY,
    MAX_SIDES,
    MAX_WHY,
    MAX_WORKERS,
    Details,
    Engine,
    Fidelity,
    Runs,
    Sides,
    UsageError,
    Why,
    check_range,
    whole,
)
from trainlab.cli.output import Files, check_distinct
from trainlab.cli.progress import progress_line
from trainlab.engine import ENGINES
from trainlab.errors import listing, nearest
from trainlab.spec import load_study
from trainlab.spec.study import MAX_SEEDS
from trainlab.studies import StudyResult, study


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Checks:
    """Further questions: why runs failed, and whether another training would say the same."""

    why: Why = 0
    fidelity: Fidelity = 0
    sides: Sides = 0


def study_command(
    file: Annotated[str, Parameter(help="A study file (TOML), or the example 'xor44' or 'second_notebook'.")],
    /,
    *,
    seeds: Annotated[
        int | None,
        Parameter(help="How many seeds, 0, 1, 2, …; the file's number if left out.", converter=whole),
    ] = None,
    engine: Engine = "auto",
    only: Annotated[
        list[str] | None,
        Parameter(
            help="Only these cells: 'Model 1:A+B', 'Model 1' (all of its cells) or ':A+B'; can be repeated.",
            negative="",
        ),
    ] = None,
    files: Files = Files(),
    runs: Runs = Runs(),
    checks: Checks = Checks(),
    details: Details = False,
) -> None:
    """Run a study file: every network with every combination of changes, on the same seeds."""
    check_options(
        file,
        seeds=seeds,
        engine=engine,
        workers=runs.workers,
        why=checks.why,
        json=files.json,
        html=files.html,
    )
    check_range("--fidelity", checks.fidelity, least=0, most=MAX_FIDELITY)
    check_range("--sides", checks.sides, least=0, most=MAX_SIDES)
    if only is not None and not all(only):
        raise UsageError("--only '': name a cell, as in 'Model 1:A+B', 'Model 1' or ':A+B'.")
    plan = load_study(file)
    with progress_line(yes=runs.yes) as show:
        result = study(
            plan,
            seeds=seeds,
            engine=engine,
            only=only or (),
            store=runs.store,
            workers=runs.workers,
            fresh=runs.fresh,
            why=checks.why,
            fidelity=checks.fidelity,
            sides=checks.sides,
            on_progress=show,
        )
    deliver(result, files, details=details)


def check_options(
    file: str | None,
    *,
    seeds: int | None,
    engine: str,
    workers: int | None,
    json: str | None,
    html: str | None,
    why: int = 0,
) -> None:
    """Refuse wrong options before anything runs."""
    check_range("--seeds", seeds, least=1, most=MAX_SEEDS)
    check_range("--workers", workers, least=1, most=MAX_WORKERS)
    check_range("--why", why, least=0, most=MAX_WHY)
    if engine not in ENGINES:
        raise UsageError(f"--engine {engine!r}: must be {listing(ENGINES)}.{nearest(engine, ENGINES)}")
    Files(json=json, html=html).check()
    if file is not None:
        check_input(file)
    check_distinct({"FILE": file, "--json": json, "--html": html})


def check_input(file: str) -> None:
    """Refuse a named pipe, which nothing may ever write to; the shell's ``<(…)`` has no name and is fine."""
    try:
        path = Path(file)
        endless = path.is_fifo() and path.resolve().exists()
    except (OSError, ValueError, RuntimeError):
        return
    if endless:
        raise UsageError(f"{file}: is a pipe; give a study file. 'trainlab new FILE' writes one.")


def deliver(result: StudyResult, files: Files, *, details: bool) -> None:
    """Print the answer, or all `details`, unless a file goes to the terminal; write the files asked for."""
    from trainlab.report import print_study, study_html

    files.hand_over(
        lambda console: print_study(result, console=console, details=details),
        json=result.to_json,
        html=lambda: study_html(result),
    )
