"""A race: all candidates get the same few seeds; those shown to be worse are dropped, the rest get more.

Dropping candidates round by round is *racing* (O. Maron and A. W. Moore, "Hoeffding races", NIPS 6, 1994), or
successive elimination (E. Even-Dar, S. Mannor and Y. Mansour, "Action elimination and stopping conditions",
JMLR 7 (2006) 1079–1105); comparing on the same seeds is *blocking* (A. W. Moore and M. S. Lee, "Efficient
algorithms for minimizing cross validation error", ICML 1994). Both guard every look at every candidate by
Bonferroni, and so does this, with exact binomial tests in place of Hoeffding's or normal bounds.

With m candidates, at most R looks, and an error of 5 % for the whole race, half is spent on intervals and
half on comparisons:

- every candidate at every look has an exact interval at the level 2.5 % / (m · R), so that with 97.5 %
  confidence all of them hold at once;
- the sign test of one candidate against another on the same seeds is read at 2.5 % / (m · (m − 1) · R). The
  leader is picked on the same seeds and could have been any of them: hence all ordered pairs count.

A candidate is dropped when its interval lies below the leader's or the sign test says so. So everything
that the race says holds at once with 95 % confidence: intervals, who was dropped, and ranks. The seeds must
be like independent draws; nothing is assumed about how candidates depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainlab.errors import StatsError
from trainlab.stats.exact_binomial import Bools, Counts, Floats, exact_interval, sign_test

Ending = Literal["one left", "most seeds", "budget"]
Outcomes = Callable[[Counts, range], Bools]
NOBODY = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """One look: `candidates` with `seeds` seeds each, the leader, and how many were dropped."""

    seeds: int
    candidates: int
    leader: int
    dropped: int
    runs: int
    """How many runs this round added."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Standing:
    """How a race ended; every array has one entry per candidate, ``[m]``.

    `k` of `n` seeds, with the simultaneous interval `low` to `high`; `dropped_in` the round, from 1, or 0 if
    still in; `beaten_by` the leader of that round, or −1; `best` and `worst` the ranks, from 1, that it may
    have. `order` lists the candidates from first to last.
    """

    k: Counts
    n: Counts
    low: Floats
    high: Floats
    dropped_in: Counts
    beaten_by: Counts
    best: Counts
    worst: Counts
    order: Counts
    rounds: tuple[Round, ...]
    ended: Ending


def round_sizes(*, first: int, most: int) -> tuple[int, ...]:
    """Return how many seeds a candidate has at each look: `first`, doubled until `most`, the last.

    >>> round_sizes(first=32, most=300)
    (32, 64, 128, 256, 300)
    """
    if not 1 <= first <= most:
        raise StatsError(
            f"first = {first}, most = {most}: seeds must be 1 or more, and most not below first."
        )
    sizes = [first]
    while sizes[-1] < most:
        sizes.append(min(2 * sizes[-1], most))
    return tuple(sizes)


def hold_race(
    outcomes: Outcomes,
    *,
    candidates: int,
    first: int,
    most: int,
    budget: int | None = None,
    error: float = 0.05,
) -> Standing:
    """Hold a race; `outcomes` is asked for the candidates still in and the next seeds, and says who solves.

    It returns bool ``[candidates asked for, seeds asked for]``. The race ends when one is left, after `most`
    seeds each, or before a round that would take more than `budget` runs in all.
    """
    sizes = round_sizes(first=first, most=most)
    looks = candidates * len(sizes)
    interval_level, pair_level = error / 2 / looks, error / 2 / max(looks * (candidates - 1), 1)
    alive: Counts = np.arange(candidates, dtype=np.int64)
    solved: Bools = np.zeros((candidates, 0), dtype=np.bool_)
    k, n, dropped_in = (np.zeros(candidates, dtype=np.int64) for _ in range(3))
    low, high = np.zeros(candidates), np.ones(candidates)
    beaten_by: Counts = np.full(candidates, NOBODY, dtype=np.int64)
    rounds: list[Round] = []
    ended: Ending = "most seeds"
    for size in sizes:
        runs = len(alive) * (size - solved.shape[1])
        if budget is not None and sum(item.runs for item in rounds) + runs > budget:
            ended = "budget"
            break
        solved = np.concatenate([solved, outcomes(alive, range(solved.shape[1], size))], axis=1)
        k[alive], n[alive] = solved.sum(axis=1), size
        low[alive], high[alive] = exact_interval(k[alive], n[alive], level=interval_level)
        place = int(np.argmax(k[alive]))
        leader = alive[place]
        worse = (high[alive] < low[leader]) | (sign_test(solved[place], solved) <= pair_level)
        dropped_in[alive[worse]], beaten_by[alive[worse]] = len(rounds) + 1, leader
        rounds.append(
            Round(
                seeds=size,
                candidates=len(alive),
                leader=int(leader),
                dropped=int(worse.sum()),
                runs=runs,
            )
        )
        alive, solved = alive[~worse], solved[~worse]
        if len(alive) == 1:
            ended = "one left"
            break
    best, worst = rank_ranges(low, high, beaten_by)
    share = k / np.maximum(n, 1)
    last = np.where(dropped_in == 0, len(sizes) + 1, dropped_in)
    return Standing(
        k=k,
        n=n,
        low=low,
        high=high,
        dropped_in=dropped_in,
        beaten_by=beaten_by,
        best=best,
        worst=worst,
        order=np.lexsort((-share, -last)).astype(np.int64),
        rounds=tuple(rounds),
        ended=ended,
    )


def rank_ranges(low: Floats, high: Floats, beaten_by: Counts) -> tuple[Counts, Counts]:
    """Return the best and the worst rank ``[m]`` that each candidate may have, from 1.

    One is shown to be better than another if its interval lies above the other's, if it led when the other
    was dropped (`beaten_by`, −1 for nobody), or if it later beat that leader, and so on.
    """
    m = len(low)
    pairs = _chains(beaten_by)
    ceiling = high.copy()
    for dropped, leaders in pairs:
        # Whoever is better than a candidate's leader is better than the candidate.
        ceiling[dropped] = np.minimum(ceiling[dropped], high[leaders])
    better: Counts = (m - np.searchsorted(np.sort(low), ceiling, side="right")).astype(np.int64)
    worse: Counts = np.searchsorted(np.sort(ceiling), low, side="left").astype(np.int64)
    for dropped, leaders in pairs:
        untold = low[leaders] <= ceiling[dropped]
        better[dropped[untold]] += 1
        np.add.at(worse, leaders[untold], 1)
    return 1 + better, m - worse


def _chains(beaten_by: Counts) -> list[tuple[Counts, Counts]]:
    """Return (dropped, leaders): who was beaten by whom, then by whom that leader was beaten, and so on."""
    pairs: list[tuple[Counts, Counts]] = []
    dropped = np.flatnonzero(beaten_by != NOBODY).astype(np.int64)
    leaders: Counts = beaten_by[dropped]
    while len(dropped):
        pairs.append((dropped, leaders))
        on = beaten_by[leaders] != NOBODY
        dropped, leaders = dropped[on], beaten_by[leaders[on]]
    return pairs
