"""Another store's runs taken over: what is sound there and missing here, chunk by chunk.

Whoever has it done twice, or is stopped on the way, loses nothing: a run that is here is never written again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from trainlab.engine.identity import is_current
from trainlab.errors import TrainlabError
from trainlab.spec import Experiment
from trainlab.store.check import Tell, each_chunk, judged_runs
from trainlab.store.chunk_io import read_runs, write_chunk, write_experiment
from trainlab.store.chunks import (
    COLUMNS,
    Chunk,
    ChunkName,
    Outcomes,
    encode,
    key_of,
    outcomes_from,
    outcomes_of,
    read_blobs,
    read_rows,
    seeds_held,
    subtract,
)
from trainlab.store.database import UNREADABLE, transaction
from trainlab.store.listing import Record, read_experiments
from trainlab.store.named_studies import NamedStudy, named_studies, remember

T = TypeVar("T")

AT_ONCE = 32
"""How many chunks are written in one transaction: others that use the store wait for no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenOver:
    """What came of it: how many chunks and runs were taken, and how many runs were `here` already.

    Of these, `differing` ended otherwise there. `unused` of those taken are of other code or another PyTorch
    than here, which no study here uses. `left_out` says what couldn't be taken, a line each.
    """

    chunks: int
    runs: int
    here: int
    differing: int
    unused: int
    left_out: tuple[str, ...]


def take_over(db: sqlite3.Connection, source: sqlite3.Connection, tell: Tell) -> TakenOver:
    """Copy from `source` what is sound and missing in `db`: runs, what was said of failed ones, studies.

    Chunks without digests, of an older version, get those of what they are now. Where the file of `source` is
    broken, what can be read up to there is taken. Nobody may write to `source` meanwhile: it is to be in a
    transaction.
    """
    left_out: list[str] = []
    records: dict[int, Record] = {}
    for sound, damaged in _readable("experiments", lambda: [read_experiments(source)], left_out):
        records = sound
        left_out += damaged
    chunks = runs = here = differing = unused = 0
    found = _readable("chunks", lambda: each_chunk(source, records, tell), left_out)
    while batch := list(islice(found, AT_ONCE)):
        with transaction(db):
            for chunk, words in batch:
                if chunk is None or words:
                    left_out.append(words)
                    continue
                try:
                    taken, otherwise = _take_chunk(db, source, chunk, records[chunk.key])
                except TrainlabError as error:
                    left_out.append(chunk.damaged(str(error)).sentence(records[chunk.key].words))
                    continue
                chunks += bool(taken)
                runs += taken
                here += len(chunk.seeds) - taken
                differing += otherwise
                unused += 0 if is_current(chunk.name.engine) else taken
    with transaction(db):
        judged = _readable("what was said of failed runs", lambda: judged_runs(source, records), left_out)
        left_out += _copy_judged(db, source, judged, records)
        for studies, damaged in _readable("studies", lambda: [named_studies(source)], left_out):
            left_out += damaged
            _copy_studies(db, studies)
    return TakenOver(
        chunks=chunks,
        runs=runs,
        here=here,
        differing=differing,
        unused=unused,
        left_out=tuple(left_out),
    )


def _take_chunk(
    db: sqlite3.Connection, source: sqlite3.Connection, chunk: Chunk, record: Record
) -> tuple[int, int]:
    """Write the runs of a sound chunk that aren't here; return how many, and how many here end otherwise.

    Raises:
        TrainlabError: only some of them are missing, and without the experiment it can't be cut.
    """
    name = chunk.name
    key = key_of(db, record.fingerprint)
    there = [] if key is None else seeds_held(db, key, name.engine, name.seeds)
    gaps = subtract(chunk.seeds, there)
    rows = read_rows(source, chunk)
    if not gaps:
        return 0, _differing(db, key, name, rows)
    if key is None:
        query = "SELECT experiment FROM experiments WHERE id = ?"
        ((text,),) = source.execute(query, (chunk.key,)).fetchall()
        key = write_experiment(db, record.fingerprint, text)
    query = "SELECT saved FROM chunks WHERE rowid = ?"
    ((saved,),) = source.execute(query, (chunk.row,)).fetchall()
    if gaps == [chunk.seeds]:
        write_chunk(db, key, name, rows, read_blobs(source, chunk), saved=saved)
        return len(chunk.seeds), 0
    experiment = Experiment.from_dict(record.experiment)
    differing = _differing(db, key, name, rows)
    for gap in gaps:
        runs = read_runs(source, [chunk], experiment, gap, place="the other store")
        dtype, shapes, blobs = encode(runs)
        part = ChunkName(
            fingerprint=name.fingerprint, engine=name.engine, seeds=gap, dtype=dtype, shapes=shapes
        )
        write_chunk(db, key, part, outcomes_of(runs), blobs, saved=saved)
    return sum(map(len, gaps)), differing


def _differing(db: sqlite3.Connection, key: int | None, name: ChunkName, rows: Outcomes) -> int:
    """Return how many runs that are in both ended otherwise."""
    query = f"""SELECT seed, {", ".join(COLUMNS)} FROM runs
        WHERE experiment = ? AND engine = ? AND seed >= ? AND seed < ?"""
    seeds = name.seeds
    ours = db.execute(query, (key, name.engine, seeds.start, seeds.stop)).fetchall()
    try:
        ended = outcomes_from([row[1:] for row in ours])
    except ValueError:
        return 0  # Damage here is said when it is read.
    theirs = rows[[row[0] - seeds.start for row in ours]]
    # As bytes, in which NaN equals NaN.
    return sum(a.tobytes() != b.tobytes() for a, b in zip(ended, theirs, strict=True))


def _copy_judged(
    db: sqlite3.Connection,
    source: sqlite3.Connection,
    judged: Iterable[tuple[tuple[Any, ...], str]],
    records: dict[int, Record],
) -> list[str]:
    """Keep what was said of failed runs that ended alike here, where nothing was said of them by those rules.

    Returns what is damaged of it, a line each.
    """
    damaged: list[str] = []
    for (key, engine, seed, *said), words in judged:
        if words:
            damaged.append(words)
            continue
        run = (key_of(db, records[key].fingerprint), engine, seed)
        theirs = None
        with suppress(*UNREADABLE):  # of which the run's chunk has told
            theirs = _ended(source, (key, engine, seed))
        if theirs is not None and theirs == _ended(db, run):
            db.execute("INSERT OR IGNORE INTO judged_runs VALUES (?, ?, ?, ?, ?, ?)", (*run, *said))
    return damaged


def _ended(db: sqlite3.Connection, run: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Return how a run ended, as SQLite keeps it, in which NaN equals NaN; None if there is no such row."""
    query = f"SELECT {', '.join(COLUMNS)} FROM runs WHERE experiment = ? AND engine = ? AND seed = ?"
    return db.execute(query, run).fetchone()


def _copy_studies(db: sqlite3.Connection, studies: Iterable[NamedStudy]) -> None:
    """Name the studies here, as when they were asked there."""
    for study in studies:
        remember(
            db,
            study.kind,
            study.title,
            study.fingerprints,
            networks=study.networks,
            changes=study.changes,
            seeds=study.seeds,
            question=study.question,
            asked=study.asked,
        )


def _readable(what: str, read: Callable[[], Iterable[T]], left_out: list[str]) -> Iterator[T]:
    """Give what can be read, up to where the file is broken; `left_out` is told that there is more."""
    try:
        yield from read()
    except UNREADABLE as error:
        left_out.append(f"{what}: SQLite can't read the file from there on ({error})")
