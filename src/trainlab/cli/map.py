"""``trainlab map FILE --x optimizer.lr=1e-4..10 --y init.std=0.01..10``: where training works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import Cell, Details, Engine, File, Runs, check_cell, flag, number
from trainlab.cli.output import Files, Output, check_distinct, check_writable, trained
from trainlab.cli.study import check_options
from trainlab.studies import map_picture, map_plane
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
    seeds: Annotated[int, number("Seeds at each point, 0, 1, 2, …", alias="-n")] = SEEDS
    cell: Cell = None
    every_point: Annotated[bool, flag("Train every point, not only where neighbours differ.")] = False


def map_command(
    file: File,
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
    check_options(file, seeds=plane.seeds, engine=engine, runs=runs, files=files)
    check_writable("--svg", svg)
    check_distinct({"FILE": file, "--json": files.json, "--html": files.html, "--svg": svg})
    check_cell(plane.cell)
    result = trained(
        map_plane,
        file,
        x=plane.x,
        y=plane.y,
        size=read_size(plane.size),
        seeds=plane.seeds,
        cell=plane.cell,
        every_point=plane.every_point,
        engine=engine,
        runs=runs,
    )
    from trainlab.report import map_html, print_map

    picture = Output(option="--svg", word="picture", path=svg, text=lambda: f"{map_picture(result).svg}\n")
    files.deliver(result, print_map, map_html, picture, details=details)
