import numpy as np
import pytest
from scipy.stats import binom, binomtest

from trainlab.errors import StatsError
from trainlab.stats import exact_interval, mcnemar_p, sign_test


@pytest.mark.parametrize("level", [0.05, 1e-3, 1e-9])
def test_the_interval_is_scipys(level: float) -> None:
    pairs = [(0, 1), (1, 1), (0, 32), (31, 32), (32, 32), (7, 50), (2031, 2048)]
    k, n = (np.array(column) for column in zip(*pairs, strict=True))
    low, high = exact_interval(k, n, level=level)
    for place, (one, all_) in enumerate(pairs):
        wanted = binomtest(one, all_).proportion_ci(1 - level, method="exact")
        assert low[place] == pytest.approx(wanted.low, abs=1e-9)
        assert high[place] == pytest.approx(wanted.high, abs=1e-9)


@pytest.mark.parametrize("n", [1, 5, 32])
@pytest.mark.parametrize("level", [0.05, 1e-4])
def test_no_rate_is_missed_more_often_than_the_level(n: int, level: float) -> None:
    k = np.arange(n + 1)
    low, high = exact_interval(k, np.full(n + 1, n), level=level)
    for p in np.linspace(0, 1, 201):
        missed = (p < low) | (p > high)
        assert binom.pmf(k, n, p)[missed].sum() <= level * (1 + 1e-9)


def test_the_sign_test_is_scipys() -> None:
    random = np.random.default_rng(1)
    better, others = random.random(60) < 0.8, random.random((40, 60)) < random.random((40, 1))
    for p, other in zip(sign_test(better, others), others, strict=True):
        wins, losses = int((better & ~other).sum()), int((other & ~better).sum())
        wanted = binomtest(wins, wins + losses, alternative="greater").pvalue if wins + losses else 1.0
        assert p == pytest.approx(wanted, rel=1e-9)


def test_the_sign_test_against_itself_and_without_a_win_is_one() -> None:
    solved = np.array([True, False, True])
    assert sign_test(solved, np.stack([solved, np.ones(3, dtype=np.bool_)])).tolist() == [1.0, 1.0]


def test_the_sign_test_keeps_its_level_whatever_the_two_share() -> None:
    """Two equal rates, from independent runs to nearly the same: p ≤ 0.01 comes no more often than that."""
    random = np.random.default_rng(2)
    for shared in (0.0, 0.5, 0.95):
        common, own = random.random((4000, 1, 40)), random.random((4000, 2, 40))
        same = random.random((4000, 1, 40)) < shared
        solved = np.where(same, common, own) < 0.7
        p = np.array([sign_test(one, other[None])[0] for one, other in solved])
        assert (p <= 0.01).mean() <= 0.012


def test_what_is_no_count_is_refused() -> None:
    one = np.array([1])
    for k, n in ((one, 0 * one), (-one, one), (2 * one, one)):
        with pytest.raises(StatsError, match="each k must be from 0 to its n"):
            exact_interval(k, n, level=0.05)
    with pytest.raises(StatsError, match=r"level is 0.0, but must lie strictly between 0 and 1"):
        exact_interval(one, one, level=0.0)
    with pytest.raises(StatsError, match=r"better \[2\], others \[1, 3\]: must be \[n\] and \[m, n\]"):
        sign_test(np.zeros(2, dtype=np.bool_), np.zeros((1, 3), dtype=np.bool_))


def test_mcnemars_test_is_scipys_of_the_pairs_that_differ() -> None:
    rng = np.random.default_rng(4)
    for share in (0.2, 0.5, 0.7):
        a, b = rng.random(60) < 0.5, rng.random(60) < share
        wins, differ = int((a & ~b).sum()), int((a != b).sum())
        assert mcnemar_p(a, b) == pytest.approx(binomtest(wins, differ).pvalue)
    assert mcnemar_p(a, a) == 1.0
