"""What the store holds of one experiment, for a person to read."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from trainlab.errors import shown
from trainlab.store.digests import text_digest
from trainlab.store.seed_ranges import merge
from trainlab.store.totals import Total, solved_in_rows, totals_of


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

    No row of a run is read, unless its chunk has no sound total; see `totals`.
    """
    experiments, damaged = read_experiments(db)
    found: list[StoredRuns] = []
    for key, record in experiments.items():
        by_engine: dict[str, list[Total]] = defaultdict(list)
        for total in totals_of(db, key, record.fingerprint):
            by_engine[total.engine].append(total)
        for engine in sorted(by_engine):
            try:
                found.append(_summed(db, key, record, engine, by_engine[engine]))
            except (TypeError, ValueError):
                damaged.append(f"what is kept of the runs of {record.words} can't be read")
    return found, damaged


def _summed(
    db: sqlite3.Connection, key: int, record: Record, engine: str, totals: Sequence[Total]
) -> StoredRuns:
    solved = (solved_in_rows(db, key, each) if each.solved is None else each.solved for each in totals)
    return StoredRuns(
        experiment=record.experiment,
        fingerprint=record.fingerprint,
        engine=engine,
        ranges=tuple(merge(each.seeds for each in totals)),
        solved=sum(solved),
        bytes=sum(each.bytes for each in totals),
        first_saved=datetime.fromisoformat(min(each.saved for each in totals)),
        last_saved=datetime.fromisoformat(max(each.saved for each in totals)),
    )


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
