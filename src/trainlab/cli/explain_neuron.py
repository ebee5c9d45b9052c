"""``trainlab explain neuron [FILE]``: one neuron taken apart, and stacks without activations."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.explain_options import USUAL, ExplainOptions, File, check_question, read_numbers
from trainlab.cli.options import Cell, whole
from trainlab.cli.telling import tell
from trainlab.explain import neuron
from trainlab.explain.questions.neuron.question import DEFAULT, PARTS


def neuron_command(
    file: File = DEFAULT,
    /,
    *,
    cell: Cell = None,
    layer: Annotated[
        int, Parameter(help="The layer, from 1, the first after the inputs.", converter=whole)
    ] = 1,
    unit: Annotated[int, Parameter(help="The unit of that layer, from 1.", converter=whole)] = 1,
    point: Annotated[
        int | None,
        Parameter(
            help="The data point, from 1; the first that isn't all zeros if left out.", converter=whole
        ),
    ] = None,
    input_: Annotated[
        str | None,
        Parameter(
            name="--input",
            help="An input of your own instead of a data point: numbers joined by commas, as in 0,1.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    seed: Annotated[int, Parameter(help="The seed whose weights are looked at.", converter=whole)] = 0,
    trained: Annotated[
        bool, Parameter(help="Weights after that seed's training, or as drawn.", negative="--initial")
    ] = True,
    options: ExplainOptions = USUAL,
) -> None:
    """Take one neuron apart: its sum, its activation, its line; then collapse stacks without activations."""
    parts = check_question(file, options, cell=cell, parts=PARTS)
    tell(
        neuron,
        options,
        parts=parts,
        source=file,
        cell=cell,
        layer=layer,
        unit=unit,
        point=point,
        input=None if input_ is None else read_numbers("--input", input_),
        seed=seed,
        trained=trained,
    )
