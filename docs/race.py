"""The page on races: two races of the 30 networks with 44 parameters."""

from __future__ import annotations

from collections.abc import Callable

import trainlab
from docs.words import percent, table
from docs.xor_studies import Studies, carry_out, networks

__all__ = ["BLOCKS", "carry_out"]


def race_board(studies: Studies) -> str:
    """The race of the 30 networks with A+B+E: verdict, top ranks, and where the assignment's three are."""
    return board(studies, studies.race)


def race_all_board(studies: Studies) -> str:
    """The same with all five changes."""
    return board(studies, studies.race_all)


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


BLOCKS: tuple[Callable[[Studies], str], ...] = (race_board, race_all_board)
