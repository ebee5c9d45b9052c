"""Chunks as the database has them, each checked before what it holds is used."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.bfloat16 import MISSING
from trainlab.engine.runs import COARSE, rows_of
from trainlab.spec import Experiment
from trainlab.store.blobs import BLOBS, CODES, FLOAT_KINDS, FLOATS, SHAPED_AS, decode
from trainlab.store.damage import DamagedChunk
from trainlab.store.digests import ChunkName
from trainlab.store.outcomes import COLUMNS, Outcomes, outcomes_from

HEADS = """SELECT chunks.rowid, chunks.experiment, chunks.engine, chunks.first_seed, count, dtype, shapes,
    digests.experiment, outcomes, blobs FROM chunks LEFT JOIN digests
    ON digests.experiment = chunks.experiment AND digests.engine = chunks.engine
    AND digests.first_seed = chunks.first_seed"""
"""What names chunks, and their digests, which reads no blob."""

_Size = Annotated[int, msgspec.Meta(ge=0)]
ALTERED = "they aren't what was saved"


class UnfitError(ValueError):
    """A chunk that can't be what was saved; the message says why, to end a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A row of the table of chunks without its blobs, and its digests.

    They are None if an older trainlab saved it, and empty if they are lost.
    """

    row: int
    key: int
    name: ChunkName
    outcomes_digest: bytes | None
    blobs_digest: bytes | None

    @property
    def unchecked(self) -> bool:
        """Whether it has no digests, since an older trainlab saved it."""
        return self.outcomes_digest is None or self.blobs_digest is None

    @property
    def seeds(self) -> range:
        """The seeds whose runs it holds."""
        return self.name.seeds

    @property
    def kind(self) -> tuple[str, str]:
        """How its arrays are to be read."""
        return self.name.dtype, self.name.shapes

    def damaged(self, why: str) -> DamagedChunk:
        """Return it as damaged; `why` ends a sentence."""
        name = self.name
        return DamagedChunk(
            row=self.row, fingerprint=name.fingerprint, engine=name.engine, seeds=name.seeds, why=why
        )


def key_of(db: sqlite3.Connection, fingerprint: str) -> int | None:
    """Return the key of an experiment, None if it isn't there."""
    row = db.execute("SELECT id FROM experiments WHERE fingerprint = ?", (fingerprint,)).fetchone()
    return row[0] if row else None


def seeds_held(db: sqlite3.Connection, key: int | None, engine: str, seeds: range) -> list[range]:
    """Return the seeds of the chunks that touch these."""
    query = """SELECT first_seed, count FROM chunks
        WHERE experiment = ? AND engine = ? AND first_seed < ? AND first_seed + count > ?"""
    rows = db.execute(query, (key, engine, seeds.stop, seeds.start))
    found = (seeds_of(first, count) for first, count in rows)
    return [each for each in found if each is not None]


def seeds_of(first: Any, count: Any) -> range | None:
    """Return the seeds of a chunk, None if what the database has for them can't be seeds."""
    return range(first, first + count) if type(first) is type(count) is int and count > 0 else None


def touching(db: sqlite3.Connection, key: int, fingerprint: str, engine: str, seeds: range) -> list[Chunk]:
    """Return the chunks that hold some of the seeds, in the order of theirs."""
    rows = db.execute(
        f"""{HEADS} WHERE chunks.experiment = ? AND chunks.engine = ? AND chunks.first_seed < ?
        AND chunks.first_seed + count > ? ORDER BY chunks.first_seed""",
        (key, engine, seeds.stop, seeds.start),
    )
    found = (chunk_from(row, fingerprint) for row in rows.fetchall())
    return [chunk for chunk in found if chunk is not None]


