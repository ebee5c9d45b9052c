"""``trainlab race 44 FILE``, ``race 5..13 FILE`` or ``race FILE``: which candidate learns best?"""

from __future__ import annotations

import re
from typing import Annotated, Any, cast

from cyclopts import Parameter

from trainlab.budgets import Budget, budget
from trainlab.cli.options import (
    Details,
    Engine,
    Folder,
    Fresh,
    Html,
    Json,
    UsageError,
    Workers,
    check_range,
    shortened,
    whole,
)
from trainlab.cli.output import DEFAULT_STORE, Output, hand_over
from trainlab.cli.progress import progress_line
from trainlab.cli.smallest import deliver, find_smallest, read_range
from trainlab.cli.study import check_options
from trainlab.spec import any_study, named_cell
from trainlab.spec.race import MAX_CANDIDATES
from trainlab.spec.study import MAX_SEEDS
from trainlab.studies import RaceProgress, RaceResult, race

MAX_RUNS = 1_000_000_000_000
_BUDGET_ONLY = "--inputs, --outputs, --hidden-bias, --output-bias, --min-width and so on"


def race_command(
    what: Annotated[
        str,
        Parameter(
            help="The exact number of parameters of the networks that race, followed by FILE; or a range, as "
            "5..13, to find the fewest that are enough; or FILE alone, whose [race] table says what races.",
        ),
    ],
    file: Annotated[
        str | None, Parameter(help="A study or experiment file (TOML), or an example by name.")
    ] = None,
    /,
    *,
    inputs: Annotated[
        int | None, Parameter(help="Inputs of the networks; the file's task says how many.", converter=whole)
    ] = None,
    outputs: Annotated[int | None, Parameter(help="Outputs, likewise.", converter=whole)] = None,
    hidden_bias: Annotated[
        str | None, Parameter(help="'yes', 'no', or 'any' (each hidden layer by itself).")
    ] = None,
    output_bias: Annotated[str | None, Parameter(help="'yes', 'no' or 'any'.")] = None,
    min_width: Annotated[int | None, Parameter(help="Narrowest hidden layer.", converter=whole)] = None,
    max_width: Annotated[int | None, Parameter(help="Widest hidden layer.", converter=whole)] = None,
    min_depth: Annotated[int | None, Parameter(help="Fewest hidden layers.", converter=whole)] = None,
    max_depth: Annotated[int | None, Parameter(help="Most hidden layers.", converter=whole)] = None,
    draw: Annotated[
        int | None, Parameter(help="Draw so many of the networks; all race if left out.", converter=whole)
    ] = None,
    draw_seed: Annotated[int, Parameter(help="The seed of the draw.", converter=whole)] = 0,
    cell: Annotated[
        str | None,
        Parameter(help="The study's cell that gives everything else, as 'Model 1:A+B' or ':A+B'."),
    ] = None,
    seeds: Annotated[int, Parameter(help="Seeds of each in the first round.", converter=whole)] = 32,
    max_seeds: Annotated[int, Parameter(help="The most seeds of each.", converter=whole)] = 4096,
    budget_seeds: Annotated[
        int | None,
        Parameter(help="The most runs in all: one network on one seed is a run.", converter=whole),
    ] = None,
    until: Annotated[
        str | None,
        Parameter(help="Of a range: the share of seeds that some network is to solve, 95% if left out."),
    ] = None,
    every_budget: Annotated[
        bool,
        Parameter(
            help="Of a range: race all numbers of parameters, not up to the first enough.", negative=""
        ),
    ] = False,
    engine: Engine = "auto",
    json: Json = None,
    html: Html = None,
    store: Folder = DEFAULT_STORE,
    workers: Workers = None,
    fresh: Fresh = False,
    details: Details = False,
) -> None:
    """Race many candidates: all get a few seeds, those shown to be worse are dropped, the rest get more."""
    limits = {
        "hidden_bias": hidden_bias,
        "output_bias": output_bias,
        "min_width": min_width,
        "max_width": max_width,
        "min_depth": min_depth,
        "max_depth": max_depth,
    }
    several = read_range(what)
    parameters, path = (None, _file_of(what, file)) if several else _what(what, file)
    if several is None and (until is not None or every_budget):
        raise UsageError(
            "--until, --every-budget: ask of a range of parameters; give one, as in: race 5..13 FILE"
        )
    if several and (draw is not None or budget_seeds is not None):
        raise UsageError(
            f"--draw, --budget-seeds: of a range all networks race until each number is decided; leave these "
            f"out of race {what}, or end the range sooner."
        )
    if parameters is None and draw is not None:
        raise UsageError("--draw: draws networks; give their number of parameters first, as in: race 44 FILE")
    check_options(path, seeds=seeds, engine=engine, workers=workers, json=json, html=html)
    check_range("--max-seeds", max_seeds, least=1, most=MAX_SEEDS)
    if max_seeds < seeds:
        raise UsageError(
            f"--max-seeds {max_seeds}: is less than the {seeds:,} seeds of the first round; raise it, or "
            "lower --seeds."
        )
    check_range("--budget-seeds", budget_seeds, least=1, most=MAX_RUNS)
    check_range("--draw", draw, least=2, most=MAX_CANDIDATES)
    given = {name: limit for name, limit in limits.items() if limit is not None}
    if several:
        inputs, outputs = _ends(path, cell, inputs, outputs)
        options = {"cell": cell, "every_budget": every_budget, "seeds": seeds, "max_seeds": max_seeds}
        options |= {"engine": engine, "store": store, "workers": workers, "fresh": fresh}
        found = find_smallest(
            path, several, inputs=inputs, outputs=outputs, limits=given, until=until, options=options
        )
        deliver(found, json=json, html=html, details=details)
        return
    networks = _networks(path, cell, parameters, inputs, outputs, given)
    with progress_line() as show:

        def note(progress: RaceProgress) -> None:
            show(progress.training, before=_round_words(progress))

        result = race(
            path,
            networks=networks,
            draw=draw,
            draw_seed=draw_seed,
            cell=cell,
            seeds=seeds,
            max_seeds=max_seeds,
            budget_seeds=budget_seeds,
            engine=engine,
            store=store,
            workers=workers,
            fresh=fresh,
            on_progress=note,
        )
    _deliver(result, json=json, html=html, details=details)


