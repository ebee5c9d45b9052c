"""``trainlab endings FILE --cell CELL``: where failed runs end, and whether longer training frees them."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import (
    Cell,
    Details,
    Engine,
    Json,
    Runs,
    check_cell,
    check_range,
    whole,
)
from trainlab.cli.output import Output, hand_over
from trainlab.cli.progress import progress_line
from trainlab.cli.study import check_options
from trainlab.studies import endings
from trainlab.studies.landscape.endings import LONGER, MAX_LONGER, SEEDS


def endings_command(
    file: Annotated[str, Parameter(help="An experiment or study file (TOML), or an example by name.")],
    /,
    *,
    cell: Cell = None,
    seeds: Annotated[int, Parameter(help="How many seeds, 0, 1, 2, …", converter=whole)] = SEEDS,
    longer: Annotated[
        int,
        Parameter(
            help="Train this many times longer, to count how many failed runs are solved then; 1 skips it.",
            converter=whole,
        ),
    ] = LONGER,
    engine: Engine = "auto",
    json: Json = None,
    runs: Runs = Runs(),
    details: Details = False,
) -> None:
    """Tell where failed runs end: at a minimum, a saddle, on a plateau, or still moving."""
    check_options(file, seeds=seeds, engine=engine, workers=runs.workers, on=runs.on, json=json, html=None)
    check_range("--longer", longer, least=1, most=MAX_LONGER)
    check_cell(cell)
    with progress_line(yes=runs.yes) as show:
        result = endings(
            file,
            cell=cell,
            seeds=seeds,
            longer=longer,
            engine=engine,
            store=runs.store,
            workers=runs.workers,
            on=runs.on,
            fresh=runs.fresh,
            on_progress=show,
        )
    from trainlab.report import print_endings

    hand_over(
        lambda console: print_endings(result, console=console, details=details),
        Output(option="--json", word="JSON", path=json, text=result.to_json),
    )
