"""What the rules of verdicts share: outcomes of readings, what a single run says, the order of verdicts.

Each rule is a function of plain counts, so that made-up numbers can flip it. What is *upheld* must hold with
its whole interval; what is *refuted* must fail with its whole interval; the rest is *mixed*, and said so.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from trainlab.stats import Outcome, Rate, Reading, Verdict, disagreement, rate

Bools = npt.NDArray[np.bool_]
OUTCOMES: dict[Reading, Outcome] = {
    "helps": "upheld",
    "hurts": "refuted",
    "shown to be small": "refuted",
    "no difference seen": "mixed",
}
_ORDER = {
    "together": 0,
    "change": 1,
    "vanishing": 2,
    "cause": 2,
    "predictions": 4,
    "solved": 4,
    "parameters": 5,
}
_ELSE = 3


def most_telling_first(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return findings before checks, and otherwise in their order.

    All changes together, each change, what failures are, the answers, and last that sizes are equal.
    """
    return tuple(sorted(verdicts, key=lambda verdict: _ORDER.get(verdict.topic, _ELSE)))


def opposite_of(single_runs: Bools, outcome: Outcome) -> Rate | None:
    """Return the share of seeds whose single run, bool [n], says otherwise; None for a mixed outcome."""
    return None if outcome == "mixed" else disagreement(single_runs, outcome == "upheld")


def rate_of(values: Bools) -> Rate:
    """Return the rate of true values."""
    return rate(int(values.sum()), len(values))


def after_words(where: str) -> str:
    """Return `where` with a space before it, or nothing."""
    return f" {where}" if where else ""