def _what(what: str, file: str | None) -> tuple[int | None, str]:
    """Return the number of parameters, None without, and the file."""
    if file is None:
        if re.fullmatch(r"[0-9]+", what):
            raise UsageError(
                f"race {shortened(what)}: give a study file as well, as in: race {shortened(what)} xor44"
            )
        return None, what
    if not re.fullmatch(r"[0-9]{1,100}", what):
        raise UsageError(f"race {shortened(what)}: must be a whole number of parameters, as in: race 44 FILE")
    return int(what), file


def _file_of(what: str, file: str | None) -> str:
    if file is None:
        raise UsageError(f"race {what}: give a study file as well, as in: race {what} xor44")
    return file


def _ends(path: str, cell: str | None, inputs: int | None, outputs: int | None) -> tuple[int, int]:
    """Return inputs and outputs; left out, they are those of the file's task."""
    if inputs is not None and outputs is not None:
        return inputs, outputs
    data = named_cell(any_study(path), cell).experiment.data()
    return (data.features if inputs is None else inputs), (data.outputs if outputs is None else outputs)


def _networks(
    path: str,
    cell: str | None,
    parameters: int | None,
    inputs: int | None,
    outputs: int | None,
    limits: dict[str, str | int],
) -> Budget | None:
    """Return the networks that race, None where the file says it; left out, inputs are those of its task."""
    if parameters is None:
        if inputs is not None or outputs is not None or limits:
            raise UsageError(
                f"{_BUDGET_ONLY}: say which networks race; give their number of parameters, as in: "
                "race 44 FILE"
            )
        return None
    inputs, outputs = _ends(path, cell, inputs, outputs)
    return budget(parameters, inputs=inputs, outputs=outputs, **cast("Any", limits))


def _round_words(progress: RaceProgress) -> str:
    return f"round {progress.round} of {progress.rounds} at most, {progress.candidates:,} in the race: "


def _deliver(result: RaceResult, *, json: str | None, html: str | None, details: bool) -> None:
    """Print the answer, or all `details`, unless a file goes to the terminal; write the files asked for."""
    from trainlab.report import print_race, race_html

    hand_over(
        lambda console: print_race(result, console=console, details=details),
        Output(option="--json", word="JSON", path=json, text=result.to_json),
        Output(option="--html", word="report", path=html, text=lambda: race_html(result)),
    )
