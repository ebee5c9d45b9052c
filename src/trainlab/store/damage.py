"""What is damaged in a store: said in a line, and raised where it is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.errors import StoreError, printable, shown


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
