"""``trainlab budget 44 --inputs 2 --outputs 1``: networks by their parameters; ``params 2-11-1``: of one."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, cast

from cyclopts import Parameter

from trainlab.budgets import Architecture, BiasRule, Budget, bias_flags, budget, layer_table
from trainlab.budgets.question import number_words
from trainlab.cli.options import UsageError, check_range, flag, number

# ``trainlab budget 44 --inputs 2 --outputs 1``: the networks with exactly that many parameters.


MAX_SAMPLE = 1_000_000
MANY = 10_000
"""More networks than this are only listed with --limit: nobody reads them."""

_HIDDEN_BIAS = "'yes', 'no', or 'any': each hidden layer chooses by itself."


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Networks:
    """Which networks count."""

    inputs: Annotated[int, number("Inputs of the network.")]
    outputs: Annotated[int, number("Outputs of the network.")]
    hidden_bias: Annotated[str, Parameter(help=_HIDDEN_BIAS)] = "any"
    output_bias: Annotated[str, Parameter(help="'yes', 'no' or 'any'.")] = "any"
    min_width: Annotated[int, number("Narrowest hidden layer.")] = 1
    max_width: Annotated[int | None, number("Widest hidden layer.")] = None
    min_depth: Annotated[int, number("Fewest hidden layers.")] = 0
    max_depth: Annotated[int | None, number("Most hidden layers.")] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What to print about them: their number, all of them or the first, a sample, or a summary."""

    count: Annotated[bool, flag("Print only the exact number of networks.")] = False
    list_: Annotated[bool, flag("List them all, one per line.", name="--list")] = False
    limit: Annotated[int | None, number("List only the first N.")] = None
    draw: Annotated[int | None, number("Draw this many, all equally likely.", alias="--sample")] = None
    draw_seed: Annotated[int, number("The seed of the draw.", alias="--seed")] = 0
    json: Annotated[bool, flag("Print JSON; in lists, one network per line.")] = False


def budget_command(
    parameters: Annotated[int, number("The exact number of trainable parameters.")],
    /,
    *,
    networks: Networks,
    answer: Answer = Answer(),
) -> None:
    """Count, list or draw the networks that have an exact number of parameters."""
    if sum((answer.count, answer.list_, answer.draw is not None)) > 1:
        raise UsageError("--count, --list and --draw: give one of them, or none for a summary.")
    check_range("--draw", answer.draw, least=1, most=MAX_SAMPLE)
    check_range("--limit", answer.limit, least=1, most=sys.maxsize)
    if answer.limit is not None and not answer.list_:
        raise UsageError(f"--limit {answer.limit}: says how many --list prints; give --list as well.")
    asked = budget(
        parameters,
        inputs=networks.inputs,
        outputs=networks.outputs,
        hidden_bias=cast("BiasRule", networks.hidden_bias),
        output_bias=cast("BiasRule", networks.output_bias),
        min_width=networks.min_width,
        max_width=networks.max_width,
        min_depth=networks.min_depth,
        max_depth=networks.max_depth,
    )
    if answer.count:
        print(json_module.dumps({"count": asked.count()}) if answer.json else asked.count())
    elif answer.list_:
        _print_list(asked, answer.limit, as_json=answer.json)
    elif answer.draw is not None:
        _print_each(asked.sample(answer.draw, seed=answer.draw_seed), as_json=answer.json)
    else:
        print(json_module.dumps(asked.to_dict(), indent=1) if answer.json else asked)


def _print_list(asked: Budget, limit: int | None, *, as_json: bool) -> None:
    """Print the networks; say on stderr if there are none, or more than these."""
    count = asked.count()
    if count > MANY and limit is None:
        raise UsageError(
            f"--list: would print {number_words(count)} networks. Give --limit N for the first N, --draw N "
            "to draw some, or bounds, as --min-width 2 --max-depth 3."
        )
    _print_each(islice(asked.list(), limit), as_json=as_json)
    sys.stdout.flush()
    if not count:
        print(f"trainlab: {asked}", file=sys.stderr)
    elif limit is not None and limit < count:
        print(f"trainlab: the first {limit:,} of {number_words(count)} networks.", file=sys.stderr)


def _print_each(architectures: Iterable[Architecture], *, as_json: bool) -> None:
    for architecture in architectures:
        sys.stdout.write(f"{json_module.dumps(architecture.to_dict()) if as_json else architecture}\n")


# ``trainlab params 2-11-1``: the trainable parameters, layer by layer.


def params_command(
    network: Annotated[str, Parameter(help="The widths, from inputs to outputs, as in 2-11-1.")],
    /,
    *,
    hidden_bias: Annotated[str, Parameter(help="'yes' or 'no'.")] = "yes",
    output_bias: Annotated[str, Parameter(help="'yes' or 'no'.")] = "yes",
    json: Annotated[bool, flag("Print JSON instead of the table.")] = False,
) -> None:
    """Show the trainable parameters of a network, layer by layer."""
    from trainlab.spec import parse_widths

    widths = parse_widths(network)
    flags = bias_flags(layers=len(widths) - 1, hidden_bias=hidden_bias, output_bias=output_bias)
    table = layer_table(widths=widths, biases=flags)
    print(json_module.dumps(table.to_dict(), indent=1) if json else table)
