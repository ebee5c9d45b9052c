import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.errors import StatsError
from trainlab.stats import holm

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6)


def test_by_hand():
    # Sorted: 0.005·4 = 0.02, 0.01·3 = 0.03, 0.03·2 = 0.06, and 0.04·1, raised to the 0.06 before it.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02], rtol=1e-12)


@given(P_VALUES)
def test_is_the_closed_test_of_bonferroni(p):
    """Holm rejects one hypothesis exactly when Bonferroni rejects each set of hypotheses that it is in."""
    everything = range(len(p))
    sets = [s for size in range(1, len(p) + 1) for s in itertools.combinations(everything, size)]
    expected = [max(min(1.0, len(s) * min(p[j] for j in s)) for s in sets if i in s) for i in everything]
    np.testing.assert_allclose(holm(p), expected, rtol=1e-12)


@given(P_VALUES, st.randoms())
def test_order_is_kept_and_nothing_is_lowered(p, random):
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= 1.0).all()
    shuffled = random.sample(range(len(p)), len(p))
    np.testing.assert_array_equal(holm(np.array(p)[shuffled]), adjusted[shuffled])


def test_one_is_left_as_it_is_and_none_is_none():
    assert holm([0.04]).tolist() == [0.04]
    assert holm([]).shape == (0,)


def test_input_is_not_changed():
    p = np.array([0.2, 0.01])
    holm(p)
    assert p.tolist() == [0.2, 0.01]


@pytest.mark.parametrize(
    ("p", "message"),
    [
        ([0.1, np.nan], "p_values holds nan at position 1"),
        ([-0.1], "holds -0.1 at position 0"),
        ([0.5, 0.5, 1.1], "holds 1.1 at position 2"),
        ([[0.1]], r"shape \[1, 1\]"),
        (0.1, r"shape \[\]"),
    ],
)
def test_refuses_what_is_no_p_value(p, message):
    with pytest.raises(StatsError, match=message):
        holm(p)
