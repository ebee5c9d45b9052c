"""``trainlab race 5..13 FILE --until 95%``: with how few parameters does some network solve it?"""

from __future__ import annotations

import re
from typing import Any, cast

from trainlab.budgets import budget
from trainlab.cli.options import UsageError, shortened
from trainlab.cli.output import Output, hand_over
from trainlab.cli.progress import progress_line
from trainlab.studies import BudgetProgress, SmallestResult, smallest_budget
from trainlab.studies.races.smallest import SHARE

MOST_BUDGETS = 1000
_RANGE = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%|(0\.[0-9]{1,8})")


def read_range(text: str) -> tuple[int, int] | None:
    """Return ``(5, 13)`` for ``5..13``, None for what is no range; raise UsageError for an impossible one."""
    match = _RANGE.fullmatch(text)
    if match is None:
        if ".." in text and re.fullmatch(r"[0-9.,+-]+", text):
            raise UsageError(
                f"race {shortened(text)}: a range of parameters is written as in: race 5..13 FILE"
            )
        return None
    least, most = int(match[1]), int(match[2])
    if not 1 <= least < most or most - least >= MOST_BUDGETS:
        raise UsageError(
            f"race {text}: must rise from 1 or more, over at most {MOST_BUDGETS:,} numbers of parameters, "
            "as in: race 5..13 FILE"
        )
    return least, most


def read_share(text: str) -> float:
    """Return 0.95 for ``95%``, ``95 %`` or ``0.95``."""
    match = _SHARE.fullmatch(text.strip())
    share = 0.0 if match is None else float(match[1]) / 100 if match[1] else float(match[2])
    if not 0.0 < share < 1.0:
        raise UsageError(
            f"--until {shortened(text)}: must be a share of the seeds between 0 and 100 %, as in 95%."
        )
    return share


def find_smallest(
    path: str,
    parameters: tuple[int, int],
    *,
    inputs: int,
    outputs: int,
    limits: dict[str, str | int],
    until: str | None,
    options: dict[str, Any],
) -> SmallestResult:
    """Find the smallest budget in the range, with these options of `smallest_budget`."""
    share = SHARE if until is None else read_share(until)
    first, last = parameters
    budgets = [
        budget(number, inputs=inputs, outputs=outputs, **cast("Any", limits))
        for number in range(first, last + 1)
    ]
    with progress_line() as show:

        def note(progress: BudgetProgress) -> None:
            show(progress.training, before=_budget_words(progress))

        return smallest_budget(path, budgets=budgets, share=share, on_progress=note, **options)


def deliver(result: SmallestResult, *, json: str | None, html: str | None, details: bool) -> None:
    """Print the answer, or all `details`, unless a file goes to the terminal; write the files asked for."""
    from trainlab.report import print_smallest, smallest_html

    hand_over(
        lambda console: print_smallest(result, console=console, details=details),
        Output(option="--json", word="JSON", path=json, text=result.to_json),
        Output(option="--html", word="report", path=html, text=lambda: smallest_html(result)),
    )


def _budget_words(progress: BudgetProgress) -> str:
    return (
        f"{progress.parameters:,} parameters ({progress.place:,} of {progress.budgets:,} at most), "
        f"{progress.candidates:,} in the race: "
    )
