"""``trainlab explain loss [FILE]``: what a loss is, and whether yours fits your output and task."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import Engine, Folder, Html, Json, Workers, whole
from trainlab.cli.output import DEFAULT_STORE
from trainlab.cli.study import check_options
from trainlab.cli.telling import check_files, tell
from trainlab.explain import loss as explain_loss
from trainlab.explain.losses.loss import DEFAULT, SEEDS
from trainlab.explain.losses.variants import named_losses


def loss_command(
    file: Annotated[
        str, Parameter(help="An experiment or study file (TOML), or an example by name.")
    ] = DEFAULT,
    /,
    *,
    cell: Annotated[
        str | None,
        Parameter(
            help="The cell of a study, as 'Model 1:A+B'; its first network without changes if left out."
        ),
    ] = None,
    loss: Annotated[
        list[str] | None,
        Parameter(help="Draw and compare these losses, as 'mse', not the usual ones.", negative=""),
    ] = None,
    seeds: Annotated[int, Parameter(help="Seeds of each pairing, 0, 1, 2, …", converter=whole)] = SEEDS,
    engine: Engine = "auto",
    json: Json = None,
    html: Html = None,
    store: Folder = DEFAULT_STORE,
    workers: Workers = None,
) -> None:
    """Say whether output and loss fit the task, and show losses, their slopes, and what outliers do."""
    check_options(file, seeds=seeds, engine=engine, workers=workers, json=json, html=html)
    check_files(json=json, html=html, file=file)
    named_losses(loss or ())
    tell(
        explain_loss,
        json=json,
        html=html,
        source=file,
        cell=cell,
        loss=loss,
        seeds=seeds,
        engine=engine,
        store=store,
        workers=workers,
    )
