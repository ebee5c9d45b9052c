"""``trainlab explain chain-rule``: from one weight to the loss, and back."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from trainlab.cli.options import (
    Engine,
    Folder,
    Html,
    Json,
    UsageError,
    Workers,
    check_range,
    shortened,
    whole,
)
from trainlab.cli.output import DEFAULT_STORE
from trainlab.cli.study import check_input
from trainlab.cli.telling import check_files, tell
from trainlab.engine import ENGINES
from trainlab.errors import listing, nearest
from trainlab.explain.chains import chain_rule
from trainlab.explain.chains.ask import SEEDS


def chain_rule_command(
    file: Annotated[
        str | None,
        Parameter(help="An experiment or study file (TOML), or an example by name; 2-3-2-1 on XOR without."),
    ] = None,
    /,
    *,
    cell: Annotated[str | None, Parameter(help="The cell of a study, as 'Model 1:A+B'.")] = None,
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
            help="A point of your own: its inputs, as 0,1; with --target.",
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
    seeds: Annotated[int, Parameter(help="Seeds of the population, 0, 1, 2, …", converter=whole)] = SEEDS,
    engine: Engine = "auto",
    json: Json = None,
    html: Html = None,
    store: Folder = DEFAULT_STORE,
    workers: Workers = None,
) -> None:
    """Multiply out every path from a weight to the loss; then the backward pass, depth, and downhill."""
    check_range("--seeds", seeds, least=1, most=1_000_000)
    check_range("--workers", workers, least=1, most=1024)
    if engine not in ENGINES:
        raise UsageError(f"--engine {engine!r}: must be {listing(ENGINES)}.{nearest(engine, ENGINES)}")
    if cell == "":
        raise UsageError("--cell '': name a cell, as in 'Model 1:A+B' or 'Model 1:none'.")
    if (own_input is None) != (target is None):
        given, missing = ("--input", "--target") if target is None else ("--target", "--input")
        raise UsageError(f"{given}: is given without {missing}; give both, or neither and a --point.")
    if file is not None:
        check_input(file)
    check_files(json=json, html=html, file=file)
    options: dict[str, Any] = {
        "cell": cell,
        "network": network,
        "weight": weight,
        "point": point,
        "inputs": None if own_input is None else _numbers("--input", own_input),
        "targets": None if target is None else _numbers("--target", target),
        "seed": seed,
        "paths": paths,
        "seeds": seeds,
        "engine": engine,
        "store": store,
        "workers": workers,
    }
    if file is not None:
        options["source"] = file
    tell(chain_rule, json=json, html=html, **options)


def _numbers(option: str, text: str) -> list[float]:
    """Read numbers joined by commas."""
    numbers: list[float] = []
    for word in text.split(","):
        try:
            number = float(word)
        except ValueError:
            raise UsageError(
                f"{option} {shortened(text)}: {shortened(word)!r} is not a number; write numbers "
                "joined by commas, as 0,1."
            ) from None
        if not math.isfinite(number):
            raise UsageError(
                f"{option} {shortened(text)}: {word.strip()} is not a finite number; give a finite one."
            )
        numbers.append(number)
    return numbers
