"""``trainlab explain init``: schemes, signals through depth, symmetry, what they do to learning."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.explain_options import Seeds, check_question
from trainlab.cli.options import DEFAULT_STORE, Cell, Details, Engine, Folder, Html, Json, Workers, whole
from trainlab.cli.telling import tell
from trainlab.explain.questions.init import init
from trainlab.explain.questions.init.asked import DEFAULT
from trainlab.explain.questions.init.question import SEEDS


def init_command(
    file: Annotated[
        str,
        Parameter(
            help="An experiment or study file (TOML), or an example by name; of xor44, Model 3 with changes "
            "A and B unless --cell says otherwise."
        ),
    ] = DEFAULT,
    /,
    *,
    cell: Cell = None,
    scheme: Annotated[
        list[str] | None,
        Parameter(
            help="Show and train only these schemes, as he_normal or 'normal(std=0.5)'; can be repeated.",
            negative="",
        ),
    ] = None,
    activation: Annotated[
        str | None, Parameter(help="Of the stack that signals go through; the experiment's if left out.")
    ] = None,
    depth: Annotated[int, Parameter(help="Layers of that stack.", converter=whole)] = 10,
    width: Annotated[int, Parameter(help="Units of each of them.", converter=whole)] = 64,
    seeds: Seeds = SEEDS,
    engine: Engine = "auto",
    details: Details = False,
    json: Json = None,
    html: Html = None,
    store: Folder = DEFAULT_STORE,
    workers: Workers = None,
) -> None:
    """Show what each scheme draws, what it does to a deep stack, and from which start networks learn."""
    check_question(file, cell=cell, seeds=seeds, engine=engine, workers=workers, json=json, html=html)
    tell(
        init,
        details=details,
        json=json,
        html=html,
        source=file,
        cell=cell,
        schemes=scheme,
        activation=activation,
        depth=depth,
        width=width,
        seeds=seeds,
        engine=engine,
        store=store,
        workers=workers,
    )
