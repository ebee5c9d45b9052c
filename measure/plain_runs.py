"""How single runs of the plain PyTorch loop end: hours of work, so measure/plain_runs.json keeps every end.

``scripts/measure plain_runs --minutes 60`` goes on where it was stopped, seed after seed through all
cells, so that whenever it stops every cell has the same seeds. What is kept is believed only if its first
run, trained again, ends at the same loss: other code or another PyTorch begins anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.reference import ReferenceEngine
from trainlab.errors import TrainlabError
from trainlab.spec import Cell, Experiment, Record

KEPT = Path(__file__).with_name("plain_runs.json")
QUIET = Record(loss_every=0, gradient_every=0, solved_every=0, curves=0, predictions=0)
"""Nothing but the end is compared, and to look on the way takes a tenth longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ends:
    """How a cell's runs ended, seeds 0 to n - 1: whether solved, and at which loss."""

    solved: npt.NDArray[np.bool_]
    loss: npt.NDArray[np.float64]


def ended(experiment: Experiment, seed: int) -> tuple[bool, float]:
    """Train one run by the plain loop, and return whether it is solved at the end, and its loss."""
    quiet = msgspec.structs.replace(experiment, record=QUIET)
    (runs,) = ReferenceEngine().train(quiet, range(seed, seed + 1))
    return bool(runs.solved[0]), float(runs.loss[0])


def read(cells: Sequence[Cell], path: Path = KEPT) -> dict[str, Ends]:
    """Return what is kept of the cells, by their names, as many seeds of each as all of them have.

    Raises:
        TrainlabError: if nothing is kept of some cell, or what is kept comes out otherwise today.
    """
    rows = _load(path)
    if not _still_true(cells, rows):
        raise TrainlabError(
            f"{path.name}: its first run, trained again, ends otherwise: by other code, or another PyTorch. "
            "Run scripts/measure plain_runs to train anew."
        )
    count = min((len(rows.get(cell.name, ())) for cell in cells), default=0)
    if not count:
        raise TrainlabError(f"{path.name} has no run of some cell; scripts/measure plain_runs trains them.")
    kept = {cell.name: rows[cell.name][:count] for cell in cells}
    return {
        name: Ends(
            solved=np.array([row[0] for row in ends], dtype=bool), loss=np.array([row[1] for row in ends])
        )
        for name, ends in kept.items()
    }


def train(
    cells: Sequence[Cell], *, seeds: int, minutes: float = float("inf"), workers: int = 1, path: Path = KEPT
) -> int:
    """Train what is missing of the first `seeds` seeds of each cell, and return how many runs were trained.

    After `minutes` no seed is begun any more.
    """
    rows = _load(path)
    if not _still_true(cells, rows):
        rows = {}
    end, trained = monotonic() + 60 * minutes, 0
    with ProcessPoolExecutor(workers) if workers > 1 else nullcontext() as pool:
        spread = pool.map if pool else map
        for seed in range(seeds):
            missing = [cell for cell in cells if len(rows.get(cell.name, ())) == seed]
            if monotonic() > end:
                break
            found = spread(ended, [cell.experiment for cell in missing], [seed] * len(missing))
            for cell, (solved, loss) in zip(missing, found, strict=True):
                rows.setdefault(cell.name, []).append(_row(solved, loss))
            if missing:
                trained += len(missing)
                _save(path, rows)
                print(f"\r{seed + 1} of {seeds} seeds of {len(cells)} cells ", end="", file=sys.stderr)
    return trained


def _still_true(cells: Sequence[Cell], rows: dict[str, Any]) -> bool:
    kept = next((cell for cell in cells if rows.get(cell.name)), None)
    # Compared as text, in which NaN equals NaN.
    return kept is None or json.dumps(_row(*ended(kept.experiment, 0))) == json.dumps(rows[kept.name][0])


def _row(solved: bool, loss: float) -> list[float]:
    return [int(solved), loss]


def _load(path: Path) -> dict[str, list[list[float]]]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _save(path: Path, rows: dict[str, list[list[float]]]) -> None:
    """Write a line a cell; a loss reads back as the same number."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(ends)}" for name, ends in rows.items())
    part = path.with_suffix(".part")
    part.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    part.replace(path)


def main() -> None:
    """Go on with the cells of the most steps."""
    from measure.fidelity import SEEDS, cells_asked

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS["reference"])
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    cells = cells_asked("reference")
    count = train(cells, seeds=options.seeds, minutes=options.minutes, workers=options.workers)
    kept = min(len(_load(KEPT).get(cell.name, ())) for cell in cells)
    print(f"\n{count:,} runs were trained; {KEPT.name} has {kept:,} of each cell.")


if __name__ == "__main__":
    main()
