"""A race in sentences: what was saved, how it was decided, and what that can't say."""

from __future__ import annotations

from trainlab.studies.races.race_result import RaceResult

DECIDED = (
    "All candidates get the same seeds, in rounds that double them. A candidate is dropped when its interval "
    "lies below the leader's, or when the leader solves so many more of the seeds on which only one of the "
    "two succeeds that an exact sign test (McNemar's) says so."
)
CONFIDENCE = (
    "95 % for everything at once: half of the 5 % is spent on exact (Clopper–Pearson) intervals for every "
    "candidate in every round, half on the comparisons of any two in any round, by Bonferroni. They are "
    "therefore wider than the interval of one rate by itself. A rank range counts who is shown to be better "
    "and who worse."
)
NOT_SAID = (
    "Those not dropped may still differ, by less than these seeds can show. A rate is that of this training "
    "and what it calls solved; with another learning rate or more epochs the order may be another."
)


def saved_words(result: RaceResult) -> str:
    """Return how many runs the race took, of how many the full grid would have."""
    share = 1 - result.runs / result.full_grid
    if result.runs == result.full_grid:
        return f"{result.runs:,} runs: all candidates went to the end"
    return (
        f"{result.runs:,} runs instead of {result.full_grid:,} (every candidate on "
        f"{result.rounds[-1].seeds:,} seeds): {100 * share:.0f} % saved"
    )
