"""``trainlab run FILE``: one experiment on many seeds; ``endings``: where runs end; ``map``: two settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import (
    MAX_FIDELITY,
    Cell,
    Details,
    Engine,
    Fidelity,
    File,
    Json,
    Runs,
    Seeds,
    UsageError,
    Why,
    check_cell,
    check_range,
    flag,
    number,
)
from trainlab.cli.output import Files, Output, check_distinct, check_writable, trained
from trainlab.cli.study import check_options
from trainlab.spec import any_study, experiment_from_toml, named_cell, read_spec
from trainlab.spec.tasks import MAX_SEED
from trainlab.studies import endings, map_picture, map_plane, run
from trainlab.studies.endings import LONGER, MAX_LONGER, SEEDS
from trainlab.studies.maps.question import SEEDS as SEEDS_OF_POINT
from trainlab.studies.maps.question import read_size

# ``trainlab run FILE``: one experiment on many seeds.


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which runs to train, or which one of them to take apart."""

    cell: Cell = None
    seeds: Seeds = 100
    spike: Annotated[
        bool, flag("Instead, take apart how a run unlearned what it had solved: the step, the weight, √v.")
    ] = False
    seed: Annotated[
        int | None, number("With --spike: this seed, instead of the first that was unlearnt.")
    ] = None


def run_command(
    file: Annotated[str, Parameter(help="An experiment file (TOML), a study file, or an example by name.")],
    /,
    *,
    asked: Asked = Asked(),
    engine: Engine = "auto",
    files: Files = Files(),
    runs: Runs = Runs(),
    why: Why = 0,
    fidelity: Fidelity = 0,
    details: Details = False,
) -> None:
    """Run one experiment on many seeds; from a study file, its first network without changes, or any cell."""
    check_options(file, seeds=asked.seeds, engine=engine, runs=runs, files=files, why=why)
    check_range("--fidelity", fidelity, least=0, most=MAX_FIDELITY)
    check_cell(asked.cell)
    check_range("--seed", asked.seed, least=0, most=MAX_SEED)
    if asked.seed is not None and not asked.spike:
        raise UsageError(
            f"--seed {asked.seed}: is the run that --spike takes apart; add --spike, or leave it out."
        )
    if asked.spike:
        for option, count in (("--why", why), ("--fidelity", fidelity)):
            if count:
                raise UsageError(
                    f"{option} {count}: is about many runs, --spike about one; leave out either."
                )
        _tell_spike(file, asked, engine=engine, files=files, runs=runs, details=details)
        return
    if asked.cell is None:
        experiment = read_spec(file, experiment_from_toml)
    else:
        experiment = named_cell(any_study(file), asked.cell).experiment
    result = trained(run, experiment, seeds=asked.seeds, why=why, fidelity=fidelity, engine=engine, runs=runs)
    from trainlab.report import print_study, study_html

    files.deliver(result, print_study, study_html, details=details)


def _tell_spike(file: str, asked: Asked, *, engine: str, files: Files, runs: Runs, details: bool) -> None:
    """Take apart how a run unlearned, and hand it over."""
    from trainlab.studies.spike import spike

    result = trained(
        spike, file, cell=asked.cell, seed=asked.seed, seeds=asked.seeds, engine=engine, runs=runs
    )
    from trainlab.report import print_spike, spike_html

    files.deliver(result, print_spike, spike_html, details=details)


# ``trainlab endings FILE --cell CELL``: where failed runs end, and whether longer training frees them.


def endings_command(
    file: File,
    /,
    *,
    cell: Cell = None,
    seeds: Seeds = SEEDS,
    longer: Annotated[
        int,
        number("Train this many times longer, to count how many failed runs are solved then; 1 skips it."),
    ] = LONGER,
    engine: Engine = "auto",
    json: Json = None,
    runs: Runs = Runs(),
    details: Details = False,
) -> None:
    """Tell where failed runs end: at a minimum, a saddle, on a plateau, or still moving."""
    check_options(file, seeds=seeds, engine=engine, runs=runs, files=Files(json=json))
    check_range("--longer", longer, least=1, most=MAX_LONGER)
    check_cell(cell)
    result = trained(endings, file, cell=cell, seeds=seeds, longer=longer, engine=engine, runs=runs)
    from trainlab.report import print_endings

    Files(json=json).deliver(result, print_endings, details=details)


# ``trainlab map FILE --x optimizer.lr=1e-4..10 --y init.std=0.01..10``: where training works.


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
    seeds: Annotated[int, number("Seeds at each point, 0, 1, 2, …", alias="-n")] = SEEDS_OF_POINT
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
