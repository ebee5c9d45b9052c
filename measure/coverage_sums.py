"""How often an interval holds the truth, summed exactly over what may come out, or over samples.

What a seed gives is an integer score; all that the intervals need of n seeds is the sum of the scores and
that of their squares, whose joint law is the n-fold convolution of a seed's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import signal, special, stats

from trainlab.stats import holm, look_sizes, rate
from trainlab.stats.contrast import guarded_mean
from trainlab.stats.rate import two_sided_quantile

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DISTRIBUTIONS, SIGNALS = cast("Any", stats), cast("Any", signal)
FACTOR = np.linspace(-8.0, 8.0, 641)
FACTOR_WEIGHT: Floats = DISTRIBUTIONS.norm.pdf(FACTOR) / DISTRIBUTIONS.norm.pdf(FACTOR).sum()
BESIDE = 1e-9
"""So near to an end of an interval, coverage is what it tends to there."""
ROUNDING = 1e-12
NOTHING = 1e-14
"""Less probable than that is what rounding leaves of the impossible."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ends:
    """The ends of the intervals of k of n, ``[n + 1]`` each."""

    low: Floats
    high: Floats


@cache
def ends_of_rates(n: int) -> Ends:
    """Return the intervals that studies give to 0, 1, …, n of n."""
    found = [rate(k, n) for k in range(n + 1)]
    return Ends(low=np.array([one.low for one in found]), high=np.array([one.high for one in found]))


