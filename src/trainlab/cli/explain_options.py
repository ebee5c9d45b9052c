"""What the five commands of ``trainlab explain`` ask for alike, and check before anything runs."""

from __future__ import annotations

import math
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import UsageError, check_cell, check_range, shortened, whole
from trainlab.cli.study import check_options
from trainlab.explain.common.options import MOST_SEEDS

File = Annotated[str, Parameter(help="An experiment or study file (TOML), or an example by name.")]
Seeds = Annotated[int, Parameter(help="Seeds of each population, 0, 1, 2, …", converter=whole)]


def check_question(
    file: str | None,
    *,
    cell: str | None,
    seeds: int,
    engine: str,
    workers: int | None,
    json: str | None,
    html: str | None,
) -> None:
    """Refuse wrong options, and files that can't be read or written."""
    check_range("--seeds", seeds, least=1, most=MOST_SEEDS)
    check_options(file, seeds=None, engine=engine, workers=workers, json=json, html=html)
    check_cell(cell)


def read_numbers(option: str, text: str) -> list[float]:
    """Read finite numbers joined by commas."""
    numbers: list[float] = []
    for word in text.split(","):
        try:
            number = float("no number" if "_" in word else word)
        except ValueError:
            raise UsageError(
                f"{option} {shortened(text)!r}: {shortened(word)!r} is not a number; write numbers joined by "
                "commas, as 0,1."
            ) from None
        if not math.isfinite(number):
            raise UsageError(
                f"{option} {shortened(text)!r}: {word.strip()} is not a finite number; give a finite one."
            )
        numbers.append(number)
    return numbers
