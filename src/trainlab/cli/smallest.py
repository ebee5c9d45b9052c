"""``trainlab race 5..13 FILE --until 95%``: with how few parameters does some network solve it?"""

from __future__ import annotations

from trainlab.cli.options import Runs
from trainlab.cli.output import Files
from trainlab.cli.progress import progress_line
from trainlab.cli.race_options import Networks, Rules, read_share
from trainlab.studies import BudgetProgress, SmallestResult, smallest_budget
from trainlab.studies.races.smallest import SHARE


def find_smallest(
    path: str, numbers: range, *, networks: Networks, rules: Rules, engine: str, runs: Runs
) -> SmallestResult:
    """Find the smallest budget among these numbers of parameters."""
    budgets = networks.budgets(path, rules.cell, numbers)
    share = SHARE if rules.until is None else read_share(rules.until)
    with progress_line() as show:

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
            fresh=runs.fresh,
            on_progress=note,
        )


def deliver(result: SmallestResult, files: Files, *, details: bool) -> None:
    """Print the answer, or all `details`, unless a file goes to the terminal; write the files asked for."""
    from trainlab.report import print_smallest, smallest_html

    files.hand_over(
        lambda console: print_smallest(result, console=console, details=details),
        json=result.to_json,
        html=lambda: smallest_html(result),
    )


def _budget_words(progress: BudgetProgress) -> str:
    return (
        f"{progress.parameters:,} parameters ({progress.place:,} of {progress.budgets:,} at most), "
        f"{progress.candidates:,} in the race: "
    )
