"""Does any of many candidates reach a share of seeds? Raced on some seeds, and the winner judged on others.

The best of many is best partly by luck: judged on the seeds that picked it, its rate is too high (the
winner's curse). So candidates race on one set of seeds, which may only decide who is out and who leads;
whether a share is *reached* is decided on seeds on which nobody was picked.

With m candidates, at most R rounds, and an error e for everything that is said about them:

- e/2 goes to the race, split as in `stats.race`: exact intervals of every candidate in every round at
  e / 4 / (m · R), and sign tests against the leader on the same seeds at e / 4 / (m · (m − 1) · R). A
  candidate is out if its upper end lies below the share, or if it is shown to be worse than the leader: then
  it can't be the only one that reaches it. When all are out, none reaches the share.
- e/2 goes to judging at most `TRIES` leaders, each on fresh seeds of its own, since which leader is judged
  next depends on how those before fared. Each is looked at r times at most, with exact intervals at
  e / 2 / (TRIES · r). A lower end at or above the share says that it is reached; an upper end below it puts
  the leader out.

All of this holds at once with a confidence of 1 − e. The seeds must be like independent draws; nothing is
assumed about how candidates depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainlab.errors import StatsError
from trainlab.stats.exact_binomial import Bools, Counts, exact_interval, sign_test
from trainlab.stats.race import Outcomes, round_sizes
from trainlab.stats.rate import Rate

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
