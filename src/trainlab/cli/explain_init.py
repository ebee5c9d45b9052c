"""``trainlab explain init``: schemes, signals through depth, symmetry, what they do to learning."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.explain_options import USUAL, ExplainOptions, check_question
from trainlab.cli.options import Cell, whole
from trainlab.cli.telling import tell
from trainlab.explain.questions.init import init
from trainlab.explain.questions.init.evidence import DEFAULT
from trainlab.explain.questions.init.question import PARTS


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
    options: ExplainOptions = USUAL,
) -> None:
    """Show what each scheme draws, what it does to a deep stack, and from which start networks learn."""
    parts = check_question(file, options, cell=cell, parts=PARTS)
    tell(
        init,
        options,
        parts=parts,
        source=file,
        cell=cell,
        schemes=scheme,
        activation=activation,
        depth=depth,
        width=width,
    )
