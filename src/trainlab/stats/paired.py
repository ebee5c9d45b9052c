"""The difference of two cells that share their seeds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError
from trainlab.stats.contrast import contrast
from trainlab.stats.estimate import Estimate


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
