"""``trainlab explain learning-rate``: what the learning rate is for."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.explain_options import File, Seeds, check_question
from trainlab.cli.options import DEFAULT_STORE, Details, Engine, Folder, Html, Json, Workers
from trainlab.cli.telling import tell
from trainlab.explain import learning_rate
from trainlab.explain.questions.learning_rate.asked import DEFAULT
from trainlab.explain.questions.learning_rate.grid import RATES
from trainlab.explain.questions.learning_rate.question import SEEDS


def learning_rate_command(
    file: File = DEFAULT,
    /,
    *,
    cell: Annotated[
        str | None,
        Parameter(
            help="The cell of a study, as 'Model 1:A+B'; if left out its first network without "
            "changes, and of xor44 'Model 2:B+E'."
        ),
    ] = None,
    rates: Annotated[
        str, Parameter(help="The rates to try, as LOW..HIGH; ':25' behind it says how many.")
    ] = RATES,
    schedule: Annotated[
        list[str] | None,
        Parameter(
            help="A schedule to draw and compare with a constant rate: 'step', "
            "'step:step_size=30,gamma=0.1', 'warmup:total_iters=20+one_cycle'. May be given again; "
            "eleven if left out.",
            negative="",
        ),
    ] = None,
    seeds: Seeds = SEEDS,
    engine: Engine = "auto",
    details: Details = False,
    json: Json = None,
    html: Html = None,
    store: Folder = DEFAULT_STORE,
    workers: Workers = None,
) -> None:
    """Show what the learning rate does: one step, stability, a grid of rates, a range test, schedules."""
    check_question(file, cell=cell, seeds=seeds, engine=engine, workers=workers, json=json, html=html)
    tell(
        learning_rate,
        details=details,
        json=json,
        html=html,
        source=file,
        cell=cell,
        rates=rates,
        schedules=schedule,
        seeds=seeds,
        engine=engine,
        store=store,
        workers=workers,
    )
