"""How many networks go on from a state: summed directly if few layers are allowed, else read from tables.

What would take too much memory or time is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from trainlab.budgets.count_tables import DeepCounts, size_in_bytes
from trainlab.budgets.rules import Rules
from trainlab.errors import BudgetError

Counts = Callable[[int, int, int], int]
"""(level, remaining, width) -> the number of networks that go on from that state."""

MOST_BYTES = 2 * 10**9
MOST_STEPS = 3 * 10**7
DEEPEST = 3
"""More hidden layers than this are counted with a table (`count_tables`)."""


@lru_cache(maxsize=2)
def counts_of(rules: Rules) -> Counts:
    """Return the counts for all states of the budget. Those of the last two budgets are kept."""
    possible = rules.possible_depth()
    if rules.shallowest > possible:
        return _nothing
    if possible <= DEEPEST:
        return ShallowCounts(rules, possible)
    return DeepCounts(rules, _depth_limit(rules, possible))


def check_size(rules: Rules) -> None:
    """Raise BudgetError if counting would take more than about 2 GB, or more than about half a minute."""
    possible = rules.possible_depth()
    if rules.shallowest > possible:
        return
    if possible <= DEEPEST:
        steps = _steps(rules, possible)
        if steps > MOST_STEPS:
            raise BudgetError(
                f"parameters={rules.parameters} with these limits takes about {steps:.0e} steps to count; "
                f"allowed are {MOST_STEPS:.0e}: lower parameters or max_width, or set max_depth to 2 or less."
            )
        return
    size = size_in_bytes(rules, _depth_limit(rules, possible), enough=MOST_BYTES)
    if size > MOST_BYTES:
        raise BudgetError(
            f"parameters={rules.parameters} with these limits takes a table of more than "
            f"{MOST_BYTES // 10**9} GB to count; allowed is less: lower parameters or max_width, "
            f"raise min_width, or set max_depth to {DEEPEST} or less, which needs no table."
        )


def _depth_limit(rules: Rules, possible: int) -> int | None:
    """Return max_depth if it excludes something, else None: then the table needs no levels."""
    return None if possible == rules.affordable_depth() else possible


def _nothing(level: int, remaining: int, width: int) -> int:
    return 0


class ShallowCounts:
    """Count the ways to finish a network of at most `deepest` <= DEEPEST hidden layers.

    The last hidden layer needs no loop: the parameters left over determine its width. So one hidden layer
    takes a division, two take O(parameters / inputs) of them, three O(parameters · log parameters).
    """

    def __init__(self, rules: Rules, deepest: int) -> None:
        self._rules = rules
        self._deepest = deepest
        self._known: dict[tuple[int, int, int], int] = {}

    def __call__(self, level: int, remaining: int, width: int) -> int:
        """Return the number of networks that go on from the state."""
        closing = int(self._rules.closing_bias(level, remaining, width) is not None)
        if level >= self._deepest:
            return closing
        if level == self._deepest - 1:
            return closing + self._last_layers(remaining, width)
        state = (level, remaining, width)
        if state not in self._known:
            self._known[state] = closing + self._next_layers(level, remaining, width)
        return self._known[state]

    def _next_layers(self, level: int, remaining: int, width: int) -> int:
        rules = self._rules
        return sum(
            self(level + 1, remaining - fan_in * v, v)
            for fan_in in (width + bias for bias in rules.hidden)
            for v in range(rules.narrowest, rules.widest_next(remaining, fan_in) + 1)
        )

    def _last_layers(self, remaining: int, width: int) -> int:
        """Solve fan_in · v + (v + output bias) · outputs = remaining for v."""
        rules = self._rules
        if self._deepest < rules.shallowest:
            return 0
        solutions = 0
        for bias in rules.hidden:
            for output_bias in rules.output:
                v, rest = divmod(remaining - output_bias * rules.outputs, width + bias + rules.outputs)
                solutions += rest == 0 and rules.narrowest <= v <= rules.widest
        return solutions


def _steps(rules: Rules, deepest: int) -> float:
    """Return an upper bound, close to the truth, on the number of last layers that counting solves for."""
    first = rules.widest_next(rules.parameters, rules.inputs + rules.hidden[0])
    if deepest <= 1 or first < rules.narrowest:
        return 1
    if deepest == 2:
        return first * len(rules.hidden)
    # The second layer has at most parameters / (v + after) widths after a first one of width v.
    after = min(rules.outputs, rules.narrowest)
    seconds = rules.parameters * math.log((first + after + 1) / (rules.narrowest + after))
    return min(seconds, first * rules.widest) * len(rules.hidden) ** 2
