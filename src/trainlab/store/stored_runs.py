"""What the store holds of one experiment, for a person to read."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from trainlab.errors import shown
from trainlab.store.blobs import BLOBS
from trainlab.store.chunks import seeds_of
from trainlab.store.digests import text_digest
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """An experiment's record: its fingerprint, what `Experiment.from_dict` reads, and the digest of both."""

    fingerprint: str
    experiment: dict[str, Any]
    digest: bytes

    @property
    def words(self) -> str:
        """Which experiment it is, in a few words."""
        widths = "-".join(str(width) for width in self.experiment["network"]["widths"])
        return f"{widths}, {self.experiment['epochs']:,} epochs"


class _Network(msgspec.Struct):
    widths: list[int]


class _Named(msgspec.Struct):
    name: str


class _Form(msgspec.Struct):
    """What every record has that is shown of it."""

    network: _Network
    loss: _Named
    optimizer: _Named
    epochs: int
    task: dict[str, Any]


def stored_runs(db: sqlite3.Connection) -> tuple[list[StoredRuns], list[str]]:
    """Return what the database holds, the experiment first saved first, and what is damaged, a line each.

    How many runs are solved is added up by SQLite: digests, which take reading every row, aren't compared.
    """
    experiments, damaged = read_experiments(db)
    ranges: dict[tuple[int, str], list[range]] = defaultdict(list)
    for key, engine, first, count in db.execute("SELECT experiment, engine, first_seed, count FROM chunks"):
        seeds = seeds_of(first, count)
        if seeds is not None:
            ranges[key, engine].append(seeds)
    query = "SELECT experiment, engine, sum(solved) FROM runs GROUP BY experiment, engine"
    solved = {(key, engine): count for key, engine, count in db.execute(query)}
    # In chunks that an older version saved one is NULL.
    size = " + ".join(f"ifnull(length({name}), 0)" for name in BLOBS)
    rows = db.execute(
        f"""SELECT experiment, engine, sum({size}), min(saved), max(saved) FROM chunks
        GROUP BY experiment, engine ORDER BY experiment, engine"""
    )
    found: list[StoredRuns] = []
    for key, engine, size, first, last in rows:
        if key not in experiments:
            continue
        record = experiments[key]
        try:
            found.append(
                StoredRuns(
                    experiment=record.experiment,
                    fingerprint=record.fingerprint,
                    engine=str(engine),
                    ranges=tuple(merge(ranges[key, engine])),
                    solved=int(solved.get((key, engine), 0)),
                    bytes=size,
                    first_saved=datetime.fromisoformat(first),
                    last_saved=datetime.fromisoformat(last),
                )
            )
        except (TypeError, ValueError):
            damaged.append(f"what is kept of the runs of {record.words} can't be read")
    return found, damaged


def read_experiments(db: sqlite3.Connection) -> tuple[dict[int, Record], list[str]]:
    """Return each experiment's record by its key, and what is damaged, a line each."""
    found: dict[int, Record] = {}
    damaged: list[str] = []
    for key, fingerprint, text, digest in db.execute(
        "SELECT id, fingerprint, experiment, digest FROM experiments ORDER BY id"
    ).fetchall():
        fingerprint, text = str(fingerprint), str(text)
        due = text_digest(fingerprint, text)
        try:
            msgspec.json.decode(text, type=_Form)
            experiment = msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            experiment = None
        if experiment is None or digest not in (None, due):
            damaged.append(f"the record of experiment {shown(fingerprint[:8])} isn't what was saved")
        else:
            found[key] = Record(fingerprint=fingerprint, experiment=experiment, digest=due)
    return found, damaged
