"""Chunks as the database has them: seeds, rows and arrays, each checked before what it holds is used."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.runs import COARSE, MISSING, STEP_GRADIENT, rows_of
from trainlab.errors import StoreError, printable, shown
from trainlab.spec import Experiment

# Sets of seeds as lists of ranges: ascending, disjoint, never empty, never touching.


def merge(ranges: Iterable[range]) -> list[range]:
    """Return the union of the ranges (each of step 1) as ascending ranges with a gap between each two."""
    merged: list[range] = []
    for piece in sorted((piece for piece in ranges if piece), key=lambda piece: piece.start):
        if merged and piece.start <= merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(merged[-1].stop, piece.stop))
        else:
            merged.append(piece)
    return merged


def subtract(whole: range, held: Iterable[range]) -> list[range]:
    """Return what of `whole` lies in none of the ranges of `held`, in order."""
    gaps: list[range] = []
    start = whole.start
    for piece in merge(held):
        if piece.start > start:
            gaps.append(range(start, min(piece.start, whole.stop)))
        start = max(start, piece.stop)
        if start >= whole.stop:
            break
    gaps.append(range(start, whole.stop))
    return [gap for gap in gaps if gap]


# How runs ended, a row each, as the database keeps it and as arrays have it.


EVENTS = {
    "solved": np.bool_,
    "solved_epoch": np.int64,
    "settled_epoch": np.int64,
    "stopped_epoch": np.int64,
    "diverged_step": np.int64,
}
NUMBERS = ("loss", "accuracy", "held_out_loss", "held_out_accuracy")
COLUMNS = (*EVENTS, *NUMBERS)
"""The arrays of `Runs` that have a column in the table of runs; the others are blobs."""

OUTCOME = np.dtype([*EVENTS.items(), *((name, np.float64) for name in NUMBERS)])
"""How a run ended, as in `Runs`; a loss that isn't a number is NaN."""
Outcomes = npt.NDArray[np.void]


def outcomes_of(runs: Runs) -> Outcomes:
    """Return how the runs ended, as they will be read again."""
    rows = np.empty(len(runs.seeds), dtype=OUTCOME)
    for name in COLUMNS:
        rows[name] = getattr(runs, name)
    for name in NUMBERS:
        # SQLite keeps neither which NaN it was, nor the sign of zero.
        column = rows[name]
        column[np.isnan(column)] = np.nan
        column += 0.0
    return rows


def outcomes_from(rows: Sequence[tuple[Any, ...]]) -> Outcomes:
    """Return rows of the columns as an array; raise ValueError if one holds something else than numbers."""
    try:
        # A number that is NULL comes as None, which NumPy reads as NaN.
        return np.array(rows, dtype=OUTCOME)
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None


# The arrays of a chunk as raw little-endian numbers.
#
# Raw, because they hardly compress: for 500 trained networks 2-11-1 zlib at level 1 leaves 89 % of the bytes,
# at 45 MB/s, where they are written at 300 MB/s.


FLOATS = ("predictions", "parameters", "gradient", "loss_curve", "gradient_curve")
BLOBS = (*FLOATS, COARSE, STEP_GRADIENT)
"""The arrays of `Runs` that are kept as blobs; the others have a column in the table of runs."""

FLOAT_KINDS = ("<f4", "<f8")
"""The dtypes that floats may have."""

CODES = "<u2"
"""The dtype of coarse curves, which have the others' shape; all floats in a chunk have one dtype."""

SHAPED_AS = {COARSE: "loss_curve", STEP_GRADIENT: "gradient"}
"""Blobs that older versions don't have; each has the shape of another."""


