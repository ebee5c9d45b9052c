"""Completions of a state with few hidden layers: by direct summation, whatever the number of parameters."""

from __future__ import annotations

import math

from trainlab.budgets.rules import Rules

DEEPEST = 3
"""More hidden layers than this are counted with a table (deep.py)."""


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


def steps(rules: Rules, deepest: int) -> float:
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
