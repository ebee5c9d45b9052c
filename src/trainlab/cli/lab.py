"""``trainlab serve``: the lab in the browser; ``trainlab lab FILE --export FILE``: without a server."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import (
    DEFAULT_STORE,
    MAX_WORKERS,
    Cell,
    Folder,
    UsageError,
    Workers,
    check_cell,
    check_range,
    number,
)
from trainlab.cli.output import check_distinct, check_writable, progress_line, write_text
from trainlab.errors import MissingPackageError, lacking

# ``trainlab lab FILE --export lesson.html``: a study or a plane as a page that needs no server.


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
    seeds: Annotated[int, number("How many seeds, 0, 1, 2, …, of each cell.", alias="-n")] = SEEDS,
) -> None:
    """Write a lesson: the lab as one page for a course's site, with answers and replays computed beforehand.

    It holds every cell of the study, or the plane of two settings around one cell, and replays of as many
    failed and solved runs as fit in 2 MB.
    """
    # Imported late: the server needs none of it.
    from trainlab.draw import counted
    from trainlab.spec import any_study, name_of, named_cell
    from trainlab.studies.maps.question import read_axis, read_size

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
    from trainlab.web.without_server import make_lesson, plane_content, study_content

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


# ``trainlab serve``: the lab in the browser.


PORT = 8144
NEEDED = ("starlette", "uvicorn", "websockets")
INTERRUPTED = 130


def serve_command(
    *,
    port: Annotated[int, number("The port to listen on; 0 for any free one.")] = PORT,
    host: Annotated[
        str, Parameter(help="The address to listen on; 0.0.0.0 to be reached from other machines.")
    ] = "127.0.0.1",
    open: Annotated[bool, Parameter(help="Open the page in your browser.")] = True,  # noqa: A002
    workers: Workers = None,
    store: Folder = DEFAULT_STORE,
) -> int:
    """Open the lab in your browser: build a network and see at once, on hundreds of seeds, how it learns.

    Studies, races and maps that the store holds have pages beside it. Only this machine can reach the lab,
    unless --host says otherwise; then the address has a token, and whoever has the whole address may come in.
    Ctrl-C ends it.
    """
    check_range("--port", port, least=0, most=65_535)
    check_range("--workers", workers, least=1, most=MAX_WORKERS)
    if not host:
        raise UsageError("--host '': give an address, as in 127.0.0.1, or leave --host out.")
    for name in NEEDED:
        if find_spec(name) is None:
            raise MissingPackageError(lacking("serve", name, extra="lab"))
    from trainlab.execution.workers import default_workers
    from trainlab.web.server import serve

    told: list[str] = []

    def on_ready(address: str) -> None:
        told.append(address)
        print(f"The lab is at {address} (Ctrl-C ends it)", flush=True)

    serve(
        host=host,
        port=port,
        workers=workers or default_workers(),
        open_browser=open,
        store=store,
        on_ready=on_ready,
    )
    if not told:
        print("trainlab: stopped before the lab could be opened.", file=sys.stderr)
    return INTERRUPTED
