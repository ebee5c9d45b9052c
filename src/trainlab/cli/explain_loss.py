"""``trainlab explain loss [FILE]``: what a loss is, and whether yours fits your output and task."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.explain_options import USUAL, ExplainOptions, File, check_question
from trainlab.cli.options import Cell
from trainlab.cli.telling import tell
from trainlab.explain import loss as explain_loss
from trainlab.explain.questions.loss.question import DEFAULT, PARTS


def loss_command(
    file: File = DEFAULT,
    /,
    *,
    cell: Cell = None,
    loss: Annotated[
        list[str] | None,
        Parameter(help="Draw and compare these losses, as 'mse', not the usual ones.", negative=""),
    ] = None,
    options: ExplainOptions = USUAL,
) -> None:
    """Say whether output and loss fit the task, and show losses, their slopes, and what outliers do."""
    parts = check_question(file, options, cell=cell, parts=PARTS)
    tell(
        explain_loss,
        options,
        parts=parts,
        source=file,
        cell=cell,
        loss=loss,
    )
