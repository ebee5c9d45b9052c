"""``trainlab run FILE``: one experiment on many seeds."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import (
    MAX_FIDELITY,
    Details,
    Engine,
    Fidelity,
    Folder,
    Fresh,
    Html,
    Json,
    Why,
    Workers,
    check_range,
    whole,
)
from trainlab.cli.output import DEFAULT_STORE
from trainlab.cli.progress import progress_line
from trainlab.cli.study import check_options, deliver
from trainlab.spec import experiment_from_toml, read_spec
from trainlab.studies import run


def run_command(
    file: Annotated[str, Parameter(help="An experiment file (TOML), a study file, or an example by name.")],
    /,
    *,
    seeds: Annotated[int, Parameter(help="How many seeds, 0, 1, 2, …", converter=whole)] = 100,
    engine: Engine = "auto",
    json: Json = None,
    html: Html = None,
    store: Folder = DEFAULT_STORE,
    workers: Workers = None,
    fresh: Fresh = False,
    why: Why = 0,
    fidelity: Fidelity = 0,
    details: Details = False,
) -> None:
    """Run one experiment on many seeds; of a study file, its first network without changes."""
    check_options(file, seeds=seeds, engine=engine, workers=workers, why=why, json=json, html=html)
    check_range("--fidelity", fidelity, least=0, most=MAX_FIDELITY)
    experiment = read_spec(file, experiment_from_toml)
    with progress_line() as show:
        result = run(
            experiment,
            seeds=seeds,
            engine=engine,
            store=store,
            workers=workers,
            fresh=fresh,
            why=why,
            fidelity=fidelity,
            on_progress=show,
        )
    deliver(result, json=json, html=html, details=details)
