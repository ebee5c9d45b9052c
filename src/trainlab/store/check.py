"""All damage of a store: SQLite's own check first, then every record and chunk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from trainlab.errors import TrainlabError, shown
from trainlab.spec import Experiment
from trainlab.store.chunks import (
    HEADS,
    Chunk,
    UnfitError,
    arrays_of,
    chunk_from,
    read_blobs,
    read_rows,
    text_digest,
)
from trainlab.store.database import UNCHECKED, UNCOUNTED, UNREADABLE
from trainlab.store.listing import Record, read_experiments, wrong_totals
from trainlab.store.named_studies import named_studies

MOST_LINES = 5
"""How many lines SQLite's own check gets: of a broken file it has one for every page."""
Tell = Callable[[int, int], None]
"""Is told how many chunks are done, of how many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What a check found: `damage`, a line each, and how many chunks were looked at.

    Not `readable` is a file of which SQLite itself says that it is damaged.
    `unchecked` of them have no digest, since an older trainlab saved them: of these only the form is known to
    be right.
    """

    chunks: int
    unchecked: int
    damage: tuple[str, ...]
    readable: bool


def check(db: sqlite3.Connection, tell: Tell) -> Checked:
    """Look at everything in the store."""
    damage = [f"SQLite: {line}" for line in integrity(db)]
    readable = not damage
    chunks = unchecked = 0
    try:
        damage += _altered_triggers(db)
        experiments, damaged = read_experiments(db)
        damage += damaged
        for chunk, words in each_chunk(db, experiments, tell):
            chunks += 1
            unchecked += chunk is not None and chunk.unchecked
            damage += [words] if words else []
        damage += _lost_rows(db)
        damage += wrong_totals(db, {key: record.fingerprint for key, record in experiments.items()})
        damage += named_studies(db)[1]
        damage += [words for _, words in judged_runs(db, experiments) if words]
    except UNREADABLE as error:
        readable = False
        if not damage:
            damage = [f"SQLite: {error}"]
    return Checked(chunks=chunks, unchecked=unchecked, damage=tuple(damage), readable=readable)


def integrity(db: sqlite3.Connection) -> list[str]:
    """Return what SQLite finds wrong with the file, a line each, `MOST_LINES` and how many more at most."""
    try:
        found = [str(line) for (line,) in db.execute("PRAGMA integrity_check").fetchall()]
    except UNREADABLE as error:
        return [str(error)]
    lines = [" ".join(line.split()) for text in found if text != "ok" for line in text.splitlines() if line]
    more = len(lines) - MOST_LINES
    return lines if more <= 1 else [*lines[:MOST_LINES], f"and {more:,} more of the kind"]


def each_chunk(
    db: sqlite3.Connection, experiments: dict[int, Record], tell: Tell
) -> Iterator[tuple[Chunk | None, str]]:
    """Read every chunk; give it, None if it can't even be named, and what is wrong with it, empty if nothing.

    Raises sqlite3.DatabaseError only if the chunks can't be listed to their end.
    """
    (total,) = db.execute("SELECT count(*) FROM chunks").fetchone()
    for done, row in enumerate(db.execute(f"{HEADS} ORDER BY chunks.rowid")):
        tell(done, total)
        record = experiments.get(row[1])
        if record is None:
            yield None, f"a chunk is of experiment {shown(row[1])}, of which there is no sound record"
            continue
        chunk = chunk_from(row, record.fingerprint)
        if chunk is None:
            yield None, f"a chunk of experiment {record.fingerprint[:8]} doesn't say which seeds it holds"
            continue
        yield chunk, _wrong(db, chunk, record)
    tell(total, total)


def _wrong(db: sqlite3.Connection, chunk: Chunk, record: Record) -> str:
    """Return what is wrong with a chunk in words, empty if nothing is."""
    try:
        read_rows(db, chunk)
        blobs = read_blobs(db, chunk)
        experiment = _experiment(record)
        if experiment is not None:
            arrays_of(chunk, blobs, experiment)
    except (UnfitError, *UNREADABLE) as error:
        why = str(error) if isinstance(error, UnfitError) else f"SQLite can't read them ({error})"
        return chunk.damaged(why).sentence(record.words)
    return ""


def _experiment(record: Record) -> Experiment | None:
    """Return the experiment, None if it can't be made here: its data file is gone, its version another."""
    try:
        experiment = Experiment.from_dict(record.experiment)
        return experiment if experiment.fingerprint == record.fingerprint else None
    except TrainlabError:
        return None


def _altered_triggers(db: sqlite3.Connection) -> list[str]:
    """Return which triggers aren't as they are made: what is saved would fail, or not be counted."""
    found = {sql.strip() for (sql,) in db.execute("SELECT sql FROM sqlite_schema WHERE type = 'trigger'")}
    altered = [sql.split()[2] for sql in (UNCHECKED, UNCOUNTED) if sql.strip() not in found]
    return [f"the trigger '{name}' isn't what was made" for name in altered]


def _lost_rows(db: sqlite3.Connection) -> list[str]:
    (rows,) = db.execute("SELECT count(*) FROM runs").fetchone()
    (held,) = db.execute("SELECT ifnull(sum(count), 0) FROM chunks").fetchone()
    return [f"{rows:,} runs have a row, but chunks hold {held:,}"] if rows != held else []


def judged_runs(
    db: sqlite3.Connection, experiments: dict[int, Record]
) -> Iterator[tuple[tuple[object, ...], str]]:
    """Give each row of what was said of failed runs, and what is wrong with it, empty if nothing."""
    for row in db.execute("SELECT experiment, engine, seed, rules, found, digest FROM judged_runs"):
        key, engine, seed, rules, found, digest = row
        record = experiments.get(key)
        fits = record is not None and digest in (
            None,
            text_digest(record.fingerprint, *map(str, (engine, seed, rules, found))),
        )
        try:
            msgspec.json.decode(found)
        except (TypeError, msgspec.DecodeError, RecursionError):
            fits = False
        yield (
            row,
            "" if fits else f"what was said of the failed run of seed {shown(seed)} isn't what was saved",
        )
