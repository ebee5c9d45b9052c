"""What is listed without reading runs: totals of chunks, and which experiments the store holds."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from trainlab.errors import shown
from trainlab.store.chunks import BLOBS, merge, seeds_of, subtract, text_digest

# What is told of a chunk without reading its rows or arrays: how many runs are solved, bytes, when saved.
#
# Millions of runs are listed from these in a tenth of a second; adding up their rows takes many times that.


# Only the index of chunks is read for it: their rows lie among the blobs, far apart.
_TOTALS = """SELECT chunks.engine, chunks.first_seed, totals.count, solved, bytes, totals.saved, digest
    FROM chunks LEFT JOIN totals ON totals.experiment = chunks.experiment
    AND totals.engine = chunks.engine AND totals.first_seed = chunks.first_seed
    WHERE chunks.experiment = ?"""
# In chunks that an older version saved a blob may be NULL.
_CHUNK = f"""SELECT count, {" + ".join(f"ifnull(length({name}), 0)" for name in BLOBS)}, saved
    FROM chunks WHERE experiment = ? AND engine = ? AND first_seed = ?"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
    """How many runs of a chunk are `solved`, the `bytes` of its arrays, and when it was `saved`, as kept.

    `solved` is None if nothing is kept of it that can be relied on: its rows say it.
    """

    engine: str
    seeds: range
    solved: int | None
    bytes: int
    saved: str


def save_total(db: sqlite3.Connection, key: int | None, fingerprint: str, total: Total) -> None:
    """Keep the total of a chunk of the experiment with this key."""
    db.execute(
        "INSERT OR REPLACE INTO totals VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key,
            total.engine,
            total.seeds.start,
            len(total.seeds),
            total.solved,
            total.bytes,
            total.saved,
            _digest(fingerprint, total.engine, (total.seeds.start, len(total.seeds), *_kept(total))),
        ),
    )


def totals_of(db: sqlite3.Connection, key: int, fingerprint: str) -> Iterator[Total]:
    """Give the total of each chunk of an experiment that says of which seeds it is."""
    for engine, first, *kept, digest in db.execute(_TOTALS, (key,)).fetchall():
        if digest is not None and digest == _digest(fingerprint, engine, (first, *kept)):
            count, solved, size, saved = kept
        else:
            solved = None
            count, size, saved = db.execute(_CHUNK, (key, engine, first)).fetchone() or (None, 0, "")
        seeds = seeds_of(first, count)
        if seeds is not None:
            yield Total(engine=str(engine), seeds=seeds, solved=solved, bytes=size, saved=saved)


def solved_in_rows(db: sqlite3.Connection, key: int, total: Total) -> int:
    """Return how many of a chunk's runs are solved by their rows."""
    query = "SELECT sum(solved) FROM runs WHERE experiment = ? AND engine = ? AND seed >= ? AND seed < ?"
    (count,) = db.execute(query, (key, total.engine, total.seeds.start, total.seeds.stop)).fetchone()
    return int(count or 0)


def within(totals: Sequence[Total], seeds: range) -> tuple[int, list[range]]:
    """Return how many runs are solved by the totals of chunks among the seeds, and the seeds left over.

    All are left over where chunks overlap, which is damage: which of them is right can't be known here.
    """
    whole = [each for each in totals if each.seeds.start >= seeds.start and each.seeds.stop <= seeds.stop]
    known = [each for each in whole if each.solved is not None]
    held = merge(each.seeds for each in known)
    if sum(map(len, held)) != sum(len(each.seeds) for each in known):
        return 0, [seeds]
    return sum(each.solved or 0 for each in known), subtract(seeds, held)


def wrong_totals(db: sqlite3.Connection, fingerprints: dict[int, str]) -> list[str]:
    """Return what is damaged among the totals, a line each."""
    damage: list[str] = []
    for key, engine, *kept, digest in db.execute("SELECT * FROM totals"):
        name = fingerprints.get(key)
        if name is not None and digest != _digest(name, engine, kept):
            damage.append(
                f"what is counted of the runs of experiment {name[:8]} from seed {shown(kept[0])} on isn't "
                "what was saved"
            )
    return damage


def _kept(total: Total) -> tuple[object, ...]:
    return total.solved, total.bytes, total.saved


def _digest(fingerprint: str, engine: str, kept: Sequence[object]) -> bytes:
    return text_digest(fingerprint, str(engine), *(f"{type(each).__name__} {each}" for each in kept))


# What the store holds of one experiment, for a person to read.


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
