import pytest
from scipy import stats

from trainlab.stats.normal import two_sided_p, two_sided_quantile


@pytest.mark.parametrize("confidence", [1e-6, 0.5, 0.95, 0.999999])
def test_quantile_and_p_are_those_of_scipy_and_undo_each_other(confidence):
    z = two_sided_quantile(confidence)
    assert z == pytest.approx(stats.norm.ppf((1 + confidence) / 2), rel=1e-9)
    assert two_sided_p(z) == pytest.approx(1 - confidence, rel=1e-9)
    assert two_sided_p(-z) == two_sided_p(z)


def test_far_tail_is_not_rounded_to_zero():
    assert two_sided_p(30.0) == pytest.approx(2 * stats.norm.sf(30.0), rel=1e-9)
