"""The maps of docs/map.md: each function of BLOCKS makes the Markdown of one block, `pictures` the files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import trainlab
from trainlab.studies import map_picture

NETWORKS = ("Model 1", "Model 2", "Model 3")
CHANGES = "A+B+E"
AXES = {"x": "optimizer.lr=1e-4..10", "y": "init.std=0.01..10"}
SIZE = (32, 32)

Maps = Mapping[str, trainlab.MapResult]


def carry_out(*, store: str | None, seeds: int = 32) -> Maps:
    """Map the three networks of the assignment with A, B and E, or read them from the store."""
    return {
        network: trainlab.map_plane(
            "xor44", cell=f"{network}:{CHANGES}", size=SIZE, seeds=seeds, store=store, **AXES
        )
        for network in NETWORKS
    }


def pictures(maps: Maps) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    files = {f"map-{name[-1]}-solved.svg": map_picture(result).svg for name, result in maps.items()}
    first, last = maps[NETWORKS[0]], maps[NETWORKS[-1]]
    files["map-1-epochs.svg"] = map_picture(first, "epochs").svg
    files["map-1-outcome.svg"] = map_picture(first, "outcome").svg
    files["map-3-outcome.svg"] = map_picture(last, "outcome").svg
    return {name: svg + "\n" for name, svg in files.items()}


def verdicts(maps: Maps) -> str:
    """What each map says."""
    return "\n".join(f"- {' '.join(result.verdict)}" for result in maps.values())


def points(maps: Maps) -> str:
    """How much of the planes was trained."""
    total = maps[NETWORKS[0]].learns.size
    trained = [int(result.counts.trained.sum()) for result in maps.values()]
    return (
        f"Of {total:,} points each, {trained[0]:,}, {trained[1]:,} and {trained[2]:,} were trained; the "
        "others lie between trained points that agree."
    )


BLOCKS: tuple[Callable[[Maps], str], ...] = (verdicts, points)
