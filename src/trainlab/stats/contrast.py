"""Differences on the same seeds: pairs, contrasts of a factorial, and means over splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError
from trainlab.stats.rate import two_sided_p, two_sided_quantile, upper_p

# An estimated difference of rates, with its interval and p-value.


SMALL = 0.02
"""A difference within ±2 points is called small."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A difference of rates on `n` seeds, as a share (0.1 is 10 points), not in percent.

    `p` is two-sided and fits the interval: it is below 1 − confidence exactly when 0 is outside [low, high].
    `p_small` tests against a difference of ±`SMALL` or more: it is the larger p-value of the two one-sided
    tests, doubled. If it is below 1 − confidence, the whole interval lies within ±`SMALL`; it asks for a
    little more, see `contrast`. It is 1 where that test isn't made, as for unbounded scores.
    """

    estimate: float
    low: float
    high: float
    p: float
    p_small: float
    n: int

    def __str__(self) -> str:
        return f"{_points(self.estimate)} points ({_points(self.low)} to {_points(self.high)})"


def _points(share: float) -> str:
    text = f"{100 * share:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


# The mean of one score a seed, with an interval that holds near 0 and 1: the seeds are the clusters.
#
# A success rate near 0 or 1 leaves most scores equal, often all of them. The plain t interval then
# collapses around too few events, or none, and misses the truth. The guard adds two pseudo-seeds, one at
# each end of what a score can be, +bound and −bound, and takes the Wald interval of n + 2 seeds with the
# normal quantile. For the difference of two cells, bound 1, that is the interval of Bonett and Price (2012)
# exactly; here it serves the main effects (bound 1) and two-way interactions (bound 2) of a factorial as
# well.
#
# The guard was chosen by coverage. Lowest coverage of a 95 % interval, in %, over 495 cases of main effects
# and 410 of interactions: factorials of 1, 2 and 5 changes (interactions: 2 and 5), rates from 0 to 1, with
# and without effects, cells of a seed independent, correlated by 0.5, 0.9, 0.99, or sharing one random
# number.
#
#                                              n = 20     50    200   1000
#     main effect   plain t                       5.8   13.8   44.9   79.6
#                   guard at bound / 2           84.5   88.5   90.7   90.4
#                   guard at bound               95.7   94.5   94.5   94.6
#     interaction   plain t                       5.8   13.7   44.9   79.9
#                   guard at bound / 2           84.7   88.4   90.6   90.3
#                   guard at bound               97.3   94.5   94.6   95.0
#
# A smaller guard fails where the cells of a seed agree: one seed then moves the score by the whole bound.
# Over a fine grid of two cells' probabilities, summed exactly, Bonett and Price's coverage itself dips, if
# every seed changes, most of them one way, to 88.5 % (n = 8), 91.7 % (n = 20) and 92.7 % (n = 50); and to
# 93.1 % (n = 50) with a change that only ever helps.
#
# The price is width where a mean over many cells would have needed no guard. For a main effect over 16
# pairs of cells at 50 %, correlated by 0.5, the interval is ±13.8 points at 20 seeds where plain t has
# ±6.6; 6.5 against 4.1 at 50; 2.4 against 2.0 at 200; 0.93 against 0.90 at 1,000.
#
# That a difference is small, within ±2 points, is tested at both ends with the same mean, but never with
# less spread than a difference of 2 points has where each seed that makes it moves by the guard. Without
# that, seeds that happen to change nothing would hide a change that only ever helps, on few seeds: of 60
# such changes at 2 points, each on 1,000 seeds and corrected by Holm, one would be called small in 13 % of
# the cases. So it is about 5 % at most, of one as of 60, in all the cases tried.
#
# Tests measure all these figures (tests/stats/test_coverage.py, tests/stats/test_multiple_comparisons.py).


def contrast(
    scores: npt.NDArray[np.float64], *, bound: float, guard: float | None = None, confidence: float = 0.95
) -> Estimate:
    """Return the mean of one score a seed, with an interval over seeds.

    `scores` is float [n], each within ±`bound`, the largest value that such a score could take: 1 for a
    difference of two cells or a mean of such differences, 2 for a difference of differences, infinity if
    there is no limit. The pseudo-seeds stand at ±`guard`, by default at the bound. The estimate is the plain
    mean; the interval is centred on the guarded mean (see the module), widened if need be to contain the
    estimate, and clipped to ±`bound`. Both p-values are those of the guarded mean; the module's docstring
    says which error `p_small` uses.

    Raises:
        StatsError: no seed, more than one axis, a score that is not finite or beyond the bound, a bound that
            is not positive, a guard that is not positive and finite, or `confidence` outside (0, 1).
    """
    values = _checked(scores, bound)
    guard = bound if guard is None else guard
    if not 0.0 < guard < np.inf:
        raise StatsError(f"guard is {guard!r}, but must be a positive number: a difference that is possible.")
    z = two_sided_quantile(confidence)
    n = values.size
    total = float(values.sum())
    squares = float(np.square(values).sum())
    centre, error = guarded_mean(total, squares, n=n, guard=guard)
    _, error_if_large = guarded_mean(total, max(squares, n * SMALL * guard), n=n, guard=guard)
    estimate = total / n
    return Estimate(
        estimate=estimate,
        low=max(-bound, min(centre - z * error, estimate)),
        high=min(bound, max(centre + z * error, estimate)),
        p=two_sided_p(centre / error),
        p_small=min(1.0, 2 * upper_p((SMALL - abs(centre)) / error_if_large)),
        n=n,
    )


def guarded_mean(total: float, squares: float, *, n: int, guard: float) -> tuple[float, float]:
    """Return mean and standard error of `n` scores and two pseudo-seeds, one at +`guard`, one at −`guard`.

    `total` and `squares` are the sums of the scores and of their squares; arrays of them give arrays.
    """
    size = n + 2
    mean = total / size
    variance = (squares + 2 * guard * guard) / size - mean * mean
    return mean, (variance / size) ** 0.5


def _checked(scores: npt.NDArray[np.float64], bound: float) -> npt.NDArray[np.float64]:
    values = np.asarray(scores, dtype=np.float64)
    if not bound > 0.0:
        raise StatsError(f"bound is {bound!r}, but must be a positive number: the largest possible |score|.")
    if values.ndim != 1 or values.size == 0:
        raise StatsError(
            f"scores has the shape {list(values.shape)}, but must be [n] with n >= 1, one score a seed."
        )
    if not np.isfinite(values).all():
        raise StatsError(
            "scores holds a value that is not finite, but each seed needs a number; leave it out."
        )
    largest = float(np.abs(values).max())
    if largest > bound * (1 + 1e-9):  # a mean of many cells may overshoot by rounding
        raise StatsError(
            f"scores reach {largest:g}, beyond bound = {bound:g}; give the largest |score| that is possible."
        )
    return values


def paired_difference(
    a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_], *, confidence: float = 0.95
) -> Estimate:
    """Return rate(b) − rate(a) with the adjusted Wald interval of Bonett and Price.

    `a` and `b` are bool [n], entry i of both from seed i. With f10 and f01 the seeds on which only `b`, only
    `a` is true, and q10 = (f10 + 1)/(n + 2), q01 = (f01 + 1)/(n + 2), the interval is
    q10 − q01 ± z·√((q10 + q01 − (q10 − q01)²)/(n + 2)): D. G. Bonett and R. M. Price, "Adjusted Wald
    confidence interval for a difference of binomial proportions based on paired data", Journal of Educational
    and Behavioral Statistics 37 (2012) 479–488. It is `contrast` of the scores b − a.

    Raises:
        StatsError: an array is not bool [n], they differ in length, or there is no seed.
    """
    for name, cell in (("a", np.asarray(a)), ("b", np.asarray(b))):
        if cell.dtype != np.bool_ or cell.ndim != 1:
            raise StatsError(
                f"{name} is {cell.dtype} {list(cell.shape)}, but must be bool [n], one outcome a seed."
            )
    if len(a) != len(b):
        raise StatsError(
            f"a has {len(a)} seeds and b has {len(b)}, but a paired difference needs the same seeds in both."
        )
    scores = np.asarray(b, dtype=np.float64) - np.asarray(a, dtype=np.float64)
    return contrast(scores, bound=1.0, confidence=confidence)


# The effects of a factorial's changes: one score a seed for each, and the mean of these scores.
#
# A score is a contrast of the cells that the seed went through. `solved` is [n, 2, ..., 2] throughout: seeds
# first, then one axis a change, on which index 1 means that the change is applied. `change` counts those axes
# from 0: change 0 is the first axis after the seeds. Scores compare bools, or any numbers; an effect is the
# `contrast` of the scores of the same name, of cells that are bool or lie within 0 to 1.


Cells = npt.NDArray[np.bool_] | npt.NDArray[np.float64]


def alone_scores(solved: Cells, change: int) -> npt.NDArray[np.float64]:
    """Return [n]: the cell with only `change`, minus the baseline. Each lies within ±1 for bool cells.

    Raises:
        StatsError: `solved` is not [n, 2, ..., 2], or has no such change.
    """
    cells = _cells(solved)
    _check_change(cells, "change", change)
    nothing = [0] * (cells.ndim - 1)
    only = [int(other == change) for other in range(cells.ndim - 1)]
    return cells[:, *only] - cells[:, *nothing]


def main_scores(solved: Cells, change: int) -> npt.NDArray[np.float64]:
    """Return [n]: with `change` minus without, averaged over all combinations of the other changes.

    Each lies within ±1 for bool cells. Its mean over seeds is the coefficient of `change`, coded −1/2 and
    +1/2, in a least-squares fit of all cells.

    Raises:
        StatsError: `solved` is not [n, 2, ..., 2], or has no such change.
    """
    cells = _cells(solved)
    _check_change(cells, "change", change)
    return _mean_over_cells(_difference(cells, 1 + change))


def interaction_scores(solved: Cells, change_a: int, change_b: int) -> npt.NDArray[np.float64]:
    """Return [n]: (both − only a − only b + neither), averaged over all combinations of the other changes.

    Each lies within ±2 for bool cells: what `change_b` adds to the effect of `change_a`, and the other way
    round.

    Raises:
        StatsError: `solved` is not [n, 2, ..., 2], has no such change, or the two are the same.
    """
    cells = _cells(solved)
    _check_change(cells, "change_a", change_a)
    _check_change(cells, "change_b", change_b)
    if change_a == change_b:
        raise StatsError(f"change_a and change_b are both {change_a}, but an interaction needs two changes.")
    first, second = sorted((change_a, change_b))
    # The later axis goes first, so that the earlier keeps its number.
    return _mean_over_cells(_difference(_difference(cells, 1 + second), 1 + first))


def _difference(cells: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    without, applied = np.moveaxis(cells, axis, 0)
    return applied - without


def _mean_over_cells(differences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return differences.reshape(len(differences), -1).mean(axis=1)


def _cells(solved: Cells) -> npt.NDArray[np.float64]:
    cells = np.asarray(solved, dtype=np.float64)
    if cells.ndim < 2 or cells.shape[0] == 0 or set(cells.shape[1:]) != {2}:
        raise StatsError(
            f"solved has the shape {list(cells.shape)}, but must be [n, 2, ..., 2]: at least one seed, "
            "then one axis of length 2 for each change."
        )
    return cells


def _check_change(cells: npt.NDArray[np.float64], name: str, change: int) -> None:
    last = cells.ndim - 2
    if not 0 <= change <= last:
        raise StatsError(
            f"{name} is {change}, but must be from 0 to {last}; it counts the axes of solved after the seeds."
        )


def alone_effect(solved: Cells, change: int, *, confidence: float = 0.95) -> Estimate:
    """Return what `change` does to the baseline's rate; on bool cells this is `paired_difference`."""
    return contrast(alone_scores(solved, change), bound=1.0, confidence=confidence)


