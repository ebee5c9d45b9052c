"""Ranks drawn uniformly, however large their range."""

from __future__ import annotations

import sys
from random import Random


def draw_ranks(*, count: int, n: int, random: Random) -> list[int]:
    """Return `n` ranks of 0 … count - 1: distinct ones if there are as many, else independent draws."""
    if n > count:
        return [random.randrange(count) for _ in range(n)]
    if count <= sys.maxsize:
        return random.sample(range(count), n)
    # random.sample takes no longer range. A repeat is all but impossible here, and drawn anew.
    ranks = dict[int, None]()
    while len(ranks) < n:
        ranks[random.randrange(count)] = None
    return list(ranks)
