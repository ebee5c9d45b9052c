"""Digests: whether what is read is what was saved.

A chunk has two, of how its runs ended and of its arrays, so that rates are checked without reading curves.
Both begin with what names the chunk, so that none can answer for another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from trainlab.store.outcomes import OUTCOME, Outcomes

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
