"""Why 44? The fewest parameters with which some network solves XOR, by three trainings, and of one family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import trainlab
from trainlab.stats import share_words
from trainlab.studies import BudgetJudged, SmallestResult, smallest_picture

GIVEN = 44
CELLS = {
    ":A+B+C+D+E": "A to E: sigmoid, 2,001 epochs",
    ":A+B+D+E": "A, B, D and E: tanh, 2,001 epochs",
    ":A+B+E": "A, B and E: tanh, 300 epochs",
}
ALL = ":A+B+C+D+E"
RANGE = range(2, 14)
FAMILY = range(8, 45)


@dataclass(frozen=True, kw_only=True, slots=True)
class Smallest:
    """The smallest budgets of all networks, by cell, and of the family that the assignment chose from."""

    cells: dict[str, SmallestResult]
    family: SmallestResult


def carry_out(
    *, store: str | None, every: Sequence[int] = RANGE, family: Sequence[int] = FAMILY, max_seeds: int = 4096
) -> Smallest:
    """Race the budgets, or read them from the store."""
    plain = [trainlab.budget(number, inputs=2, outputs=1) for number in every]
    narrowed = [
        trainlab.budget(number, inputs=2, outputs=1, hidden_bias="yes", min_width=2) for number in family
    ]
    return Smallest(
        cells={
            cell: trainlab.smallest_budget(
                "xor44", budgets=plain, cell=cell, max_seeds=max_seeds, store=store
            )
            for cell in CELLS
        },
        family=trainlab.smallest_budget(
            "xor44", budgets=narrowed, cell=ALL, every_budget=True, max_seeds=max_seeds, store=store
        ),
    )


def pictures(found: Smallest) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    return {"smallest.svg": smallest_picture(found.family).svg + "\n"}


def fewest(found: Smallest) -> str:
    """One row per training: the fewest parameters, the network, its rate, and how 44 compares."""
    lines = [
        f"| trained with | fewest | network | solved, of fresh seeds | {GIVEN} is |",
        "|---|---|---|---|---|",
    ]
    for cell, result in found.cells.items():
        best = result.smallest
        if best is None or best.solved is None:
            lines.append(f"| {CELLS[cell]} | none to {result.asked[-1]} | | | |")
            continue
        times = f"{GIVEN / best.parameters:.1f} times as many"
        number = f"{best.parameters}" if result.settled else f"{best.parameters} or fewer"
        solved = share_words(best.solved, "seeds")
        lines.append(f"| {CELLS[cell]} | {number} | {best.best} | {solved} | {times} |")
    return "\n".join(lines)


def below(found: Smallest) -> str:
    """The verdict with all changes, and one row per budget."""
    return f"**{found.cells[ALL].verdict}**\n\n{_table(found.cells[ALL].budgets)}"


def family(found: Smallest) -> str:
    """The verdict on the family that the assignment's three belong to."""
    networks = sum(item.networks for item in found.family.budgets)
    return f"**{found.family.verdict}**\n\n{networks:,} networks, {found.family.runs:,} runs."


def _table(budgets: Sequence[BudgetJudged]) -> str:
    lines = [
        "| parameters | networks | best network | solved, of fresh seeds | enough |",
        "|---|---|---|---|---|",
    ]
    for item in budgets:
        solved = "" if item.solved is None else share_words(item.solved, "seeds")
        lines.append(
            f"| {item.parameters} | {item.networks:,} | {item.best or ''} | {solved} | {item.reached} |"
        )
    return "\n".join(lines)


BLOCKS = (fewest, below, family)