def main_effect(solved: Cells, change: int, *, confidence: float = 0.95) -> Estimate:
    """Return what `change` does to the rate on average over all combinations of the other changes."""
    return contrast(main_scores(solved, change), bound=1.0, confidence=confidence)


def interaction_effect(solved: Cells, change_a: int, change_b: int, *, confidence: float = 0.95) -> Estimate:
    """Return by how much the effect of one change differs with and without the other, within ±2."""
    return contrast(interaction_scores(solved, change_a, change_b), bound=2.0, confidence=confidence)


# The mean of one score per split, where the same rows are split into training and test rows repeatedly.
#
# The splits share rows, so their scores are correlated, and the variance of their mean isn't s²/K: C.
# Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning 52 (2003) 239–281, add
# the ratio of test to training rows to 1/K. The mean is then compared with Student's t of K − 1 degrees of
# freedom, the *corrected resampled t*. More splits narrow the interval only a little: no number of them
# adds rows.
#
# Coverage of 95 % intervals of the difference of two classifiers, 60 rows of which 15 are held out, 20
# seeds a split, 10 splits: where both are equally good 96 % (69 % without the correction, 15 % of one
# split's seeds), where one is better by 30 points 92 % (tests/stats/test_contrast.py).


def resampled_contrast(
    scores: npt.NDArray[np.float64],
    *,
    ratio: float,
    rows: int,
    bound: float = np.inf,
    least_spread: float = 0.0,
    confidence: float = 0.95,
) -> Estimate:
    """Return the mean of one score per split, with the interval of the corrected resampled t.

    `scores` is float [K], K ≥ 2, each the mean over the seeds of one split and within ±`bound`; `ratio` is
    the number of test rows, `rows`, divided by that of training rows. The interval is mean ± t·√((1/K +
    ratio)·s²), t the quantile of K − 1 degrees of freedom, clipped to ±`bound`.

    s is at least `least_spread`, so that splits that happen to agree don't leave a zero-width interval. The
    test that a difference is small also takes s² to be SMALL / rows at least: a difference of `SMALL` varies
    that much if each row that makes it counts 1 / rows.

    Raises:
        StatsError: fewer than two splits, more than one axis, a score that is not finite, a bound or a ratio
            that is not positive, no row, or `confidence` outside (0, 1).
    """
    values = _resampled_checked(scores, bound)
    if not 0.0 < ratio < np.inf:
        raise StatsError(f"ratio is {ratio!r}, but must be a positive number: test rows by training rows.")
    if rows < 1:
        raise StatsError(f"rows is {rows!r}, but must be 1 or more: the test rows of a split.")
    if not 0.0 < confidence < 1.0:
        raise StatsError(f"confidence is {confidence!r}, but must be between 0 and 1, such as 0.95.")
    from scipy import special

    splits = len(values)
    mean, freedom, factor = float(values.mean()), splits - 1, (1.0 / splits + ratio) ** 0.5
    spread = max(float(values.std(ddof=1)), least_spread)
    error, error_if_large = factor * spread, factor * max(spread, (SMALL / rows) ** 0.5)

    def above(t: float) -> float:
        return float(cast("Any", special).stdtr(freedom, -t))

    half = float(cast("Any", special).stdtrit(freedom, 0.5 + confidence / 2)) * error
    t = abs(mean) / error if error else (np.inf if mean else 0.0)
    return Estimate(
        estimate=mean,
        low=max(-bound, mean - half),
        high=min(bound, mean + half),
        p=min(1.0, 2 * above(t)),
        p_small=min(1.0, 2 * above((SMALL - abs(mean)) / error_if_large)),
        n=splits,
    )


def _resampled_checked(scores: npt.NDArray[np.float64], bound: float) -> npt.NDArray[np.float64]:
    values = np.asarray(scores, dtype=np.float64)
    if not bound > 0.0:
        raise StatsError(f"bound is {bound!r}, but must be a positive number: the largest possible |score|.")
    if values.ndim != 1 or values.size < 2:
        raise StatsError(
            f"scores has the shape {list(values.shape)}, but must be [K] with K >= 2, one score a split."
        )
    if not np.isfinite(values).all():
        raise StatsError(
            "scores holds a value that is not finite, but each split needs a number; leave it out."
        )
    return values