def rate_coverage(ends: Ends, shares: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return for each of the `shares` how often the interval holds it, and the interval's mean width."""
    counts = np.arange(len(ends.low))
    coverage, width = list[float](), list[float]()
    for share in np.atleast_1d(np.asarray(shares, dtype=np.float64)):
        chance: Floats = DISTRIBUTIONS.binom.pmf(counts, len(counts) - 1, share)
        coverage.append(chance[(ends.low <= share) & (share <= ends.high)].sum())
        width.append(float(chance @ (ends.high - ends.low)))
    return np.array(coverage), np.array(width)


def lowest_rate_coverage(ends: Ends) -> tuple[float, float]:
    """Return the lowest coverage over all shares, and where it is.

    Between two neighbouring ends of intervals the coverage is a sum of neighbouring binomial chances, which
    has a single peak; so it is lowest beside an end.
    """
    edges = np.unique(np.concatenate([ends.low, ends.high]))
    beside = np.concatenate([edges - BESIDE, edges + BESIDE])
    shares = beside[(beside > 0) & (beside < 1)]
    coverage, _ = rate_coverage(ends, shares)
    place = int(coverage.argmin())
    return float(coverage[place]), float(shares[place])


def score_law(
    probabilities: Floats, signs: Ints, likeness: float, *, opposed: bool = False
) -> tuple[Ints, Floats]:
    """Return the values that Σ sign · solved of a seed can take, and the probability of each.

    Cells are solved with these probabilities. A Gaussian factor that the cells of a seed share correlates the
    normals behind them by `likeness`; at 1 they share one uniform number. `opposed`: the factor moves cells
    of different sign opposite ways.
    """
    lowest, highest = -int((signs < 0).sum()), int((signs > 0).sum())
    sums = np.arange(lowest, highest + 1)
    chance = np.zeros(len(sums))
    if likeness == 1.0:
        edges = np.unique([0.0, *probabilities, 1.0])
        for left, right in pairwise(edges):
            chance[signs[probabilities >= right].sum() - lowest] += right - left
        return sums, chance
    pull = np.sqrt(likeness) * (signs if opposed else np.ones(len(signs)))
    thresholds = special.ndtri(probabilities) - FACTOR[:, None] * pull
    given_factor = special.ndtr(thresholds / np.sqrt(1.0 - likeness))
    joint = np.zeros((len(FACTOR), len(sums)))
    joint[:, -lowest] = 1.0
    for solved, sign in zip(given_factor.T[:, :, None], signs, strict=True):
        joint = joint * (1.0 - solved) + np.roll(joint, sign, axis=1) * solved
    chance = (FACTOR_WEIGHT @ joint).clip(min=0.0)
    return sums, chance / chance.sum()


def totals_law(scores: Ints, chance: Floats, n: int) -> tuple[Ints, Ints, Floats]:
    """Return Σ score and Σ score² of `n` seeds, and the probability of each pair, flat.

    The law of one seed convolved n times with itself, by Fourier transforms: right to about 1e-15.
    """
    least, squares = int(scores.min()), scores**2
    one = np.zeros((n * int(scores.max() - least) + 1, n * int(squares.max()) + 1))
    np.add.at(one, (scores - least, squares), chance)
    joint = np.fft.irfft2(np.fft.rfft2(one) ** n, s=one.shape).clip(min=0.0)
    total, square = np.indices(one.shape)
    total = total + n * least
    there = (joint > NOTHING) & (total**2 <= n * square)
    return total[there], square[there], joint[there]


def drawn_totals(scores: Ints, chance: Floats, n: int, *, draws: int, seed: int) -> tuple[Ints, Ints, Floats]:
    """Return the same of so many drawn samples of `n` seeds, all equally likely."""
    counts = np.random.default_rng(seed).multinomial(n, chance / chance.sum(), size=draws)
    return counts @ scores, counts @ scores**2, np.full(draws, 1 / draws)


def contrast_coverage(
    totals: tuple[Ints, Ints, Floats], *, n: int, bound: float, truth: float
) -> tuple[float, float]:
    """Return how often the interval of `contrast` holds the `truth`, and its mean width."""
    total, squares, chance = totals
    centre, error = guarded_mean(total, squares, n=n, guard=bound)  # pyright: ignore[reportArgumentType]
    half, mean = two_sided_quantile(0.95) * np.asarray(error), total / n
    low = np.maximum(-bound, np.minimum(centre - half, mean))
    high = np.minimum(bound, np.maximum(centre + half, mean))
    inside = (low - ROUNDING <= truth) & (truth <= high + ROUNDING)
    return float(chance[inside].sum()), float(chance @ (high - low))


def stopped_coverage(share: float, sizes: Sequence[int], width: float) -> tuple[float, float]:
    """Return how often the interval holds `share` where seeds are added until it is narrow; and mean seeds.

    `sizes` are the looks. The law of k among what isn't stopped yet is carried from look to look: convolved
    with the seeds added, and cut where the rule stops.
    """
    covered, seeds, before, first = 0.0, 0.0, 0, 0
    law: Floats = np.ones(1)
    for n in sizes:
        added = n - before
        counts = np.arange(added + 1)
        chance: Floats = DISTRIBUTIONS.binom.pmf(counts, added, share)
        kept = np.flatnonzero(chance > 1e-18)
        law = np.maximum(SIGNALS.convolve(law, chance[kept[0] : kept[-1] + 1]), 0.0)
        first += int(kept[0])
        ends = ends_of_rates(n)
        low, high = (each[first : first + len(law)] for each in (ends.low, ends.high))
        stops = (high - low <= width) | (n == sizes[-1])
        covered += float(law[stops & (low <= share) & (share <= high)].sum())
        seeds += n * float(law[stops].sum())
        law = np.where(stops, 0.0, law)
        left = np.flatnonzero(law > NOTHING)
        if not len(left):
            break
        law, first, before = law[left[0] : left[-1] + 1], first + int(left[0]), n
    return covered, seeds


# What is said of several cells at once, drawn: families of effects, and cells whose seeds end together.


CHANGES = 15
FAMILY_SEEDS = (32, 256)
FAMILY_SHARES = (0.01, 0.5, 0.95)
DRAWS = 20_000
FAMILIES = 10_000
BATCH = 200
ENDS = (0.05, 0.1)
"""Widths until which pairs of cells are trained."""
PAIRS = ((0.02, 0.02), (0.05, 0.1), (0.1, 0.1), (0.1, 0.5), (0.3, 0.35), (0.5, 0.5), (0.9, 0.99))
JOINTLY = ("alike", "independent", "opposed")


def family_errors() -> list[dict[str, Any]]:
    """Return how often any of 15 changes that do nothing is said to help or hurt, by Holm and without.

    All are held against the same baseline, on the same seeds; `apart`: each alone at 5 %.
    """
    random = np.random.default_rng(17)
    found: list[dict[str, Any]] = []
    for n in FAMILY_SEEDS:
        for share in FAMILY_SHARES:
            wrong, apart = 0, 0
            for _ in range(FAMILIES // BATCH):
                solved = (random.random((BATCH, 1 + CHANGES, n), dtype=np.float32) < share).astype(np.int8)
                scores = solved[:, 1:] - solved[:, :1]
                total, squares = scores.sum(axis=2, dtype=np.int64), (scores != 0).sum(axis=2)
                centre, error = guarded_mean(total, squares, n=n, guard=1.0)  # pyright: ignore[reportArgumentType]
                p = 2 * special.ndtr(-np.abs(np.asarray(centre) / error))
                apart += int((p < 0.05).any(axis=1).sum())
                wrong += sum(bool((holm(row) < 0.05).any()) for row in p[(p < 0.05).any(axis=1)])
            found.append(
                {
                    "n": n,
                    "share": share,
                    "changes": CHANGES,
                    "any": wrong / FAMILIES,
                    "apart": apart / FAMILIES,
                }
            )
    return found


def stopped_together(draws: int = DRAWS) -> list[dict[str, Any]]:
    """Return the coverage of two rates and of their paired difference, with seeds until both are narrow.

    Mean and lowest over `PAIRS`, each as alike on a seed as can be, independent, and as opposed as can be.
    """
    random = np.random.default_rng(18)
    found: list[dict[str, Any]] = []
    for width in ENDS:
        held = {"rates": list[float](), "difference": list[float]()}
        for before, after in PAIRS:
            for how in JOINTLY:
                rates, difference = _stopped(before, after, how, width=width, draws=draws, random=random)
                held["rates"] += rates
                held["difference"].append(difference)
        for what, values in held.items():
            found.append(
                {
                    "width": width,
                    "what": what,
                    "truths": len(values),
                    "mean": float(np.mean(values)),
                    "lowest": float(np.min(values)),
                }
            )
    return found


def _stopped(
    before: float, after: float, how: str, *, width: float, draws: int, random: np.random.Generator
) -> tuple[list[float], float]:
    """Return the coverage of both rates, and of the difference, over so many drawn studies."""
    both = {"alike": min(before, after), "independent": before * after, "opposed": before + after - 1}[how]
    both = max(0.0, both)
    chance = np.array([both, before - both, after - both, 1 - before - after + both]).clip(min=0)
    counts = np.zeros((draws, 4), dtype=np.int64)
    going = np.ones(draws, dtype=np.bool_)
    ends = np.zeros(draws, dtype=np.int64)
    kept = np.zeros((draws, 2, 2))
    last = 0
    for n in look_sizes(width, most=10**7):
        counts[going] += random.multinomial(n - last, chance / chance.sum(), size=int(going.sum()))
        k = np.stack([counts[:, 0] + counts[:, 1], counts[:, 0] + counts[:, 2]], axis=1)
        found = ends_of_rates(n)
        intervals = np.stack([found.low[k], found.high[k]], axis=2)
        stops = going & (intervals[:, :, 1] - intervals[:, :, 0] <= width).all(axis=1)
        kept[stops], ends[stops] = intervals[stops], n
        going &= ~stops
        last = n
        if not going.any():
            break
    truths = np.array([before, after])
    rates = ((kept[:, :, 0] <= truths) & (truths <= kept[:, :, 1])).mean(axis=0)
    lost, gained = counts[:, 1], counts[:, 2]
    centre, error = guarded_mean(gained - lost, gained + lost, n=ends, guard=1.0)  # pyright: ignore[reportArgumentType]
    inside = np.abs(np.asarray(centre) - (after - before)) <= two_sided_quantile(0.95) * np.asarray(error)
    return [float(each) for each in rates], float(inside.mean())
