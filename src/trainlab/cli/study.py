"""``trainlab study FILE``: the factorial, end to end; ``trainlab export FILE TO``: for other programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from msgspec.structs import replace

from trainlab.cli.options import (
    DEFAULT_STORE,
    MAX_FIDELITY,
    MAX_SIDES,
    MAX_WHY,
    MAX_WORKERS,
    Details,
    Engine,
    Fidelity,
    Folder,
    Runs,
    SeedsOrFile,
    Sides,
    UsageError,
    Why,
    Yes,
    check_range,
    check_share,
    number,
)
from trainlab.cli.output import Files, check_distinct, check_writable, print_rest, trained
from trainlab.draw import counted
from trainlab.engine import ENGINES
from trainlab.errors import listing, nearest, printable
from trainlab.execution import check_on
from trainlab.spec import Study, load_study
from trainlab.spec.study import MAX_SEEDS
from trainlab.store import Store
from trainlab.store.store import FILE_NAME
from trainlab.studies import seeds_needed, study
from trainlab.studies.seeds_needed import MAX_SEEDS_ADDED
from trainlab.studies.study_columns import STUDY_TABLES, StudyTable, study_columns

# ``trainlab study FILE``: the factorial, end to end.


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Checks:
    """Further questions: why runs failed, and whether another training would say the same."""

    why: Why = 0
    fidelity: Fidelity = 0
    sides: Sides = 0


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Enough:
    """How many seeds are enough: until intervals are narrow, or to tell a difference."""

    until_width: Annotated[
        float | None,
        Parameter(
            help="Add seeds until the interval of each success rate is no wider than this; 0.02 is 2 points."
        ),
    ] = None
    max_seeds: Annotated[
        int | None,
        number(f"The most seeds of each cell with --until-width, {MAX_SEEDS_ADDED:,} if left out."),
    ] = None
    power: Annotated[
        float | None,
        Parameter(
            help="Train nothing; say how many seeds tell rates apart that differ by this; 0.05 is 5 points."
        ),
    ] = None

    def check(self, others: Mapping[str, object]) -> None:
        """Refuse values out of range, and options that would be passed over: `others` are the command's."""
        check_share("--until-width", self.until_width)
        check_range("--max-seeds", self.max_seeds, least=1, most=MAX_SEEDS)
        check_share("--power", self.power)
        if self.max_seeds is not None and self.until_width is None:
            raise UsageError(
                f"--max-seeds {self.max_seeds}: is the most that --until-width may come to; give that as "
                "well, or --seeds in its place."
            )
        passed_over = {"--until-width": self.until_width, **others}
        if self.power is not None and (
            option := next((name for name in passed_over if passed_over[name]), "")
        ):
            raise UsageError(f"--power: trains nothing, and only prints a sentence; leave {option} out.")


def study_command(
    file: Annotated[str, Parameter(help="A study file (TOML), or the example 'xor44' or 'second_notebook'.")],
    /,
    *,
    seeds: SeedsOrFile = None,
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
    enough: Enough = Enough(),
    details: Details = False,
) -> None:
    """Run a study file: every network with every combination of changes, on the same seeds."""
    check_options(file, seeds=seeds, engine=engine, runs=runs, files=files, why=checks.why)
    check_range("--fidelity", checks.fidelity, least=0, most=MAX_FIDELITY)
    check_range("--sides", checks.sides, least=0, most=MAX_SIDES)
    if only is not None and not all(only):
        raise UsageError("--only '': name a cell, as in 'Model 1:A+B', 'Model 1' or ':A+B'.")
    extra = {"--why": checks.why, "--fidelity": checks.fidelity, "--sides": checks.sides}
    enough.check({"--only": only, "--json": files.json, "--html": files.html, "--details": details, **extra})
    plan = load_study(file)
    if enough.power is not None:
        _print_needed(plan if seeds is None else replace(plan, seeds=seeds), enough.power)
        return
    if left := left_over(plan, runs.store):
        print(f"trainlab: {left}", file=sys.stderr)
    result = trained(
        study,
        plan,
        seeds=seeds,
        only=only or (),
        why=checks.why,
        fidelity=checks.fidelity,
        sides=checks.sides,
        until_width=enough.until_width,
        max_seeds=MAX_SEEDS_ADDED if enough.max_seeds is None else enough.max_seeds,
        engine=engine,
        runs=runs,
    )
    from trainlab.report import print_study, study_html

    files.deliver(result, print_study, study_html, details=details)


