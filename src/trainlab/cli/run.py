"""``trainlab run FILE``: one experiment on many seeds."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import (
    MAX_FIDELITY,
    Cell,
    Details,
    Engine,
    Fidelity,
    Folder,
    Fresh,
    Html,
    Json,
    UsageError,
    Why,
    Workers,
    check_cell,
    check_range,
    whole,
)
from trainlab.cli.output import DEFAULT_STORE, Output, hand_over
from trainlab.cli.progress import progress_line
from trainlab.cli.study import check_options, deliver
from trainlab.spec import any_study, experiment_from_toml, named_cell, read_spec
from trainlab.spec.tasks import MAX_SEED
from trainlab.studies import run


def run_command(
    file: Annotated[str, Parameter(help="An experiment file (TOML), a study file, or an example by name.")],
    /,
    *,
    cell: Cell = None,
    seeds: Annotated[int, Parameter(help="How many seeds, 0, 1, 2, …", converter=whole)] = 100,
    spike: Annotated[
        bool,
        Parameter(
            help="Instead, take apart how a run unlearned what it had solved: the step, the weight, √v.",
            negative="",
        ),
    ] = False,
    seed: Annotated[
        int | None,
        Parameter(help="With --spike: this seed, not the first that was unlearnt.", converter=whole),
    ] = None,
    engine: Engine = "auto",
    json: Json = None,
    html: Html = None,
    store: Folder = DEFAULT_STORE,
    workers: Workers = None,
    fresh: Fresh = False,
    why: Why = 0,
    fidelity: Fidelity = 0,
    details: Details = False,
) -> None:
    """Run one experiment on many seeds; of a study file, its first network without changes, or any cell."""
    check_options(file, seeds=seeds, engine=engine, workers=workers, why=why, json=json, html=html)
    check_range("--fidelity", fidelity, least=0, most=MAX_FIDELITY)
    check_cell(cell)
    check_range("--seed", seed, least=0, most=MAX_SEED)
    if seed is not None and not spike:
        raise UsageError(f"--seed {seed}: is the run that --spike takes apart; add --spike, or leave it out.")
    if spike:
        for option, asked in (("--why", why), ("--fidelity", fidelity)):
            if asked:
                raise UsageError(f"{option} {asked}: is told of many runs, --spike of one; leave out either.")
        _tell_spike(
            file,
            cell,
            seed,
            seeds,
            engine=engine,
            store=store,
            workers=workers,
            fresh=fresh,
            json=json,
            html=html,
            details=details,
        )
        return
    if cell is None:
        experiment = read_spec(file, experiment_from_toml)
    else:
        experiment = named_cell(any_study(file), cell).experiment
    with progress_line() as show:
        result = run(
            experiment,
            seeds=seeds,
            engine=engine,
            store=store,
            workers=workers,
            fresh=fresh,
            why=why,
            fidelity=fidelity,
            on_progress=show,
        )
    deliver(result, json=json, html=html, details=details)


def _tell_spike(
    file: str,
    cell: str | None,
    seed: int | None,
    seeds: int,
    *,
    engine: str,
    store: str,
    workers: int | None,
    fresh: bool,
    json: str | None,
    html: str | None,
    details: bool,
) -> None:
    """Take apart how a run unlearned, and hand it over."""
    from trainlab.studies.spikes.spike import spike

    with progress_line() as show:
        result = spike(
            file,
            cell=cell,
            seed=seed,
            seeds=seeds,
            engine=engine,
            store=store,
            workers=workers,
            fresh=fresh,
            on_progress=show,
        )
    from trainlab.report import print_spike, spike_html

    hand_over(
        lambda console: print_spike(result, console=console, details=details),
        Output(option="--json", word="JSON", path=json, text=result.to_json),
        Output(option="--html", word="report", path=html, text=lambda: spike_html(result)),
    )