def chunk_from(row: Sequence[Any], fingerprint: str) -> Chunk | None:
    """Return the chunk of a row of `HEADS`, None if it doesn't say of which seeds it is."""
    place, key, engine, first, count, dtype, shapes, entry, outcomes, blobs = row
    seeds = seeds_of(first, count)
    if seeds is None:
        return None
    name = ChunkName(
        fingerprint=fingerprint, engine=str(engine), seeds=seeds, dtype=str(dtype), shapes=str(shapes)
    )
    if entry is None or (outcomes is None) != (blobs is None):
        outcomes = blobs = b""
    return Chunk(row=place, key=key, name=name, outcomes_digest=outcomes, blobs_digest=blobs)


def read_rows(db: sqlite3.Connection, chunk: Chunk) -> Outcomes:
    """Return how all runs of a chunk ended; raise UnfitError if that isn't what was saved."""
    query = f"""SELECT {", ".join(COLUMNS)} FROM runs
        WHERE experiment = ? AND engine = ? AND seed >= ? AND seed < ? ORDER BY seed"""
    seeds = chunk.seeds
    rows = db.execute(query, (chunk.key, chunk.name.engine, seeds.start, seeds.stop)).fetchall()
    if len(rows) != len(seeds):
        raise UnfitError(f"{len(rows):,} of {len(seeds):,} runs have a row")
    try:
        outcomes = outcomes_from(rows)
    except ValueError:
        raise UnfitError("a row holds something else than numbers") from None
    if chunk.outcomes_digest is not None and chunk.outcomes_digest != chunk.name.outcomes_digest(outcomes):
        raise UnfitError(ALTERED)
    return outcomes


def read_blobs(db: sqlite3.Connection, chunk: Chunk) -> list[bytes | None]:
    """Return the arrays of a chunk as they are kept; raise UnfitError if that isn't what was saved."""
    row = db.execute(f"SELECT {', '.join(BLOBS)} FROM chunks WHERE rowid = ?", (chunk.row,)).fetchone()
    if row is None:
        raise UnfitError("their arrays aren't there")
    blobs: list[bytes | None] = list(row)
    for name, blob in zip(BLOBS, blobs, strict=True):
        # Only those of `SHAPED_AS` may be missing: the chunk was saved by a version without them.
        if not isinstance(blob, bytes) and not (blob is None and name in SHAPED_AS):
            raise UnfitError(f"{name} is missing")
    if chunk.blobs_digest is not None and chunk.blobs_digest != chunk.name.blobs_digest(
        b"" if blob is None else blob for blob in blobs
    ):
        raise UnfitError(ALTERED)
    return blobs


def arrays_of(
    chunk: Chunk, blobs: Sequence[bytes | None], experiment: Experiment
) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a chunk by name; raise UnfitError if the blobs don't fit their shapes."""
    shapes = _shapes(chunk)
    found: dict[str, npt.NDArray[Any]] = {}
    for name, blob in zip(BLOBS, blobs, strict=True):
        kind, shape = CODES if name == COARSE else chunk.name.dtype, shapes[SHAPED_AS.get(name, name)]
        count = rows_of(name, experiment, chunk.seeds, chunk.seeds).stop
        if blob is None:
            found[name] = _unknown((count, *shape), MISSING if name == COARSE else np.nan, kind)
            continue
        if len(blob) != np.dtype(kind).itemsize * count * math.prod(shape):
            raise UnfitError(f"{name} has {len(blob):,} bytes where {count:,} runs of shape {shape} are due")
        found[name] = decode(blob, dtype=kind, shape=shape, count=count)
    return found


def _unknown(shape: tuple[int, ...], value: float, kind: str) -> npt.NDArray[Any]:
    try:
        return np.full(shape, value, dtype=kind)
    except (MemoryError, ValueError):
        raise UnfitError(f"their shape {shape} can't be") from None


def _shapes(chunk: Chunk) -> dict[str, list[int]]:
    dtype, text = chunk.kind
    if dtype not in FLOAT_KINDS:
        raise UnfitError(f"their dtype is none of {', '.join(FLOAT_KINDS)}")
    try:
        shapes = msgspec.json.decode(text, type=dict[str, list[_Size]])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise UnfitError("their shapes can't be read") from None
    if not shapes.keys() >= set(FLOATS):
        raise UnfitError("their shapes can't be read")
    return shapes
