"""Tables of counts for every state at any depth: one per level, filled from few remaining parameters to many.

With f(k, p, u) the number of ways to go on from k hidden layers, the last of width u, and p parameters left:

    g(k, p, c) = sum over v of f(k, p - c·v, v)
    f(k, p, u) = [the output layer uses up p exactly] + sum over the allowed biases b of g(k + 1, p, u + b)

A table is one flat list with f at (p - base) · stride + v, so g is the sum of an arithmetic slice. Once
the depth no longer matters (min_depth reached, no max_depth), level k + 1 is level k itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from trainlab.budgets.rules import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
    """f at one level, for `base` <= remaining parameters <= `top`."""

    base: int
    top: int
    stride: int
    values: list[int]

    def at(self, remaining: int, width: int) -> int:
        if not (self.base <= remaining <= self.top and width < self.stride):
            return 0
        return self.values[(remaining - self.base) * self.stride + width]

    def total(self, rules: Rules, remaining: int, fan_in: int) -> int:
        """Return g: the sum of f over the widths of a next layer on `fan_in` inputs, its bias counted in."""
        widest = min(rules.widest_next(remaining, fan_in), (remaining - self.base) // fan_in)
        if widest < rules.narrowest:
            return 0
        step = fan_in * self.stride - 1
        start = (remaining - self.base) * self.stride
        return sum(self.values[start - widest * step : start - rules.narrowest * step + 1 : step])


class DeepCounts:
    """Count the ways to finish a network, using tables of all states that can matter."""

    def __init__(self, rules: Rules, deepest: int | None) -> None:
        """Fill the tables; `deepest` None means that the parameters alone limit the depth."""
        self._rules = rules
        self._loops = deepest is None
        self._last = _last_level(rules, deepest)
        self._tables: dict[int, _Table] = {}
        for level in range(self._last, 0, -1):
            self._fill(level)
        self._start = self._from_start()

    def __call__(self, level: int, remaining: int, width: int) -> int:
        """Return the number of networks that go on from the state."""
        if level == 0:
            return self._start
        if level > self._last:
            if not self._loops:
                return 0
            level = self._last
        return self._tables[level].at(remaining, width)

    def _fill(self, level: int) -> None:
        rules = self._rules
        base, top = _span(rules, level)
        stride = _stride(rules)
        table = _Table(base=base, top=top, stride=stride, values=[0] * (max(0, top - base + 1) * stride))
        self._tables[level] = table
        below = table if level == self._last and self._loops else self._tables.get(level + 1)
        for remaining in range(base, top + 1):
            row = (remaining - base) * stride
            widest = _widest_placed(rules, remaining)
            if below is not None and widest >= rules.narrowest:
                table.values[row + rules.narrowest : row + widest + 1] = _row(rules, below, remaining, widest)
            if level >= rules.shallowest:
                for width in _closable(rules, remaining):
                    table.values[row + width] += 1

    def _from_start(self) -> int:
        rules = self._rules
        first = self._tables[1]
        hidden = sum(first.total(rules, rules.parameters, rules.inputs + bias) for bias in rules.hidden)
        return hidden + (rules.closing_bias(0, rules.parameters, rules.inputs) is not None)


def size_in_bytes(rules: Rules, deepest: int | None, *, enough: float) -> float:
    """Estimate the memory of the tables; stop adding up once it is more than `enough`.

    A state costs a pointer and an int whose length grows by about a bit for each parameter left; about
    half of the pointers belong to widths that a row can't have.
    """
    total = 0.0
    for level in range(1, _last_level(rules, deepest) + 1):
        base, top = _span(rules, level)
        if top >= base:
            total += (top - base + 1) * _stride(rules) * (8 + (32 + (base + top) / 20) / 2)
        if total > enough:
            break
    return total


def _last_level(rules: Rules, deepest: int | None) -> int:
    return max(1, rules.shallowest) if deepest is None else deepest


def _span(rules: Rules, level: int) -> tuple[int, int]:
    """Return the fewest and the most parameters that can remain at the level in a network of the budget."""
    least = rules.least_to_finish(max(0, rules.shallowest - level))
    return least, rules.parameters - rules.cheapest(level)


def _stride(rules: Rules) -> int:
    """Return one more than the greatest width that any hidden layer can have."""
    fan_in = min(rules.inputs, rules.narrowest) + rules.hidden[0]
    return max(rules.narrowest, rules.widest_next(rules.parameters, fan_in)) + 1


def _widest_placed(rules: Rules, remaining: int) -> int:
    """Return the greatest width that the last hidden layer can have with `remaining` parameters left."""
    fan_in = min(rules.inputs, rules.narrowest) + rules.hidden[0]
    paid = (rules.parameters - remaining) // fan_in
    return min(paid, rules.widest_next(remaining, 0))


def _row(rules: Rules, below: _Table, remaining: int, widest: int) -> list[int]:
    """Return f without closing output layers, for all widths of one row; neighbours share a g."""
    fan_ins = range(rules.narrowest + rules.hidden[0], widest + rules.hidden[-1] + 1)
    sums = [below.total(rules, remaining, fan_in) for fan_in in fan_ins]
    return sums if len(rules.hidden) == 1 else list(map(int.__add__, sums, sums[1:]))


def _closable(rules: Rules, remaining: int) -> list[int]:
    """Return the widths of a last hidden layer after which an output layer uses up exactly `remaining`."""
    quotient, rest = divmod(remaining, rules.outputs)
    widths = [quotient - bias for bias in rules.output if rest == 0]
    return [width for width in widths if rules.narrowest <= width <= _widest_placed(rules, remaining)]
