import numpy as np
import pytest

from trainlab.errors import StatsError
from trainlab.stats import disagreement, rate


@pytest.mark.parametrize(("verdict", "k"), [(True, 2), (False, 3)])
def test_counts_the_seeds_that_say_the_opposite(verdict, k):
    conclusions = np.array([True, False, True, True, False])
    assert disagreement(conclusions, verdict) == rate(k, 5)


def test_accepts_numpy_s_bool():
    assert disagreement(np.array([True, True]), np.bool_(False)).k == 2


@pytest.mark.parametrize("conclusions", [np.zeros(3), np.zeros((2, 2), bool), [0, 1]])
def test_refuses_what_is_not_one_conclusion_a_seed(conclusions):
    with pytest.raises(StatsError, match=r"single_run_conclusions is .*, but must be bool \[n\]"):
        disagreement(conclusions, True)


def test_refuses_no_seeds():
    with pytest.raises(StatsError, match="n is 0"):
        disagreement(np.zeros(0, bool), True)
