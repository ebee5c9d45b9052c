"""``trainlab explain loss [FILE]``: what a loss is, and whether yours fits your output and task."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.explain_options import File, Seeds, check_question
from trainlab.cli.options import DEFAULT_STORE, Cell, Details, Engine, Folder, Html, Json, Workers
from trainlab.cli.telling import tell
from trainlab.explain import loss as explain_loss
from trainlab.explain.questions.loss.question import DEFAULT, SEEDS


def loss_command(
    file: File = DEFAULT,
    /,
    *,
    cell: Cell = None,
    loss: Annotated[
        list[str] | None,
        Parameter(help="Draw and compare these losses, as 'mse', not the usual ones.", negative=""),
    ] = None,
    seeds: Seeds = SEEDS,
    engine: Engine = "auto",
    details: Details = False,
    json: Json = None,
    html: Html = None,
    store: Folder = DEFAULT_STORE,
    workers: Workers = None,
) -> None:
    """Say whether output and loss fit the task, and show losses, their slopes, and what outliers do."""
    check_question(file, cell=cell, seeds=seeds, engine=engine, workers=workers, json=json, html=html)
    tell(
        explain_loss,
        details=details,
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
