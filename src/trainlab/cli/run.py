"""``trainlab run FILE``: one experiment on many seeds."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.output import DEFAULT_STORE, progress_line
from trainlab.cli.study import check_options, deliver
from trainlab.errors import SpecError
from trainlab.spec import experiment_from_toml, read_text
from trainlab.studies import EXAMPLES, example_path, run


def run_command(
    file: Annotated[str, Parameter(help="An experiment file (TOML); of a study file, the baseline.")],
    /,
    *,
    seeds: Annotated[int, Parameter(help="How many seeds, 0, 1, 2, …")] = 100,
    engine: Annotated[str, Parameter(help="'fast', or 'reference' (a PyTorch loop).")] = "fast",
    json: Annotated[str | None, Parameter(help="Write the result as JSON to this file; '-' for the terminal.")] = None,
    html: Annotated[str | None, Parameter(help="Write the report to this file.")] = None,
    store: Annotated[str, Parameter(help="The folder that keeps finished runs.")] = DEFAULT_STORE,
    workers: Annotated[int | None, Parameter(help="Threads or processes; all processors if left out.")] = None,
    fresh: Annotated[bool, Parameter(help="Forget this experiment's stored runs and train anew.", negative="")] = False,
) -> None:
    """Run one experiment, or the baseline of a study file, on many seeds."""
    check_options(engine=engine, workers=workers, json=json, html=html)
    path = str(example_path(file)) if file in EXAMPLES else file
    try:
        experiment = experiment_from_toml(read_text(path))
    except SpecError as error:
        raise SpecError(f"{error}" if str(error).startswith(path) else f"{path}: {error}") from None
    with progress_line() as show:
        result = run(
            experiment, seeds=seeds, engine=engine, store=store, workers=workers, fresh=fresh, on_progress=show
        )
    deliver(result, json=json, html=html)
