"""The store: save, ask what is missing, load, delete."""

from __future__ import annotations

import os
import sqlite3
import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from trainlab.engine import Runs, select
from trainlab.errors import StoreError
from trainlab.spec import Experiment
from trainlab.store.check import Checked, Tell, check
from trainlab.store.chunk_io import read_outcomes, read_runs, write_chunk, write_experiment
from trainlab.store.chunks import (
    Chunk,
    ChunkName,
    DamagedChunk,
    DamageWarning,
    Outcomes,
    encode,
    key_of,
    outcomes_of,
    seeds_held,
    subtract,
    text_digest,
    touching,
)
from trainlab.store.database import (
    LOST_ROWS,
    REASONS,
    as_store_errors,
    connect,
    connect_read_only,
    make_folder,
    may_write,
    prepare,
    snapshot,
    transaction,
)
from trainlab.store.listing import StoredRuns, Total, stored_runs, totals_of, within
from trainlab.store.named_studies import HeldSeeds, Kind, NamedStudy, held_seeds, named_studies, remember
from trainlab.store.taking_over import TakenOver, take_over

DEFAULT_FOLDER = ".trainlab"
FILE_NAME = "store.sqlite3"
BUSY_SECONDS = 30.0
"""How long to wait for another process that is writing."""


class Store:
    """Finished runs by experiment (its fingerprint), engine and seed.

    Use it from one thread; several processes may use one file. Every method raises StoreError, in one line,
    if the file can't be used, and DamagedError if runs that are asked for aren't what was saved. A run that
    is there is never written again: the same experiment, engine and seed give the same numbers, so only the
    new seeds of a chunk are added.
    """

    def __init__(self, database: str, *, place: str) -> None:
        self.place = place
        self.damage: list[str] = []
        """What was damaged and passed over since the store was opened, a line each."""
        file = Path(database)
        self.read_only = not may_write(file)
        """Whether it can be read only: then nothing is named, and what isn't there can't be trained."""
        with as_store_errors(place):
            if self.read_only:
                self._db = connect_read_only(file, place)
                return
            self._db = connect(database, patience=BUSY_SECONDS)
            try:
                prepare(self._db, place, patience=BUSY_SECONDS)
            except BaseException:
                self._db.close()
                raise

    @classmethod
    def open(cls, folder: str | os.PathLike[str] = DEFAULT_FOLDER, *, create: bool = True) -> Store:
        """Open the store in a folder; `create` makes folder and file if they aren't there.

        An empty file is a store to be: another process is just making it, or the disk was full.
        """
        file = Path(folder) / FILE_NAME
        if create:
            make_folder(file.parent)
        elif not file.is_file():
            raise StoreError(f"{Path(folder)}: holds no store. A study makes one; --store names its folder.")
        return cls(str(file), place=str(file))

    @classmethod
    def in_memory(cls) -> Store:
        """Return an empty store that vanishes with the program."""
        return cls(":memory:", place="the store in memory")

    @property
    def on_disk(self) -> bool:
        """Whether what is saved outlives the program."""
        with as_store_errors(self.place):
            return bool(self._db.execute("PRAGMA database_list").fetchone()[2])

    def check_writable(self) -> None:
        """Raise StoreError if runs can't be saved."""
        if self.read_only:
            raise StoreError(f"{self.place}: {REASONS[sqlite3.SQLITE_READONLY]}")

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        with as_store_errors(self.place):
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def save(self, runs_list: Sequence[Runs], *, engine: str) -> None:
        """Write all these runs in one transaction; seeds that are already there stay as they are."""
        with as_store_errors(self.place), transaction(self._db):
            for runs in runs_list:
                # Asked for once: it is a digest of all that the experiment says.
                name = runs.experiment.fingerprint
                key = key_of(self._db, name) or self._add(name, runs.experiment)
                for gap in subtract(runs.seeds, seeds_held(self._db, key, engine, runs.seeds)):
                    self._insert(key, name, engine, runs if gap == runs.seeds else select(runs, gap))

    def missing(self, experiment: Experiment, seeds: range, *, engine: str) -> list[range]:
        """Return the seeds whose runs aren't there, as ascending ranges."""
        with as_store_errors(self.place):
            return subtract(
                seeds, seeds_held(self._db, key_of(self._db, experiment.fingerprint), engine, seeds)
            )

    def load(self, experiment: Experiment, seeds: range, *, engine: str) -> Runs:
        """Return the runs of all these seeds; raise StoreError if one isn't there."""
        with as_store_errors(self.place), snapshot(self._db):
            held = self._chunks_with_all(experiment, seeds, engine)
            return read_runs(self._db, held, experiment, seeds, place=self.place)

    def outcomes(self, experiment: Experiment, seeds: range, *, engine: str) -> Outcomes:
        """Return how the runs of all these seeds ended, without their arrays: ``[n]`` rows of `OUTCOME`.

        For 32 runs it takes 50 µs, `load` 170. Raises StoreError if one isn't there.
        """
        with as_store_errors(self.place), snapshot(self._db):
            held = self._chunks_with_all(experiment, seeds, engine)
            return read_outcomes(self._db, held, experiment, seeds, place=self.place)

    def solved(self, experiment: Experiment, seeds: range, *, engine: str) -> int:
        """Return how many runs of all these seeds are solved; raise StoreError if one isn't there.

        Rows are read only of chunks of which not all seeds are asked for, or that have no sound total: of a
        million runs it takes a hundredth of a second, `outcomes` nearly two seconds.
        """
        name = experiment.fingerprint
        with as_store_errors(self.place), snapshot(self._db):
            key = key_of(self._db, name)
            totals = () if key is None else totals_of(self._db, key, name)
            mine: list[Total] = [each for each in totals if each.engine == engine]
            count, rest = within(mine, seeds)
            for part in rest or ([] if seeds else [seeds]):
                held = self._chunks_with_all(experiment, part, engine)
                count += int(
                    read_outcomes(self._db, held, experiment, part, place=self.place)["solved"].sum()
                )
        return count

    def discard(self, chunks: Iterable[DamagedChunk]) -> None:
        """Delete damaged chunks, so that their runs count as missing."""
        with as_store_errors(self.place), transaction(self._db):
            for chunk in chunks:
                seeds, key = chunk.seeds, key_of(self._db, chunk.fingerprint)
                # Only if it still is what was found: another process may have made it again meanwhile.
                self._db.execute(
                    "DELETE FROM chunks WHERE rowid = ? AND first_seed = ? AND count = ?",
                    (chunk.row, seeds.start, len(seeds)),
                )
                self._db.execute(LOST_ROWS, (key, chunk.engine, seeds.start, seeds.stop))

    def save_judged(
        self, experiment: Experiment, seed: int, found: bytes, *, engine: str, rules: str
    ) -> None:
        """Keep what rules with this digest say of a run, as JSON; the run must be there.

        Where the store is read-only, nothing is kept.
        """
        if self.read_only:
            return
        with as_store_errors(self.place), transaction(self._db):
            (chunk,) = self._chunks_with_all(experiment, range(seed, seed + 1), engine)
            named = chunk.name.fingerprint, engine, str(seed), rules
            self._db.execute(
                "INSERT OR REPLACE INTO judged_runs VALUES (?, ?, ?, ?, ?, ?)",
                (chunk.key, engine, seed, rules, found.decode(), text_digest(*named, found.decode())),
            )

    def judged(self, experiment: Experiment, *, engine: str, rules: str) -> dict[int, str]:
        """Return what rules with this digest have said of runs, as JSON, by seed, unless it is damaged."""
        query = (
            "SELECT seed, found, digest FROM judged_runs WHERE experiment = ? AND engine = ? AND rules = ?"
        )
        with as_store_errors(self.place):
            name = experiment.fingerprint
            rows = self._db.execute(query, (key_of(self._db, name), engine, rules)).fetchall()
        found: dict[int, str] = {}
        for seed, text, digest in rows:
            if digest is None or digest == text_digest(name, engine, str(seed), rules, str(text)):
                found[seed] = text
            else:
                self._warn(f"what was said of the failed run of seed {seed} is passed over")
        return found

    def remember(
        self,
        kind: Kind,
        title: str,
        fingerprints: Iterable[str],
        *,
        networks: int,
        changes: int = 0,
        seeds: int,
        question: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the name of a study and which experiments belong to it, whether they have runs yet or not.

        `networks` is the number of candidates for a race, and of points for a map; `question` is plain data
        from which it can be asked again. Where the store is read-only, nothing is kept.
        """
        if self.read_only:
            return
        with as_store_errors(self.place), transaction(self._db):
            remember(
                self._db,
                kind,
                title,
                fingerprints,
                networks=networks,
                changes=changes,
                seeds=seeds,
                question=question,
            )

    def studies(self) -> list[NamedStudy]:
        """Return the studies that were named, the latest asked first."""
        with as_store_errors(self.place), snapshot(self._db):
            named, damaged = named_studies(self._db)
        for words in damaged:
            self._warn(words)
        return named

    def held(self, study: NamedStudy) -> dict[str, tuple[HeldSeeds, ...]]:
        """Return which seeds are there of a study's experiments, by fingerprint and engine."""
        with as_store_errors(self.place), snapshot(self._db):
            return held_seeds(self._db, study.key)

    def summary(self) -> list[StoredRuns]:
        """Return what the store holds, one row per experiment and engine, oldest experiment first."""
        with as_store_errors(self.place), snapshot(self._db):
            held, damaged = stored_runs(self._db)
        for words in damaged:
            self._warn(words)
        return held

    def take_over(
        self, folder: str | os.PathLike[str], on_progress: Tell = lambda done, total: None
    ) -> TakenOver:
        """Take over what is missing here from the store in another folder, which keeps all that it has.

        If it is of an older version it is upgraded. `on_progress` is told how many of its chunks are done, of
        how many. What is saved there meanwhile isn't seen.
        """
        below, file = Path(folder) / DEFAULT_FOLDER, Path(folder) / FILE_NAME
        if not file.is_file() or not file.stat().st_size:  # an empty one is a copy that failed
            hint = f", but {below} does" if (below / FILE_NAME).is_file() else ""
            raise StoreError(
                f"{Path(folder)}: holds no store{hint}. Name the folder that has {FILE_NAME} in it."
            )
        with Store.open(folder, create=False) as other:
            if self.on_disk and os.path.samefile(self.place, other.place):
                raise StoreError(f"{folder}: is this store itself. Name the folder of another.")
            with as_store_errors(self.place), snapshot(other._db):
                return take_over(self._db, other._db, on_progress)

    def check(self, on_progress: Tell = lambda done, total: None) -> Checked:
        """Look for damage everywhere; `on_progress` is told how many chunks are done, of how many."""
        with as_store_errors(self.place), snapshot(self._db):
            return check(self._db, on_progress)

    def delete(self, experiments: Iterable[Experiment], *, engine: str) -> int:
        """Delete all runs of these experiments by this engine; return how many there were."""
        deleted = 0
        with as_store_errors(self.place), transaction(self._db):
            for experiment in experiments:
                key = key_of(self._db, experiment.fingerprint)
                for table in ("chunks", "digests", "runs", "judged_runs"):
                    where = f"DELETE FROM {table} WHERE experiment = ? AND engine = ?"
                    count = self._db.execute(where, (key, engine)).rowcount
                    deleted += count if table == "runs" else 0
            self._db.execute("DELETE FROM experiments WHERE id NOT IN (SELECT experiment FROM chunks)")
            for table in ("digests", "judged_runs"):
                # Left of chunks that were damaged; SQLite may give an experiment's key to another.
                self._db.execute(f"DELETE FROM {table} WHERE experiment NOT IN (SELECT id FROM experiments)")
        return deleted

    def _warn(self, words: str) -> None:
        """Say what is damaged and passed over."""
        line = f"{self.place}: is damaged: {words}. 'trainlab store repair' deletes what is damaged."
        self.damage.append(line)
        warnings.warn(line, DamageWarning, stacklevel=3)

    def _chunks_with_all(self, experiment: Experiment, seeds: range, engine: str) -> list[Chunk]:
        """Return the chunks that hold the seeds; raise StoreError unless all of them are there."""
        name = experiment.fingerprint
        key = key_of(self._db, name)
        held = [] if key is None else touching(self._db, key, name, engine, seeds)
        gaps = subtract(seeds, (chunk.seeds for chunk in held))
        if gaps or not seeds:
            what = (
                f"seeds {gaps[0].start} to {gaps[0].stop - 1} aren't there" if gaps else "no seeds asked for"
            )
            raise StoreError(
                f"{self.place}: {what} ({experiment.network.label}, {experiment.epochs} epochs, "
                f"engine {engine!r}). Train them first."
            )
        return held

    def _add(self, fingerprint: str, experiment: Experiment) -> int | None:
        text = msgspec.json.encode(experiment.to_dict(), order="sorted").decode()
        return write_experiment(self._db, fingerprint, text)

    def _insert(self, key: int | None, fingerprint: str, engine: str, runs: Runs) -> None:
        dtype, shapes, blobs = encode(runs)
        name = ChunkName(fingerprint=fingerprint, engine=engine, seeds=runs.seeds, dtype=dtype, shapes=shapes)
        saved = datetime.now(UTC).isoformat(timespec="seconds")
        write_chunk(self._db, key, name, outcomes_of(runs), blobs, saved=saved)
