"""What the five commands of ``trainlab explain`` ask for alike, and check before anything runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from cyclopts import Parameter

from trainlab.cli.options import (
    DEFAULT_STORE,
    Details,
    Engine,
    Folder,
    Html,
    Json,
    Runs,
    UsageError,
    Workers,
    Yes,
    check_cell,
    check_range,
    shortened,
    whole,
)
from trainlab.cli.output import Files
from trainlab.cli.study import check_options
from trainlab.explain.options import MOST_SEEDS, SEEDS, Part, check_parts

File = Annotated[str, Parameter(help="An experiment or study file (TOML), or an example by name.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainOptions:
    """Which sections are made, how populations are trained, and where the result goes."""

    only: Annotated[
        str | None,
        Parameter(
            help="Only these sections, as NAME,NAME: quicker, but without an answer. A wrong name lists "
            "all there are."
        ),
    ] = None
    seeds: Annotated[
        int, Parameter(alias="-n", help="Seeds of each population, 0, 1, 2, …", converter=whole)
    ] = SEEDS
    engine: Engine = "auto"
    details: Details = False
    json: Json = None
    html: Html = None
    store: Folder = DEFAULT_STORE
    workers: Workers = None
    yes: Yes = False

    @property
    def populations(self) -> dict[str, Any]:
        """How populations are trained, as the five functions take it."""
        return {"seeds": self.seeds, "engine": self.engine, "store": self.store, "workers": self.workers}


USUAL: Final = ExplainOptions()


def check_question(
    file: str | None, options: ExplainOptions, *, cell: str | None, parts: Sequence[Part[Any]]
) -> tuple[str, ...]:
    """Return the sections asked for; refuse wrong options, and files that can't be read or written."""
    check_range("--seeds", options.seeds, least=1, most=MOST_SEEDS)
    check_options(
        file,
        seeds=None,
        engine=options.engine,
        runs=Runs(workers=options.workers),
        files=Files(json=options.json, html=options.html),
    )
    check_cell(cell)
    if options.only is None:
        return ()
    names = [name.strip() for name in options.only.split(",")]
    return check_parts(parts, names, option="--only")


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
