"""``trainlab explain chain-rule``: from one weight to the loss, and back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from trainlab.cli.explain_options import USUAL, ExplainOptions, check_question, read_numbers
from trainlab.cli.options import Cell, UsageError, whole
from trainlab.cli.telling import tell
from trainlab.explain.questions.chain_rule import chain_rule
from trainlab.explain.questions.chain_rule.question import PARTS


def chain_rule_command(
    file: Annotated[
        str | None,
        Parameter(
            help="An experiment or study file (TOML), or an example by name; without it 4-3-2-1, "
            "which learns XOR of its four inputs."
        ),
    ] = None,
    /,
    *,
    cell: Cell = None,
    network: Annotated[
        str | None, Parameter(help="Other widths, from inputs to outputs, as 2-8-8-1.")
    ] = None,
    weight: Annotated[
        str | None,
        Parameter(
            help="w2[1,3] is the weight of layer 2 to its unit 1 from unit 3 before it, b2[1] a bias; or "
            "w2.1.3 and b2.1, which need no quotes. Everything counts from 1."
        ),
    ] = None,
    point: Annotated[
        int | None, Parameter(help="The number of a training example, from 1.", converter=whole)
    ] = None,
    own_input: Annotated[
        str | None,
        Parameter(
            name="--input",
            help="A point of your own: its inputs, as 1,2,3,4; with --target. Without FILE and --network the "
            "network has as many inputs.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    target: Annotated[
        str | None, Parameter(help="Its target, as 1; several joined by commas.", allow_leading_hyphen=True)
    ] = None,
    seed: Annotated[int, Parameter(help="The seed of the initial weights.", converter=whole)] = 0,
    paths: Annotated[
        Literal["auto", "all"],
        Parameter(help="'auto' lists the 50 largest paths, 'all' every one, up to 100,000."),
    ] = "auto",
    options: ExplainOptions = USUAL,
) -> None:
    """Multiply out every path from a weight to the loss; then the backward pass, depth, and downhill."""
    parts = check_question(file, options, cell=cell, parts=PARTS)
    if (own_input is None) != (target is None):
        given, missing = ("--input", "--target") if target is None else ("--target", "--input")
        raise UsageError(f"{given}: is given without {missing}; give both, or neither and a --point.")
    asked: dict[str, Any] = {
        "cell": cell,
        "network": network,
        "weight": weight,
        "point": point,
        "inputs": None if own_input is None else read_numbers("--input", own_input),
        "targets": None if target is None else read_numbers("--target", target),
        "seed": seed,
        "paths": paths,
    }
    if file is not None:
        asked["source"] = file
    tell(chain_rule, options, parts=parts, **asked)
