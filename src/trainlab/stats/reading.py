"""What an estimated effect may be called: the words of every verdict."""

from __future__ import annotations

from typing import Literal

from trainlab.errors import StatsError
from trainlab.stats.estimate import Estimate

Reading = Literal["helps", "hurts", "shown to be small", "no difference seen"]

SIGNIFICANCE = 0.05


def reading(estimate: Estimate, *, p_adjusted: float, p_small_adjusted: float) -> Reading:
    """Return the one sentence that the numbers allow, the first of these that applies.

    1. "shown to be small": `p_small_adjusted` is below 0.05, so that the whole interval lies within ±2
       points. This comes first, so that a real but negligible effect, which many seeds make significant,
       isn't sold as help.
    2. "helps" or "hurts", by the sign: `p_adjusted` is below 0.05.
    3. "no difference seen": neither. It says what these seeds could not show, not that there is nothing.

    Both p-values are the estimate's, each corrected by `holm` for all effects read together. So the chance
    that any effect of a family is falsely called small is about 5 % at most, and so is the chance that any is
    falsely said to help or hurt.

    Raises:
        StatsError: a p-value outside 0 to 1 or NaN.
    """
    for name, p in (("p_adjusted", p_adjusted), ("p_small_adjusted", p_small_adjusted)):
        if not 0.0 <= p <= 1.0:
            raise StatsError(f"{name} is {p!r}, but must be from 0 to 1; take it from holm().")
    if p_small_adjusted < SIGNIFICANCE:
        return "shown to be small"
    if p_adjusted < SIGNIFICANCE:
        return "helps" if estimate.estimate > 0 else "hurts"
    return "no difference seen"
