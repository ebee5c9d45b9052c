"""What the store holds of one experiment, for a person to read."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from trainlab.store.blobs import BLOBS
from trainlab.store.seed_ranges import merge


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRuns:
    """The runs of one experiment by one engine: which seeds, how many solved, bytes, when saved (UTC).

    `experiment` is the plain data that `Experiment.from_dict` reads; its data file may be gone.
    """

    experiment: dict[str, Any]
    fingerprint: str
    engine: str
    ranges: tuple[range, ...]
    solved: int
    bytes: int
    first_saved: datetime
    last_saved: datetime

    @property
    def network(self) -> str:
        """The widths, as ``2-5-4-1``."""
        return "-".join(str(width) for width in self.experiment["network"]["widths"])

    @property
    def epochs(self) -> int:
        """The length of the training."""
        return self.experiment["epochs"]

    @property
    def seeds(self) -> int:
        """The number of seeds held."""
        return sum(len(piece) for piece in self.ranges)


def stored_runs(db: sqlite3.Connection) -> list[StoredRuns]:
    """Return what the database holds, in the order in which the experiments were first saved."""
    ranges: dict[tuple[int, str], list[range]] = defaultdict(list)
    for key, engine, first, count in db.execute("SELECT experiment, engine, first_seed, count FROM chunks"):
        ranges[key, engine].append(range(first, first + count))
    query = "SELECT experiment, engine, sum(solved) FROM runs GROUP BY experiment, engine"
    solved = {(key, engine): count for key, engine, count in db.execute(query)}
    # In chunks that an older version saved one is NULL.
    size = " + ".join(f"ifnull(length({name}), 0)" for name in BLOBS)
    rows = db.execute(
        f"""SELECT e.id, e.fingerprint, e.experiment, c.engine, sum({size}), min(c.saved), max(c.saved)
        FROM chunks c JOIN experiments e ON e.id = c.experiment
        GROUP BY e.id, c.engine ORDER BY e.id, c.engine"""
    )
    return [
        StoredRuns(
            experiment=msgspec.json.decode(text),
            fingerprint=fingerprint,
            engine=engine,
            ranges=tuple(merge(ranges[key, engine])),
            solved=solved.get((key, engine), 0),
            bytes=size,
            first_saved=datetime.fromisoformat(first),
            last_saved=datetime.fromisoformat(last),
        )
        for key, fingerprint, text, engine, size, first, last in rows
    ]
