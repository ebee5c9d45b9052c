"""What an estimated effect may be called: the words of every verdict."""

from __future__ import annotations

from typing import Literal

from trainlab.errors import StatsError
from trainlab.stats.estimate import Estimate

Reading = Literal["helps", "hurts", "shown to be small", "no difference seen"]

SIGNIFICANCE = 0.05


def reading(estimate: Estimate, *, p_adjusted: float, small: float = 0.02) -> Reading:
    """Return the one sentence that the numbers allow, the first of these that applies.

    1. "shown to be small": the whole interval lies within ±`small` (0.02 is 2 points). This comes first, so
       that a real but negligible effect, which many seeds make significant, isn't sold as help.
    2. "helps" or "hurts", by the sign: `p_adjusted`, corrected for all effects read together, is below 0.05.
    3. "no difference seen": neither. It says what these seeds could not show, not that there is nothing.

    Raises:
        StatsError: `p_adjusted` outside 0 to 1 or NaN, or `small` not positive.
    """
    if not 0.0 <= p_adjusted <= 1.0:
        raise StatsError(f"p_adjusted is {p_adjusted!r}, but must be from 0 to 1; take it from holm().")
    if not small > 0.0:
        raise StatsError(f"small is {small!r}, but must be positive; write 0.02 for 2 points.")
    if -small <= estimate.low and estimate.high <= small:
        return "shown to be small"
    if p_adjusted < SIGNIFICANCE:
        return "helps" if estimate.estimate > 0 else "hurts"
    return "no difference seen"
