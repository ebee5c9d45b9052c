"""How many seeds a study needs to tell a difference of success rates, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass

from trainlab.draw import counted, format_fixed
from trainlab.errors import SpecError
from trainlab.spec import Study
from trainlab.stats import POWER, SIGNIFICANCE, difference_told, points_words, seeds_to_tell


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedsNeeded:
    """The seeds with which 80 of 100 studies tell a `difference` of success rates, where most are needed.

    It is a share. `alone` if it is the only one, `together` if it is one of a `family` of differences that
    are read together. The study's own `seeds` then tell a difference of `told`, or none.
    """

    difference: float
    alone: int
    together: int
    family: int
    seeds: int
    told: float | None

    @property
    def sentence(self) -> str:
        """The numbers, and what they stand on."""
        points, share = points_words(self.difference), f"{100 * POWER:.0f} of 100 studies"
        both = [f"{50 * (1 + side * self.difference):.4g}" for side in (-1, 1)]
        one = f"To tell {points} apart in {share}: {counted(self.alone, 'seed')}"
        many = f" for one difference, {self.together:,} as one of {self.family:,} read together (Holm)"
        own = f"{counted(self.seeds, 'seed')}, as this study has, tell {_told(self.told)}."
        return (
            f"{one}{many if self.family > 1 else ''}. That is at the rates that need most, {both[0]} "
            f"and {both[1]} %, with cells that are independent on a seed; nearer to 0 or 1, or where both "
            f"succeed on the same seeds, fewer do. {own}"
        )


def seeds_needed(plan: Study, difference: float) -> SeedsNeeded:
    """Return how many seeds tell a `difference`, a share, that a change makes to a study's baseline.

    It is told by the study's own test, of paired differences with Holm's correction at its first step.

    Raises:
        SpecError: the study has no changes, or several splits.
        StatsError: the difference isn't between 0 and 1.
    """
    if not plan.changes or plan.splits > 1:
        why = f"has {plan.splits:,} splits, over which rates aren't compared" if plan.changes else "has none"
        raise SpecError(f"power: is about what changes do to success rates, but this study {why}.")
    family = len(plan.network_names) * len(plan.changes)
    level = SIGNIFICANCE / family
    return SeedsNeeded(
        difference=difference,
        alone=seeds_to_tell(difference, level=SIGNIFICANCE),
        together=seeds_to_tell(difference, level=level),
        family=family,
        seeds=plan.seeds,
        told=difference_told(plan.seeds, level=level),
    )


def _told(share: float | None) -> str:
    return "none apart, however large" if share is None else f"{format_fixed(100 * share, 1)} points apart"
