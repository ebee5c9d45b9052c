"""Races: whose rate is highest, and whose reaches a threshold, with one confidence for everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainlab.errors import StatsError
from trainlab.stats.rate import Bools, Counts, Floats, Rate, exact_interval, sign_test

# A race: all candidates get the same few seeds; those shown to be worse are dropped, the rest get more.
#
# Dropping candidates round by round is *racing* (O. Maron and A. W. Moore, "Hoeffding races", NIPS 6,
# 1994), or successive elimination (E. Even-Dar, S. Mannor and Y. Mansour, "Action elimination and stopping
# conditions", JMLR 7 (2006) 1079–1105); comparing on the same seeds is *blocking* (A. W. Moore and M. S.
# Lee, "Efficient algorithms for minimizing cross validation error", ICML 1994). Both guard every look at
# every candidate by Bonferroni, and so does this, with exact binomial tests in place of Hoeffding's or
# normal bounds.
#
# With m candidates, at most R looks, and an error of 5 % for the whole race, half is spent on intervals and
# half on comparisons:
#
# - every candidate at every look has an exact interval at the level 2.5 % / (m · R), so that with 97.5 %
#   confidence all of them hold at once;
# - the sign test of one candidate against another on the same seeds is read at 2.5 % / (m · (m − 1) · R). The
#   leader is picked on the same seeds and could have been any of them: hence all ordered pairs count.
#
# A candidate is dropped when its interval lies below the leader's or the sign test says so. So everything
# that the race says holds at once with 95 % confidence: intervals, who was dropped, and ranks. The seeds must
# be like independent draws; nothing is assumed about how candidates depend on each other.


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


# Does any of many candidates reach a share of seeds? Raced on some seeds, and the winner judged on others.
#
# The best of many is best partly by luck: judged on the seeds that picked it, its rate is too high (the
# winner's curse). So candidates race on one set of seeds, which may only decide who is out and who leads;
# whether a share is *reached* is decided on seeds on which nobody was picked.
#
# With m candidates, at most R rounds, and an error e for everything that is said about them:
#
# - e/2 goes to the race, split as in `stats.race`: exact intervals of every candidate in every round at
#   e / 4 / (m · R), and sign tests against the leader on the same seeds at e / 4 / (m · (m − 1) · R). A
#   candidate is out if its upper end lies below the share, or if it is shown to be worse than the leader:
# then
#   it can't be the only one that reaches it. When all are out, none reaches the share.
# - e/2 goes to judging at most `TRIES` leaders, each on fresh seeds of its own, since which leader is judged
#   next depends on how those before fared. Each is looked at r times at most, with exact intervals at
#   e / 2 / (TRIES · r). A lower end at or above the share says that it is reached; an upper end below it puts
#   the leader out.
#
# All of this holds at once with a confidence of 1 − e. The seeds must be like independent draws; nothing is
# assumed about how candidates depend on each other.


Reached = Literal["yes", "no", "undecided"]
PICK = 256
"""A leader is judged once each candidate has this many seeds, or as many as it may have."""
TRIES = 3
"""The most leaders that are judged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaching:
    """Whether any candidate reaches the share, and which one is best.

    `best` is the candidate that reaches it; if none does, the last leader, or the judged one that solved
    most. `judged` is its rate on fresh seeds, from `judged_from` on, with an interval that holds
    simultaneously with everything else that is said. `raced` is how many seeds those longest in the race had;
    `runs` counts all runs, those for judging included.
    """

    reached: Reached
    best: int
    judged: Rate
    judged_from: int
    raced: int
    runs: int


