"""How many networks have exactly so many parameters: rules, tables of counts, and drawing by rank."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from trainlab.budgets.architecture import Architecture
from trainlab.errors import BudgetError

# A budget's question in numbers: what counting, listing and sampling share.


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What a network must satisfy. `Budget` makes it, after its checks.

    A network is built from the inputs on. A *state* is (level, remaining, width): hidden layers placed so
    far, parameters still to spend, width of the last layer placed. The state (0, parameters, inputs) is
    the start; a hidden layer of width v on one of width u costs (u + bias) · v.
    """

    parameters: int
    inputs: int
    outputs: int
    hidden: tuple[int, ...]
    """Bias flags a hidden layer may have: (0,), (1,) or (0, 1)."""
    output: tuple[int, ...]
    """Bias flags the output layer may have."""
    narrowest: int
    widest: int
    shallowest: int
    deepest: int

    @property
    def least_output_biases(self) -> int:
        """Biases the output layer has in any case."""
        return self.outputs * self.output[0]

    def closing_bias(self, level: int, remaining: int, width: int) -> bool | None:
        """Return the output layer's bias flag if that layer uses up exactly `remaining`, None if it can't.

        There is never more than one: with a bias it costs `outputs` parameters more.
        """
        if self.shallowest <= level <= self.deepest:
            for bias in self.output:
                if remaining == (width + bias) * self.outputs:
                    return bool(bias)
        return None

    def widest_next(self, remaining: int, fan_in: int) -> int:
        """Return the greatest width of a next hidden layer after which a network can still be finished.

        `fan_in` counts the layer's bias as one more input; 0 is for a layer that is already paid for. A wide
        layer is followed by the output layer or, cheaper if there are many outputs, by a narrow layer.
        """
        left = remaining - self.least_output_biases
        w, bias = self.narrowest, self.hidden[0]
        finish = left // (fan_in + self.outputs)
        bottleneck = (left - (self.outputs + bias) * w) // (fan_in + w)
        return min(self.widest, max(finish, bottleneck))

    def cheapest(self, depth: int) -> int:
        """Return the least cost of `depth` >= 1 hidden layers: all narrow, biased only if they must be."""
        w, bias = self.narrowest, self.hidden[0]
        return (self.inputs + bias) * w + (depth - 1) * (w + bias) * w

    def least_to_finish(self, layers: int) -> int:
        """Return the least cost of `layers` more hidden layers and the output layer after a hidden layer."""
        w, bias = self.narrowest, self.hidden[0]
        return layers * (w + bias) * w + w * self.outputs + self.least_output_biases

    def affordable_depth(self) -> int:
        """Return the greatest depth that the parameters can pay for, `deepest` or not."""
        spare = self.parameters - self.cheapest(1) - self.least_to_finish(0)
        w, bias = self.narrowest, self.hidden[0]
        return 0 if spare < 0 else 1 + spare // ((w + bias) * w)

    def possible_depth(self) -> int:
        """Return the greatest depth that `deepest` and the parameters allow."""
        return min(self.deepest, self.affordable_depth())


# Tables of counts for every state at any depth: one per level, filled from few remaining parameters to many.
#
# With f(k, p, u) the number of ways to go on from k hidden layers, the last of width u, and p parameters
# left:
#
#     g(k, p, c) = sum over v of f(k, p - c·v, v)
#     f(k, p, u) = [the output layer uses up p exactly] + sum over the allowed biases b of g(k + 1, p, u + b)
#
# A table is one flat list with f at (p - base) · stride + v, so g is the sum of an arithmetic slice. Once
# the depth no longer matters (min_depth reached, no max_depth), level k + 1 is level k itself.


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


# How many networks go on from a state: summed directly if few layers are allowed, else read from tables.
#
# What would take too much memory or time is refused.


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


# Networks one by one, in order, by their rank, or by ranks that are drawn.
#
# All of them walk down the tree of hidden layers, along the branches that the counts keep alive. The order:
# a network that ends here comes before those that go on; a wider next layer before a narrower one; with its
# bias before without. No recursion: a network may have a thousand layers.


def walk(rules: Rules, counts: Counts) -> Iterator[Architecture]:
    """Yield every network of the budget, in order; a branch without one is never entered."""
    widths, biases = [rules.inputs], list[bool]()
    remaining = rules.parameters
    branches = list[Iterator[tuple[int, bool, int]]]()
    while True:
        level, width = len(branches), widths[-1]
        closing = rules.closing_bias(level, remaining, width)
        if closing is not None:
            yield Architecture(widths=(*widths, rules.outputs), biases=(*biases, closing))
        branches.append(_live(rules, counts, level, remaining, width))
        while (step := next(branches[-1], None)) is None:
            branches.pop()
            if not branches:
                return
        del widths[len(branches) :], biases[len(branches) - 1 :]
        width, bias, remaining = step
        widths.append(width)
        biases.append(bias)


def unrank(rules: Rules, counts: Counts, index: int) -> Architecture:
    """Return the network at place `index` of the order, 0 <= index < count, in O(depth · width) steps."""
    widths, biases = [rules.inputs], list[bool]()
    remaining = rules.parameters
    # From the end: most networks go on with a narrow layer, so the search meets its branch early there.
    after = counts(0, remaining, rules.inputs) - 1 - index
    while True:
        level, width = len(biases), widths[-1]
        for v, bias, left in _next_layers_backwards(rules, remaining, width):
            number = counts(level + 1, left, v)
            if after < number:
                widths.append(v)
                biases.append(bias)
                remaining = left
                break
            after -= number
        else:
            closing = rules.closing_bias(level, remaining, width)
            if closing is None or after != 0:
                raise AssertionError("the counts disagree with the order of the networks")
            return Architecture(widths=(*widths, rules.outputs), biases=(*biases, closing))


def _live(
    rules: Rules, counts: Counts, level: int, remaining: int, width: int
) -> Iterator[tuple[int, bool, int]]:
    """Yield (width, bias, parameters left) of the next hidden layers that lead to a network, in order."""
    if level >= rules.deepest:
        return
    for v in range(rules.widest_next(remaining, width + rules.hidden[0]), rules.narrowest - 1, -1):
        for bias in reversed(rules.hidden):
            left = remaining - (width + bias) * v
            if counts(level + 1, left, v):
                yield v, bool(bias), left


def _next_layers_backwards(rules: Rules, remaining: int, width: int) -> Iterator[tuple[int, bool, int]]:
    """Yield (width, bias, parameters left) of all possible next hidden layers, last first."""
    for v in range(rules.narrowest, rules.widest_next(remaining, width + rules.hidden[0]) + 1):
        for bias in rules.hidden:
            yield v, bool(bias), remaining - (width + bias) * v


def draw_ranks(*, count: int, n: int, random: Random) -> list[int]:
    """Return `n` ranks of 0 … count - 1: distinct ones if there are as many, else independent draws."""
    if n > count:
        return [random.randrange(count) for _ in range(n)]
    if count <= sys.maxsize:
        return random.sample(range(count), n)
    # random.sample takes no longer range. A repeat is all but impossible here, and drawn again.
    ranks = dict[int, None]()
    while len(ranks) < n:
        ranks[random.randrange(count)] = None
    return list(ranks)
