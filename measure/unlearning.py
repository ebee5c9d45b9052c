"""How runs of the assignment lose what they had solved: some taken apart, all trained by other Adams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

import trainlab
from trainlab.draw import format_number
from trainlab.spec import any_study, named_cell
from trainlab.studies.cells import CellResult
from trainlab.studies.spike_anatomy import Spike
from trainlab.studies.spike_words import entry_of

SEEDS = 1000
MANY = 2
"""So many unlearnt runs of each network are taken apart."""
LATE = 200
"""Epochs after it was first solved: a run that loses it so late does so from a loss of next to nothing."""
NETWORKS = ("Model 1", "Model 2")
ADAMS: Mapping[str, Mapping[str, Any]] = {
    "Adam": {},
    "… with amsgrad": {"amsgrad": True},
    "… with eps = 10⁻³": {"eps": 1e-3},
    "… with β₂ = 0.99": {"betas": (0.9, 0.99)},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Unlearning:
    """Of each network the cell with A–E by the Adam that trains it, and the spikes of some of its runs."""

    cells: dict[tuple[str, str], CellResult]
    spikes: dict[str, tuple[Spike, ...]]


def carry_out(*, store: str | None, seeds: int = SEEDS, many: int = MANY) -> Unlearning:
    """Train the cells, and take their first unlearnt runs apart."""
    plan = any_study("xor44")
    cells: dict[tuple[str, str], CellResult] = {}
    spikes: dict[str, tuple[Spike, ...]] = {}
    for network in NETWORKS:
        experiment = named_cell(plan, f"{network}:A+B+C+D+E").experiment
        for name, edits in ADAMS.items():
            changed = replace(experiment, optimizer=replace(experiment.optimizer, **edits))
            (cells[network, name],) = trainlab.run(changed, seeds=seeds, store=store).cells
        runs = cells[network, "Adam"].runs
        lost = [seed for seed in runs.seeds if runs.solved_epoch[seed] >= 0 and not runs.solved[seed]]
        found = [trainlab.spike(experiment, seed=seed, store=store).spike for seed in lost[:many]]
        spikes[network] = tuple(each for each in found if each is not None)
    return Unlearning(cells=cells, spikes=spikes)


def cause(found: Unlearning) -> str:
    """A row a network and Adam: solved at some time, lost again, unlearnt at the end."""
    lines = [
        "| | solved at some time | lost it at a later reading | "
        f"… more than {LATE} epochs after the first | unlearnt at the end |",
        "|---|---|---|---|---|",
    ]
    for (network, name), item in found.cells.items():
        when = item.when
        assert when is not None
        assert when.stayed is not None
        lines.append(
            f"| {network}, {name} | {when.ever.k:,} of {when.ever.n:,} | {when.ever.k - when.stayed.k:,} | "
            f"{late(item):,} | {when.unlearnt:,} |"
        )
    return "\n".join(lines)


def late(item: CellResult) -> int:
    """Return how many runs lost it, or had lost it before, long after they were first solved."""
    runs = item.runs
    lost_for_good = ~runs.solved & (runs.experiment.epochs - runs.solved_epoch > LATE)
    lost_and_found = runs.solved & (runs.settled_epoch - runs.solved_epoch > LATE)
    return int(((runs.solved_epoch >= 0) & (lost_for_good | lost_and_found)).sum())


def spikes(found: Unlearning) -> str:
    """A row a run: when, how slowly the loss rose, which weight, its √v, and how far it went."""
    heads = [
        "run",
        "unlearned by step",
        "loss rose a thousandfold in",
        "weight",
        "√v",
        "√v ÷ eps",
        "√v has fallen",
        "step",
        "longest of the rise",
    ]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for network, each in found.spikes.items():
        for spike in each:
            at = spike.step - 1
            assert spike.scale is not None
            assert spike.begun is not None
            now = float(spike.scale[at])
            row = [
                f"{network}, seed {spike.seed:,}",
                f"{spike.step:,}",
                f"{spike.step - spike.begun:,} steps",
                str(entry_of(spike)),
                format_number(now),
                f"{float(f'{now / spike.eps:.2g}'):,.0f}",
                f"{format_number(spike.fallen)} times",
                f"{format_number(_share(spike, at))} lr",
                f"{format_number(max(_share(spike, each) for each in range(spike.begun, spike.step)))} lr",
            ]
            lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def _share(spike: Spike, at: int) -> float:
    return abs(float(spike.change[at])) / float(spike.rate[at])


BLOCKS = (cause, spikes)
