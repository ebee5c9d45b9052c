"""Exact binomial inference, one candidate per row: intervals and comparisons valid at any level and size.

Wilson's interval is close to its nominal level at 95 %, but at the levels that thousands of candidates
demand, one in a million, a normal tail says little about a binomial one. These two are never wrong more often
than they claim.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def exact_interval(k: Counts, n: Counts, *, level: float) -> tuple[Floats, Floats]:
    """Return low and high ``[m]`` for `k` of `n` ``[m]``: each misses its rate with probability ≤ `level`.

    The ends are the rates at which k or more, or k or fewer, have probability level / 2: C. J. Clopper and E.
    S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika
    26 (1934) 404–413, as quantiles of beta distributions.

    Raises:
        StatsError: an n below 1, a k outside 0..n, or `level` outside (0, 1).
    """
    _check_level(level)
    if (n < 1).any() or (k < 0).any() or (k > n).any():
        raise StatsError("k, n: each k must be from 0 to its n, and each n 1 or more.")
    from scipy import special

    functions = cast("Any", special)
    none, every = k == 0, k == n
    low = functions.betaincinv(np.where(none, 1, k), n - k + 1.0, level / 2)
    high = functions.betainccinv(k + 1.0, np.where(every, 1, n - k), level / 2)
    return np.where(none, 0.0, low), np.where(every, 1.0, high)


def sign_test(better: Bools, others: Bools) -> Floats:
    """Return the one-sided p-values ``[m]`` of `better` ``[n]`` against each of `others` ``[m, n]``.

    Count the seeds on which only one of the two solves. Each p-value is the probability that `better` wins at
    least as many of them as it did if its rate were no higher: then it wins each with probability ½ at most.
    This is McNemar's test in its exact form: Q. McNemar, "Note on the sampling error of the difference
    between correlated proportions or percentages", Psychometrika 12 (1947) 153–157.

    Raises:
        StatsError: the shapes don't fit.
    """
    if better.ndim != 1 or others.ndim != 2 or others.shape[1] != len(better):
        raise StatsError(
            f"better {list(better.shape)}, others {list(others.shape)}: must be [n] and [m, n], on the same "
            "seeds."
        )
    from scipy import special

    wins = (better & ~others).sum(axis=1, dtype=np.int64)
    losses = (others & ~better).sum(axis=1, dtype=np.int64)
    # P(X ≥ wins) of a binomial is an incomplete beta function; with no win it is 1.
    tail = cast("Any", special).betainc(np.maximum(wins, 1), losses + 1.0, 0.5)
    return np.where(wins == 0, 1.0, tail)


def mcnemar_p(a: Bools, b: Bools) -> float:
    """Return the two-sided p-value of `a` and `b`, ``[n]`` on the same seeds, being True equally often.

    Twice the smaller of the two one-sided p-values of `sign_test`, at most 1.
    """
    return min(1.0, 2.0 * min(float(sign_test(a, b[None])[0]), float(sign_test(b, a[None])[0])))


def _check_level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise StatsError(f"level is {level!r}, but must lie strictly between 0 and 1, as 0.05 does.")
