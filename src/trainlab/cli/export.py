"""``trainlab export FILE TO``: a study for other programs."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import DEFAULT_STORE, Engine, Folder, UsageError, Yes, whole
from trainlab.cli.output import check_writable
from trainlab.cli.progress import progress_line
from trainlab.cli.study import check_options
from trainlab.draw import counted
from trainlab.errors import listing, nearest
from trainlab.report.exports import TRACKERS, check_table_file, check_tracker, log_cells, write_table
from trainlab.spec import load_study
from trainlab.studies import study
from trainlab.studies.study_columns import STUDY_TABLES, StudyTable, study_columns


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
    seeds: Annotated[
        int | None,
        Parameter(help="How many seeds, 0, 1, 2, …; the file's number if left out.", converter=whole),
    ] = None,
    engine: Engine = "auto",
    store: Folder = DEFAULT_STORE,
    yes: Yes = False,
) -> None:
    """Write a study as a table, or its cells as runs of MLflow or TensorBoard; what is missing is trained."""
    tracker, _, place = to.partition(":")
    check_options(file, seeds=seeds, engine=engine, workers=None, json=None, html=None)
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
    with progress_line(yes=yes) as show:
        result = study(plan, seeds=seeds, engine=engine, store=store, on_progress=show)
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
