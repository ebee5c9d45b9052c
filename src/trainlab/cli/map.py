"""``trainlab map FILE --x optimizer.lr=1e-4..10 --y init.std=0.01..10``: where training works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import (
    Cell,
    Details,
    Engine,
    Runs,
    check_cell,
    whole,
)
from trainlab.cli.output import Files, Output, check_distinct, check_writable, hand_over
from trainlab.cli.progress import progress_line
from trainlab.cli.study import check_options
from trainlab.studies import MapResult, map_picture, map_plane
from trainlab.studies.maps.question import SEEDS, read_size


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Plane:
    """The plane to map, and at which resolution."""

    x: Annotated[
        str,
        Parameter(
            help="The setting on the x axis, as in optimizer.lr=1e-4..10; ':log' or ':linear' may follow."
        ),
    ]
    y: Annotated[str, Parameter(help="The setting on the y axis, as in init.std=0.01..10.")]
    size: Annotated[str, Parameter(help="Values of x and of y.")] = "64x64"
    seeds: Annotated[int, Parameter(help="Seeds at each point, 0, 1, 2, …", converter=whole)] = SEEDS
    cell: Cell = None
    every_point: Annotated[
        bool,
        Parameter(help="Train every point, not only where neighbours differ.", negative=""),
    ] = False


def map_command(
    file: Annotated[str, Parameter(help="An experiment or study file (TOML), or an example by name.")],
    /,
    *,
    plane: Plane,
    engine: Engine = "auto",
    files: Files = Files(),
    svg: Annotated[
        str | None,
        Parameter(
            help="Write the picture of the share solved to this file; '-' for the terminal.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    runs: Runs = Runs(),
    details: Details = False,
) -> None:
    """Show where in a plane of two settings training works, and how it fails elsewhere."""
    check_options(
        file,
        seeds=plane.seeds,
        engine=engine,
        workers=runs.workers,
        on=runs.on,
        json=files.json,
        html=files.html,
    )
    check_writable("--svg", svg)
    check_distinct({"FILE": file, "--json": files.json, "--html": files.html, "--svg": svg})
    check_cell(plane.cell)
    with progress_line(yes=runs.yes) as show:
        result = map_plane(
            file,
            x=plane.x,
            y=plane.y,
            size=read_size(plane.size),
            seeds=plane.seeds,
            cell=plane.cell,
            every_point=plane.every_point,
            engine=engine,
            store=runs.store,
            workers=runs.workers,
            on=runs.on,
            fresh=runs.fresh,
            on_progress=show,
        )
    _deliver(result, files, svg=svg, details=details)


def _deliver(result: MapResult, files: Files, *, svg: str | None, details: bool) -> None:
    """Print the answer, or all `details`, unless a file goes to the terminal; write the files asked for."""
    from trainlab.report import map_html, print_map

    hand_over(
        lambda console: print_map(result, console=console, details=details),
        Output(option="--json", word="JSON", path=files.json, text=result.to_json),
        Output(option="--svg", word="picture", path=svg, text=lambda: map_picture(result).svg + "\n"),
        Output(option="--html", word="report", path=files.html, text=lambda: map_html(result)),
    )
