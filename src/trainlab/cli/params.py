"""``trainlab params 2-11-1``: the trainable parameters, layer by layer."""

from __future__ import annotations

import json as json_module
from typing import Annotated

from cyclopts import Parameter

from trainlab.budgets import bias_flags, layer_table
from trainlab.spec import parse_widths


def params_command(
    network: Annotated[str, Parameter(help="The widths, from inputs to outputs, as in 2-11-1.")],
    /,
    *,
    hidden_bias: Annotated[str, Parameter(help="'yes' or 'no'.")] = "yes",
    output_bias: Annotated[str, Parameter(help="'yes' or 'no'.")] = "yes",
    json: Annotated[bool, Parameter(help="Print JSON instead of the table.", negative="")] = False,
) -> None:
    """Show the trainable parameters of a network, layer by layer."""
    widths = parse_widths(network)
    flags = bias_flags(layers=len(widths) - 1, hidden_bias=hidden_bias, output_bias=output_bias)
    table = layer_table(widths=widths, biases=flags)
    print(json_module.dumps(table.to_dict(), indent=1) if json else table)
