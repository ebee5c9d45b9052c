"""``trainlab race 44 FILE``, ``race 5..13 FILE`` or ``race FILE``: which candidate learns best?"""

from __future__ import annotations

import re
from typing import Annotated

from cyclopts import Parameter

from trainlab.budgets import Budget
from trainlab.cli.options import Details, Engine, Runs, UsageError, shortened
from trainlab.cli.output import Files
from trainlab.cli.progress import progress_line
from trainlab.cli.race_options import Networks, Rules, check_kind, check_numbers, read_range, read_share
from trainlab.cli.study import check_options
from trainlab.studies import (
    BudgetProgress,
    RaceProgress,
    RaceResult,
    SmallestResult,
    race,
    smallest_budget,
)
from trainlab.studies.races.smallest import SHARE


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
    networks: Networks = Networks(),
    rules: Rules = Rules(),
    engine: Engine = "auto",
    files: Files = Files(),
    runs: Runs = Runs(),
    details: Details = False,
) -> None:
    """Race many candidates: all get a few seeds, those shown to be worse are dropped, the rest get more."""
    numbers = read_range(what)
    parameters, path = (None, _file_of(what, file)) if numbers else _what(what, file)
    check_kind(what, numbers, networks, rules)
    if parameters is None and networks.draw is not None:
        raise UsageError("--draw: draws networks; give their number of parameters first, as in: race 44 FILE")
    check_options(
        path,
        seeds=rules.seeds,
        engine=engine,
        workers=runs.workers,
        on=runs.on,
        json=files.json,
        html=files.html,
    )
    check_numbers(networks, rules)
    if numbers:
        found = _find_smallest(path, numbers, networks=networks, rules=rules, engine=engine, runs=runs)
        _deliver_smallest(found, files, details=details)
        return
    racing: Budget | None = None
    if parameters is None:
        networks.check_none_given()
    else:
        (racing,) = networks.budgets(path, rules.cell, range(parameters, parameters + 1))
    with progress_line(yes=runs.yes) as show:

        def note(progress: RaceProgress) -> None:
            show(progress.training, before=_round_words(progress))

        result = race(
            path,
            networks=racing,
            draw=networks.draw,
            draw_seed=networks.draw_seed,
            cell=rules.cell,
            seeds=rules.seeds,
            max_seeds=rules.max_seeds,
            budget_seeds=rules.budget_seeds,
            engine=engine,
            store=runs.store,
            workers=runs.workers,
            on=runs.on,
            fresh=runs.fresh,
            on_progress=note,
        )
    _deliver(result, files, details=details)


def _what(what: str, file: str | None) -> tuple[int | None, str]:
    """Return the number of parameters, None if not given, and the file."""
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


def _find_smallest(
    path: str, numbers: range, *, networks: Networks, rules: Rules, engine: str, runs: Runs
) -> SmallestResult:
    """Find the smallest sufficient budget among these numbers of parameters."""
    share = SHARE if rules.until is None else read_share(rules.until)
    budgets = networks.budgets(path, rules.cell, numbers)
    with progress_line(yes=runs.yes) as show:

        def note(progress: BudgetProgress) -> None:
            show(progress.training, before=_budget_words(progress))

        return smallest_budget(
            path,
            budgets=budgets,
            share=share,
            every_budget=rules.every_budget,
            cell=rules.cell,
            seeds=rules.seeds,
            max_seeds=rules.max_seeds,
            engine=engine,
            store=runs.store,
            workers=runs.workers,
            on=runs.on,
            fresh=runs.fresh,
            on_progress=note,
        )


def _round_words(progress: RaceProgress) -> str:
    return f"round {progress.round} of {progress.rounds} at most, {progress.candidates:,} in the race: "


def _budget_words(progress: BudgetProgress) -> str:
    return (
        f"{progress.parameters:,} parameters ({progress.place:,} of {progress.budgets:,} at most), "
        f"{progress.candidates:,} in the race: "
    )


def _deliver(result: RaceResult, files: Files, *, details: bool) -> None:
    """Print the answer, or all `details`, unless a file goes to the terminal; write the files asked for."""
    from trainlab.report import print_race, race_html

    files.hand_over(
        lambda console: print_race(result, console=console, details=details),
        json=result.to_json,
        html=lambda: race_html(result),
    )


def _deliver_smallest(result: SmallestResult, files: Files, *, details: bool) -> None:
    """Print the answer, or all `details`, unless a file goes to the terminal; write the files asked for."""
    from trainlab.report import print_smallest, smallest_html

    files.hand_over(
        lambda console: print_smallest(result, console=console, details=details),
        json=result.to_json,
        html=lambda: smallest_html(result),
    )
