"""``trainlab lab FILE --export lesson.html``: a study or a plane as a page that needs no server."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import Cell, UsageError, check_cell, check_range, whole
from trainlab.cli.output import check_distinct, check_writable, write_text
from trainlab.cli.progress import progress_line
from trainlab.draw import counted
from trainlab.spec import any_study, name_of, named_cell
from trainlab.studies.maps.axis import read_axis
from trainlab.studies.maps.question import read_size

SEEDS, MOST_SEEDS = 256, 1024


def lab_command(
    file: Annotated[str, Parameter(help="A study or experiment file (TOML), or an example by name.")],
    /,
    *,
    export: Annotated[str, Parameter(help="Write the page to this file.", allow_leading_hyphen=True)],
    x: Annotated[
        str | None, Parameter(help="Instead of the study's cells: the plane of a setting, as lr=1e-3..1,")
    ] = None,
    y: Annotated[str | None, Parameter(help="and another, as init.std=0.1..2.")] = None,
    size: Annotated[str, Parameter(help="Values of x and of y.")] = "8x8",
    cell: Cell = None,
    seeds: Annotated[
        int, Parameter(help="How many seeds, 0, 1, 2, …, of each cell.", converter=whole)
    ] = SEEDS,
) -> None:
    """Write a lesson: the lab as one page for a course's site, with answers and replays computed beforehand.

    It holds every cell of the study, or the plane of two settings around one cell, and replays of as many
    failed and solved runs as fit in 2 MB.
    """
    check_writable("--export", export)
    check_distinct({"FILE": file, "--export": export})
    check_range("--seeds", seeds, least=1, most=MOST_SEEDS)
    check_cell(cell)
    study = any_study(file)
    if (x is None) != (y is None):
        given, other = ("--x", "--y") if y is None else ("--y", "--x")
        raise UsageError(f"{given} {x or y}: a plane has two settings; give {other} as well.")
    if x is None and cell is not None:
        raise UsageError(f"--cell {cell}: is the middle of a plane; give --x and --y, or leave it out.")
    # Imported late: the page's modules are read with it.
    from trainlab.web.lesson import make_lesson, plane_content, study_content

    if x is not None and y is not None:
        experiment = named_cell(study, cell).experiment
        across, up = read_size(size)
        content = plane_content(
            experiment,
            read_axis(experiment, x, name="x", count=across),
            read_axis(experiment, y, name="y", count=up),
            title=f"{experiment.network.label} on {name_of(experiment.task)}",
        )
    else:
        content = study_content(study)
    with progress_line("computing") as show:
        lesson = make_lesson(
            content,
            seeds=seeds,
            on_progress=lambda done, of: show.tell(done, of, f"{done:,} of {counted(of, 'cell')}"),
        )
    write_text("--export", export, lesson.html)
    if export != "-":
        print(
            f"lesson: {export} ({lesson.size / 1e6:.2f} MB): {counted(lesson.cells, 'experiment')} on "
            f"{lesson.seeds:,} seeds each, {counted(lesson.replays, 'replay')}"
        )
