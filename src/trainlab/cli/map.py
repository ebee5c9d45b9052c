"""``trainlab map FILE --x optimizer.lr=1e-4..10 --y init.std=0.01..10``: where training works."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import (
    Cell,
    Details,
    Engine,
    Folder,
    Fresh,
    Html,
    Json,
    Workers,
    check_cell,
    whole,
)
from trainlab.cli.output import DEFAULT_STORE, Output, check_distinct, check_writable, hand_over
from trainlab.cli.progress import progress_line
from trainlab.cli.study import check_options
from trainlab.studies import MapResult, map_picture, map_plane
from trainlab.studies.maps.question import SEEDS, read_size


def map_command(
    file: Annotated[str, Parameter(help="An experiment or study file (TOML), or an example by name.")],
    /,
    *,
    x: Annotated[
        str,
        Parameter(
            help="The setting that runs across, as optimizer.lr=1e-4..10; ':log' or ':linear' may follow."
        ),
    ],
    y: Annotated[str, Parameter(help="The setting that runs up, as init.std=0.01..10.")],
    size: Annotated[str, Parameter(help="Values of x and of y.")] = "64x64",
    seeds: Annotated[int, Parameter(help="Seeds at each point, 0, 1, 2, …", converter=whole)] = SEEDS,
    cell: Cell = None,
    every_point: Annotated[
        bool,
        Parameter(help="Train every point, not only those where neighbours differ.", negative=""),
    ] = False,
    engine: Engine = "auto",
    json: Json = None,
    html: Html = None,
    svg: Annotated[
        str | None,
        Parameter(
            help="Write the picture of the share solved to this file; '-' for the terminal.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    store: Folder = DEFAULT_STORE,
    workers: Workers = None,
    fresh: Fresh = False,
    details: Details = False,
) -> None:
    """Show where in a plane of two settings training works, and how it fails elsewhere."""
    check_options(file, seeds=seeds, engine=engine, workers=workers, json=json, html=html)
    check_writable("--svg", svg)
    check_distinct({"FILE": file, "--json": json, "--html": html, "--svg": svg})
    check_cell(cell)
    with progress_line() as show:
        result = map_plane(
            file,
            x=x,
            y=y,
            size=read_size(size),
            seeds=seeds,
            cell=cell,
            every_point=every_point,
            engine=engine,
            store=store,
            workers=workers,
            fresh=fresh,
            on_progress=show,
        )
    _deliver(result, json=json, html=html, svg=svg, details=details)


def _deliver(
    result: MapResult, *, json: str | None, html: str | None, svg: str | None, details: bool
) -> None:
    """Print the answer, or all `details`, unless a file goes to the terminal; write the files asked for."""
    from trainlab.report import map_html, print_map

    hand_over(
        lambda console: print_map(result, console=console, details=details),
        Output(option="--json", word="JSON", path=json, text=result.to_json),
        Output(option="--svg", word="picture", path=svg, text=lambda: map_picture(result).svg + "\n"),
        Output(option="--html", word="report", path=html, text=lambda: map_html(result)),
    )
