"""Choose how to count a budget's networks, and refuse what no memory or patience would hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from trainlab.budgets import deep, shallow
from trainlab.budgets.rules import Rules
from trainlab.errors import BudgetError

Counts = Callable[[int, int, int], int]
"""(level, remaining, width) -> the number of networks that go on from that state."""

MOST_BYTES = 2 * 10**9
MOST_STEPS = 3 * 10**7


@lru_cache(maxsize=2)
def counts_of(rules: Rules) -> Counts:
    """Return the counts of all states of the budget. The last two budgets' are kept."""
    possible = rules.possible_depth()
    if rules.shallowest > possible:
        return _nothing
    if possible <= shallow.DEEPEST:
        return shallow.ShallowCounts(rules, possible)
    return deep.DeepCounts(rules, _depth_limit(rules, possible))


def check_size(rules: Rules) -> None:
    """Raise BudgetError if counting would take more than about 2 GB, or more than about half a minute."""
    possible = rules.possible_depth()
    if rules.shallowest > possible:
        return
    if possible <= shallow.DEEPEST:
        steps = shallow.steps(rules, possible)
        if steps > MOST_STEPS:
            raise BudgetError(
                f"parameters={rules.parameters} with these limits takes about {steps:.0e} steps to count; "
                f"allowed are {MOST_STEPS:.0e}: lower parameters or max_width, or set max_depth to 2 or less."
            )
        return
    size = deep.size_in_bytes(rules, _depth_limit(rules, possible), enough=MOST_BYTES)
    if size > MOST_BYTES:
        raise BudgetError(
            f"parameters={rules.parameters} with these limits takes a table of more than "
            f"{MOST_BYTES // 10**9} GB to count; allowed is less: lower parameters or max_width, "
            f"raise min_width, or set max_depth to {shallow.DEEPEST} or less, which needs no table."
        )


def _depth_limit(rules: Rules, possible: int) -> int | None:
    """Return max_depth where it excludes something, else None: then the table needs no levels."""
    return None if possible == rules.affordable_depth() else possible


def _nothing(level: int, remaining: int, width: int) -> int:
    return 0
