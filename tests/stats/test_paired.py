import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainlab.errors import StatsError
from trainlab.stats import paired_difference


def cells(f00, f01, f10, f11):
    """Return outcomes a and b with the counts f(a)(b)."""
    pairs = [(False, False)] * f00 + [(False, True)] * f01 + [(True, False)] * f10 + [(True, True)] * f11
    return np.array(pairs).T


def bonett_price(gained, lost, n, z=1.959963984540054):
    """The interval as the paper writes it, from the counts."""
    p, q = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    error = math.sqrt((p + q - (p - q) ** 2) / (n + 2))
    return max(-1.0, p - q - z * error), min(1.0, p - q + z * error)


def test_published_example():
    # The example of `ci.prop.ps` in the R package statpsych, by Bonett: counts 12, 4, 26, 6.
    result = paired_difference(*cells(12, 26, 4, 6))
    assert (result.low, result.high) == pytest.approx((0.2548067, 0.6251933), abs=5e-8)
    assert result.estimate == pytest.approx(22 / 48)
    assert result.n == 48


@given(st.tuples(*[st.integers(0, 40)] * 4).filter(any))
def test_is_the_paper_s_formula_around_a_shrunk_centre(counts):
    _, f01, f10, _ = counts
    n = sum(counts)
    result = paired_difference(*cells(*counts))
    low, high = bonett_price(f01, f10, n)
    assert (result.low, result.high) == pytest.approx((low, high), abs=1e-12)
    assert result.estimate == pytest.approx((f01 - f10) / n)
    if low > -1 and high < 1:
        assert (low + high) / 2 == pytest.approx(result.estimate * n / (n + 2))


@given(st.tuples(*[st.integers(0, 40)] * 4).filter(any))
def test_swapping_the_cells_mirrors_the_result(counts):
    a, b = cells(*counts)
    forth, back = paired_difference(a, b), paired_difference(b, a)
    assert (back.estimate, back.low, back.high) == (-forth.estimate, -forth.high, -forth.low)
    assert back.p == forth.p


def test_pairing_narrows_the_interval():
    a = np.arange(200) < 100
    together, apart = paired_difference(a, np.arange(200) < 120), paired_difference(a, np.arange(200) >= 80)
    assert together.estimate == pytest.approx(apart.estimate)
    assert together.high - together.low < (apart.high - apart.low) / 2


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.ones(3, bool), np.ones(4, bool), "a has 3 seeds and b has 4"),
        (np.ones(3), np.ones(3, bool), r"a is float64 \[3\], but must be bool"),
        (np.ones(3, bool), np.ones((3, 1), bool), r"b is bool \[3, 1\]"),
        (np.ones(0, bool), np.ones(0, bool), "n >= 1"),
    ],
)
def test_refuses_what_is_not_paired(a, b, message):
    with pytest.raises(StatsError, match=message):
        paired_difference(a, b)
