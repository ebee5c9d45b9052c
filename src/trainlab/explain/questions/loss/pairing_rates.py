"""How often the same network solves its task with other outputs and losses, on the same seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.engine import Runs
from trainlab.explain.common.paired import differences_from_first, solved_share
from trainlab.explain.questions.loss.variants import Variant
from trainlab.stats import Rate, ReadEstimate, Reading


@dataclass(frozen=True, kw_only=True, slots=True)
class PairRate:
    """How often a pairing solved the task, and the difference to one's own on the same seeds.

    `difference` is None for one's own pairing.
    """

    output: str
    loss: str
    verdict: str
    solved: Rate
    diverged: int
    difference: ReadEstimate | None = None

    @property
    def reading(self) -> Reading | None:
        """How the difference reads, None for one's own pairing."""
        return None if self.difference is None else self.difference.reading

    @property
    def label(self) -> str:
        """Output and loss."""
        return f"{self.output} + {self.loss}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; a difference is a share, not in per cent."""
        return {
            "output": self.output,
            "loss": self.loss,
            "verdict": self.verdict,
            "solved": self.solved.to_dict(),
            "diverged": self.diverged,
            "difference": None if self.difference is None else self.difference.to_dict(),
        }


def pair_rates(variants: Sequence[Variant], population: Sequence[Runs]) -> tuple[PairRate, ...]:
    """Return the rate of each variant, the first one's own; differences to it are read together (Holm)."""
    read = differences_from_first(population)
    return tuple(
        PairRate(
            output=variant.pairing.output,
            loss=variant.pairing.loss,
            verdict=variant.pairing.verdict,
            solved=solved_share(runs),
            diverged=int(runs.diverged.sum()),
            difference=read.get(place),
        )
        for place, (variant, runs) in enumerate(zip(variants, population, strict=True))
    )
