"""The mean of one score a seed, with an interval that holds near 0 and 1: the seeds are the clusters.

A success rate near 0 or 1 leaves most scores equal, often all of them. The plain t interval then collapses
around too few events, or none, and misses the truth. The guard adds two pseudo-seeds, one at each end of what
a score can be, +bound and −bound, and takes the Wald interval of n + 2 seeds with the normal quantile. For
the difference of two cells, bound 1, that is the interval of Bonett and Price (2012) exactly; here it serves
the main effects (bound 1) and two-way interactions (bound 2) of a factorial as well.

The guard was chosen by coverage. Lowest coverage of a 95 % interval, in %, over 495 cases of main effects and
410 of interactions: factorials of 1, 2 and 5 changes (interactions: 2 and 5), rates from 0 to 1, with and
without effects, cells of a seed independent, correlated by 0.5, 0.9, 0.99, or sharing one random number.

                                             n = 20     50    200   1000
    main effect   plain t                       5.8   13.8   44.9   79.6
                  guard at bound / 2           84.5   88.5   90.7   90.4
                  guard at bound               95.7   94.5   94.5   94.6
    interaction   plain t                       5.8   13.7   44.9   79.9
                  guard at bound / 2           84.7   88.4   90.6   90.3
                  guard at bound               97.3   94.5   94.6   95.0

A smaller guard fails where the cells of a seed agree: one seed then moves the score by the whole bound. Over
a fine grid of two cells' probabilities, summed exactly, Bonett and Price's coverage itself dips, if every
seed changes, most of them one way, to 88.5 % (n = 8), 91.7 % (n = 20) and 92.7 % (n = 50); and to 93.1 %
(n = 50) with a change that only ever helps.

The price is width where a mean over many cells would have needed no guard. For a main effect over 16 pairs of
cells at 50 %, correlated by 0.5, the interval is ±13.8 points at 20 seeds where plain t has ±6.6; 6.5 against
4.1 at 50; 2.4 against 2.0 at 200; 0.93 against 0.90 at 1,000.

That a difference is small, within ±2 points, is tested at both ends with the same mean, but never with less
spread than a difference of 2 points has where each seed that makes it moves by the guard. Without that, seeds
that happen to change nothing would hide a change that only ever helps, on few seeds: of 60 such changes at 2
points, each on 1,000 seeds and corrected by Holm, one would be called small in 13 % of the cases. So it is
about 5 % at most, of one as of 60, in all the cases tried.

Tests measure all these figures (tests/stats/test_coverage.py, tests/stats/test_small.py).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError
from trainlab.stats.estimate import SMALL, Estimate
from trainlab.stats.normal import two_sided_p, two_sided_quantile, upper_p


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