def any_reaches(
    outcomes: Outcomes, *, candidates: int, share: float, first: int, most: int, error: float = 0.05
) -> Reaching:
    """Race candidates until one is shown to reach `share`, all are shown not to, or all have `most` seeds.

    `outcomes` takes candidates and seeds and returns which are solved, bool ``[candidates asked for, seeds
    asked for]``. Seeds from 0 to `most` are for the race, and `TRIES` times as many after them for judging
    leaders.

    Raises:
        StatsError: no candidates, or `share` not strictly between 0 and 1.
    """
    if candidates < 1 or not 0.0 < share < 1.0:
        raise StatsError(
            f"candidates = {candidates}, share = {share!r}: there must be 1 candidate or more, and the share "
            "must lie strictly between 0 and 1, as 0.95 does."
        )
    sizes = round_sizes(first=first, most=most)
    looks = candidates * len(sizes)
    interval_level, pair_level = error / 4 / looks, error / 4 / max(looks * (candidates - 1), 1)
    judge = _Judge(outcomes, share=share, most=most, error=error / 2)
    alive: Counts = np.arange(candidates, dtype=np.int64)
    solved: Bools = np.zeros((candidates, 0), dtype=np.bool_)
    leader, size, runs = 0, first, 0
    reached: Reached = "undecided"
    for size in sizes:
        more = outcomes(alive, range(solved.shape[1], size))
        runs += more.size
        solved = np.concatenate([solved, more], axis=1)
        k = solved.sum(axis=1, dtype=np.int64)
        _, high = exact_interval(k, np.full(len(k), size, dtype=np.int64), level=interval_level)
        place = int(np.argmax(k))
        leader = int(alive[place])
        out = (high < share) | (sign_test(solved[place], solved) <= pair_level)
        if size >= min(PICK, most) and k[place] >= share * size and judge.may(leader):
            reached = judge.judge(leader)
            if reached == "yes":
                break
            out[place] |= reached == "no"
        alive, solved = alive[~out], solved[~out]
        if not len(alive):
            break
    if len(alive) and reached != "yes":
        # The seeds of the race are spent, but fresh ones may still decide.
        leader = int(alive[np.argmax(solved.sum(axis=1))])
        if judge.may(leader) and judge.judge(leader) == "no":
            alive = alive[alive != leader]
    if not judge.rates:
        judge.look_once(leader)
    best = max(judge.rates, key=lambda each: (judge.rates[each].low >= share, judge.rates[each].estimate))
    rate = judge.rates[best]
    reached = "yes" if rate.low >= share else "undecided" if len(alive) else "no"
    return Reaching(
        reached=reached,
        best=best,
        judged=rate,
        judged_from=judge.starts[best],
        raced=size,
        runs=runs + judge.runs,
    )


class _Judge:
    """Judges leaders on the seeds after those of the race, each leader on `most` seeds of its own."""

    def __init__(self, outcomes: Outcomes, *, share: float, most: int, error: float) -> None:
        self.outcomes, self.share, self.most = outcomes, share, most
        self.sizes = round_sizes(first=min(PICK, most), most=most)
        self.level = error / TRIES / len(self.sizes)
        self.rates: dict[int, Rate] = {}
        self.starts: dict[int, int] = {}
        self.runs = 0

    def may(self, candidate: int) -> bool:
        """Return whether the candidate may be judged: it hasn't been, and one more is allowed."""
        return candidate not in self.rates and len(self.rates) < TRIES

    def judge(self, candidate: int) -> Reached:
        """Look at the candidate until it is decided or has used all its seeds."""
        k = done = 0
        for size in self.sizes:
            k += self._solved(candidate, done, size)
            done = size
            rate = self._rate(candidate, k, size)
            if rate.low >= self.share:
                return "yes"
            if rate.high < self.share:
                return "no"
        return "undecided"

    def look_once(self, candidate: int) -> None:
        """Take the rate at the first look for one that is out: the seeds that picked it flatter it."""
        self._rate(candidate, self._solved(candidate, 0, self.sizes[0]), self.sizes[0])

    def _solved(self, candidate: int, start: int, stop: int) -> int:
        first = self.starts.setdefault(candidate, self.most * (1 + len(self.starts)))
        more = self.outcomes(np.array([candidate]), range(first + start, first + stop))
        self.runs += more.size
        return int(more.sum())

    def _rate(self, candidate: int, k: int, n: int) -> Rate:
        low, high = exact_interval(np.array([k]), np.array([n]), level=self.level)
        self.rates[candidate] = Rate(k=k, n=n, low=float(low[0]), high=float(high[0]))
        return self.rates[candidate]