def _print_needed(plan: Study, difference: float) -> None:
    from trainlab.draw.terminal import Terminal

    print_rest(seeds_needed(plan, difference).sentence, Terminal())


def left_over(plan: Study, store: str) -> str:
    """Say how much of a study that was asked before is no longer in its file; empty if nothing."""
    if not plan.title or not os.path.isfile(os.path.join(store, FILE_NAME)):
        return ""
    with Store.open(store, create=False) as opened:
        named = [one for one in opened.studies() if (one.kind, one.title) == ("study", plan.title)]
    asked = frozenset(each.fingerprint for cell in plan.cells() for each in plan.on_splits(cell.experiment))
    if not named or any(one.fingerprints == asked for one in named):
        return ""
    before = named[0]
    gone = len(before.fingerprints - asked)
    if not gone:
        return ""
    return (
        f"A study of this title, {printable(plan.title)}, was asked at {before.asked:%Y-%m-%d %H:%M} UTC: "
        f"{gone:,} of its {counted(len(before.fingerprints), 'experiment')} aren't in this file. Their runs "
        f"stay in {store}, unused by it; only what is new is trained."
    )


def check_options(
    file: str | None,
    *,
    seeds: int | None,
    engine: str,
    runs: Runs = Runs(),
    files: Files = Files(),
    why: int = 0,
) -> None:
    """Refuse wrong options before anything runs."""
    check_range("--seeds", seeds, least=1, most=MAX_SEEDS)
    check_range("--workers", runs.workers, least=1, most=MAX_WORKERS)
    check_range("--why", why, least=0, most=MAX_WHY)
    if engine not in ENGINES:
        raise UsageError(f"--engine {engine!r}: must be {listing(ENGINES)}.{nearest(engine, ENGINES)}")
    check_on(runs.on)
    files.check()
    if file is not None:
        check_input(file)
    check_distinct({"FILE": file, "--json": files.json, "--html": files.html})


def check_input(file: str) -> None:
    """Refuse a named pipe, which nothing may ever write to; the shell's ``<(…)`` has no name and is fine."""
    try:
        path = Path(file)
        endless = path.is_fifo() and path.resolve().exists()
    except (OSError, ValueError, RuntimeError):
        return
    if endless:
        raise UsageError(f"{file}: is a pipe; give a study file. 'trainlab new FILE' writes one.")


# ``trainlab export FILE TO``: a study for other programs.


def export_command(
    file: Annotated[str, Parameter(help="A study file (TOML), or the name of an example.")],
    to: Annotated[
        str,
        Parameter(
            help="A file that ends with .csv or .parquet; 'mlflow', 'mlflow:URI' or 'tensorboard:FOLDER'."
        ),
    ],
    /,
    *,
    table: Annotated[str, Parameter(help="Of a file: 'cells', 'runs' or 'effects'.")] = "cells",
    seeds: SeedsOrFile = None,
    engine: Engine = "auto",
    store: Folder = DEFAULT_STORE,
    yes: Yes = False,
) -> None:
    """Write a study as a table, or its cells as runs of MLflow or TensorBoard; what is missing is trained."""
    # Imported late: the other commands, which ask this file for `check_options`, show no pages.
    from trainlab.report.exports import TRACKERS, check_table_file, check_tracker, log_cells, write_table

    tracker, _, place = to.partition(":")
    check_options(file, seeds=seeds, engine=engine)
    wanted = _table(table)
    plan = load_study(file)
    if tracker in TRACKERS:
        if wanted != "cells":
            raise UsageError(f"--table {table}: is for files; {tracker} gets a run for each cell.")
        if tracker == "tensorboard" and not place:
            raise UsageError("tensorboard: name a folder, as in tensorboard:logs.")
        check_tracker(tracker, place)
    else:
        check_table_file(to)
        check_writable("TO", to)
    result = trained(study, plan, seeds=seeds, engine=engine, runs=Runs(store=store, yes=yes))
    if tracker in TRACKERS:
        log_cells(result, tracker, place)
        print(f"Logged {counted(len(result.cells), 'cell')} as runs: {to}")
        return
    columns = study_columns(result, wanted)
    write_table(columns, to)
    rows = counted(len(next(iter(columns.values()))), "row")
    print(f"Wrote {rows} and {counted(len(columns), 'column')}: {to}")


def _table(name: str) -> StudyTable:
    for known in STUDY_TABLES:
        if name == known:
            return known
    raise UsageError(f"--table {name!r}: must be {listing(STUDY_TABLES)}.{nearest(name, STUDY_TABLES)}")