def encode(runs: Runs) -> tuple[str, str, list[bytes]]:
    """Return the floats' dtype, their shape of one run each (JSON), and the blobs in the order of `BLOBS`.

    Shapes are of what every version has: for one engine they are the same in all chunks, whoever saved them.
    """
    dtype = np.dtype(runs.predictions.dtype).newbyteorder("<")
    arrays = {name: np.asarray(getattr(runs, name)) for name in FLOATS}
    shapes = json.dumps({name: array.shape[1:] for name, array in arrays.items()})
    blobs = [array.astype(dtype, copy=False).tobytes() for array in arrays.values()]
    coarse, step = runs.coarse_loss.astype(CODES, copy=False), runs.step_gradient.astype(dtype, copy=False)
    return dtype.str, shapes, [*blobs, coarse.tobytes(), step.tobytes()]


def decode(blob: bytes, *, dtype: str, shape: list[int], count: int) -> npt.NDArray[Any]:
    """Return the array ``[count, *shape]``, a view of the blob, which has to have its size."""
    return np.frombuffer(blob, dtype=dtype).reshape(count, *shape)


# Digests: whether what is read is what was saved.
#
# A chunk has two, of how its runs ended and of its arrays, so that rates are checked without reading curves.
# Both begin with what names the chunk, so that none can answer for another.


SIZE = 16
"""Bytes of a digest."""

_KEPT = OUTCOME.newbyteorder("<")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkName:
    """What a chunk is of, and how its arrays are to be read: `dtype` and `shapes` as they are kept."""

    fingerprint: str
    engine: str
    seeds: range
    dtype: str
    shapes: str

    def outcomes_digest(self, rows: Outcomes) -> bytes:
        """Return the digest of the chunk with these rows."""
        return digest_of([*self._pieces, rows.astype(_KEPT, copy=False).tobytes()])

    def blobs_digest(self, blobs: Iterable[bytes]) -> bytes:
        """Return the digest of the chunk with these blobs."""
        return digest_of([*self._pieces, *blobs])

    @property
    def _pieces(self) -> list[bytes]:
        seeds = f"{self.seeds.start} {self.seeds.stop}"
        return [each.encode() for each in (self.fingerprint, self.engine, seeds, self.dtype, self.shapes)]


def digest_of(pieces: Iterable[bytes]) -> bytes:
    """Return a digest of the pieces, and of where each of them ends."""
    digest = blake2b(digest_size=SIZE)
    for piece in pieces:
        digest.update(len(piece).to_bytes(8, "little"))
        digest.update(piece)
    return digest.digest()


def text_digest(*texts: str) -> bytes:
    """Return a digest of texts."""
    return digest_of(text.encode() for text in texts)


# What is damaged in a store: said in a line, and raised where it is met.


class DamageWarning(UserWarning):
    """Something in a store is damaged, and is passed over or made again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DamagedChunk:
    """A chunk that isn't what was saved: its row in the table, what it claims to be, and how that shows."""

    row: int
    fingerprint: str
    engine: str
    seeds: range
    why: str

    def sentence(self, experiment: str) -> str:
        """Return it in words, without a full stop; `experiment` says which."""
        engine = self.engine.partition("@")[0]
        few = len(self.seeds) == 1
        which = f"seed {self.seeds.start}" if few else f"seeds {self.seeds.start} to {self.seeds.stop - 1}"
        return printable(f"{which} of {experiment} (engine {shown(engine)}): {self.why}")


class DamagedError(StoreError):
    """Some of the runs that were asked for are damaged; `chunks` are those that hold them."""

    def __init__(self, place: str, experiment: str, chunks: Sequence[DamagedChunk]) -> None:
        self.chunks = tuple(chunks)
        self.words = f"{place}: is damaged: {sentences(experiment, chunks)}"
        super().__init__(
            f"{self.words}. The command that trained them does so again; 'trainlab store check' names all "
            "damage."
        )


def sentences(experiment: str, chunks: Sequence[DamagedChunk]) -> str:
    """Return the first of the chunks in words, and how many more there are."""
    more = f", and {len(chunks) - 1:,} more such chunks" if len(chunks) > 1 else ""
    return f"{chunks[0].sentence(experiment)}{more}"


# Chunks as the database has them, each checked before what it holds is used.


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
