"""``trainlab study FILE``: the factorial, end to end."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.output import DEFAULT_STORE, check_writable, progress_line, write_text
from trainlab.engine import ENGINES
from trainlab.errors import SpecError, listing, nearest
from trainlab.studies import StudyResult, load_study, study


def study_command(
    file: Annotated[str, Parameter(help="A study file (TOML), or the example 'xor44' or 'second_notebook'.")],
    /,
    *,
    seeds: Annotated[int | None, Parameter(help="How many seeds, 0, 1, 2, …; the file's number if left out.")] = None,
    engine: Annotated[str, Parameter(help="'fast', or 'reference' (a PyTorch loop, thousands of times slower).")] = "fast",
    only: Annotated[
        list[str] | None,
        Parameter(help="Only these cells: 'Model 1:A+B', 'Model 1' (all of its cells) or ':A+B'.", negative=""),
    ] = None,
    json: Annotated[str | None, Parameter(help="Write the result as JSON to this file; '-' for the terminal.")] = None,
    html: Annotated[str | None, Parameter(help="Write the report, one self-contained page, to this file.")] = None,
    store: Annotated[str, Parameter(help="The folder that keeps finished runs.")] = DEFAULT_STORE,
    workers: Annotated[int | None, Parameter(help="Threads or processes; all processors if left out.")] = None,
    fresh: Annotated[bool, Parameter(help="Forget this study's stored runs and train anew.", negative="")] = False,
) -> None:
    """Run a study file: every network with every combination of changes, on the same seeds."""
    check_options(engine=engine, workers=workers, json=json, html=html)
    plan = load_study(file)
    with progress_line() as show:
        result = study(
            plan,
            seeds=seeds,
            engine=engine,
            only=only or (),
            store=store,
            workers=workers,
            fresh=fresh,
            on_progress=show,
        )
    deliver(result, json=json, html=html)


def check_options(*, engine: str, workers: int | None, json: str | None, html: str | None) -> None:
    """Refuse wrong options before anything runs."""
    if engine not in ENGINES:
        raise SpecError(f"--engine {engine}: must be {listing(ENGINES)}.{nearest(engine, ENGINES)}")
    if workers is not None and not 1 <= workers <= 1024:
        raise SpecError(f"--workers {workers}: must be a whole number from 1 to 1,024.")
    check_writable("--json", json)
    check_writable("--html", html)
    if html == "-":
        raise SpecError("--html -: the report is a page; give the name of a file, as in --html report.html.")


def deliver(result: StudyResult, *, json: str | None, html: str | None) -> None:
    """Print the summary, unless JSON goes to the terminal, and write the files asked for."""
    if json is not None:
        write_text("--json", json, result.to_json())
    if html is not None:
        from trainlab.report import study_html

        write_text("--html", html, study_html(result))
    if json != "-":
        from rich.console import Console

        from trainlab.report import print_study

        print_study(result, console=Console())
        for word, path in (("report", html), ("JSON", json)):
            if path is not None:
                print(f"{word}: {path}")
    sys.stdout.flush()
