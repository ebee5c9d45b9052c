"""How often a single run would have led to the opposite conclusion."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.errors import StatsError
from trainlab.stats.rate import Rate, rate


def disagreement(single_run_conclusions: npt.NDArray[np.bool_], verdict: bool) -> Rate:
    """Return the share of seeds whose single run gives the answer opposite to the `verdict` of them all.

    `single_run_conclusions` is bool [n]: what somebody with that one seed would have concluded.

    Raises:
        StatsError: not a bool array of one axis, or no seed in it.
    """
    conclusions: npt.NDArray[np.generic] = np.asarray(single_run_conclusions)
    if conclusions.dtype != np.bool_ or conclusions.ndim != 1:
        raise StatsError(
            f"single_run_conclusions is {conclusions.dtype} {list(conclusions.shape)}, but must be bool [n], "
            "one conclusion a seed."
        )
    return rate(int(np.count_nonzero(conclusions != verdict)), conclusions.size)
