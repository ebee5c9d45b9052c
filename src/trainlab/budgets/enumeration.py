"""Networks one by one, in order, by their rank, or by ranks that are drawn.

All of them walk down the tree of hidden layers, along the branches that the counts keep alive. The order: a
network that ends here comes before those that go on; a wider next layer before a narrower one; with its bias
before without. No recursion: a network may have a thousand layers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from random import Random

from trainlab.budgets.architecture import Architecture
from trainlab.budgets.counting import Counts
from trainlab.budgets.rules import Rules


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
