"""docs/race.md: two races of the 30 networks with 44 parameters, and the fewest with which one solves XOR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import trainlab
from measure import xor_studies
from measure.blocks import percent, table
from measure.xor_studies import Studies, networks
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
class Races:
    """The races of 44 parameters; the smallest budgets by cell, and of the assignment's family."""

    studies: Studies
    cells: dict[str, SmallestResult]
    family: SmallestResult


def smallest_budgets(
    *, store: str | None, every: Sequence[int] = RANGE, family: Sequence[int] = FAMILY, max_seeds: int = 4096
) -> tuple[dict[str, SmallestResult], SmallestResult]:
    """Race the budgets, or read them from the store."""
    plain = [trainlab.budget(number, inputs=2, outputs=1) for number in every]
    narrowed = [
        trainlab.budget(number, inputs=2, outputs=1, hidden_bias="yes", min_width=2) for number in family
    ]
    cells = {
        cell: trainlab.smallest_budget("xor44", budgets=plain, cell=cell, max_seeds=max_seeds, store=store)
        for cell in CELLS
    }
    return cells, trainlab.smallest_budget(
        "xor44", budgets=narrowed, cell=ALL, every_budget=True, max_seeds=max_seeds, store=store
    )


def carry_out(*, store: str | None) -> Races:
    """Run the races, or read them from the store."""
    cells, family = smallest_budgets(store=store)
    return Races(studies=xor_studies.carry_out(store=store), cells=cells, family=family)


def pictures(found: Races) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    return {"smallest.svg": smallest_picture(found.family).svg + "\n"}


def race_board(found: Races) -> str:
    """The race of the 30 networks with A+B+E: verdict, top ranks, and where the assignment's three are."""
    return board(found.studies, found.studies.race)


def race_all_board(found: Races) -> str:
    """The same with all five changes."""
    return board(found.studies, found.studies.race_all)


def board(studies: Studies, race: trainlab.RaceResult) -> str:
    """Return a race's verdict, its first six and the assignment's three, and its cost."""
    own = {studies.xor44.study.experiment(name).network: name for name in networks(studies)}
    models = {(net.widths, net.biases): name for net, name in own.items()}
    rows: list[tuple[str, ...]] = []
    for place, item in enumerate(race.candidates):
        network = item.experiment.network
        model = models.get((network.widths, network.biases), "")
        if place < 6 or model:
            out = "–" if item.dropped_in is None else f"{item.dropped_in}"
            rows.append(
                (
                    item.rank_words,
                    f"{item.name}{f', {model}' if model else ''}",
                    f"{item.solved.k:,} of {item.solved.n:,}",
                    percent(item.solved),
                    out,
                )
            )
    saved = 1 - race.runs / race.full_grid
    return (
        f"**{race.verdict}**\n\n"
        + table(("rank", "network", "solved", "share (simultaneous interval)", "dropped in round"), rows)
        + f"\n\n{race.runs:,} runs, where all {len(race.candidates)} networks on {race.rounds[-1].seeds:,} "
        f"seeds would have been {race.full_grid:,}: {100 * saved:.0f} % saved."
    )


def fewest(found: Races) -> str:
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


def below(found: Races) -> str:
    """The verdict with all changes, and one row per budget."""
    return f"**{found.cells[ALL].verdict}**\n\n{_table(found.cells[ALL].budgets)}"


def family(found: Races) -> str:
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


BLOCKS = (race_board, race_all_board, fewest, below, family)
