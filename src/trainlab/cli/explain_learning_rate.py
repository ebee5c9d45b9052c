"""``trainlab explain learning-rate``: what the learning rate is for."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.explain_options import USUAL, ExplainOptions, File, check_question
from trainlab.cli.telling import tell
from trainlab.explain import learning_rate
from trainlab.explain.questions.learning_rate.evidence import DEFAULT
from trainlab.explain.questions.learning_rate.grid import RATES
from trainlab.explain.questions.learning_rate.question import PARTS


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
    options: ExplainOptions = USUAL,
) -> None:
    """Show what the learning rate does: one step, stability, a grid of rates, a range test, schedules."""
    parts = check_question(file, options, cell=cell, parts=PARTS)
    tell(
        learning_rate,
        options,
        parts=parts,
        source=file,
        cell=cell,
        rates=rates,
        schedules=schedule,
    )
