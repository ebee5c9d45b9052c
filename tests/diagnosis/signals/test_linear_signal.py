"""The F-test of a linear fit: how often it sees nothing where nothing is, and what it sees."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from trainlab.diagnosis.signals.baselines import LEVEL, POWER, linear_signal
from trainlab.diagnosis.signals.learnt import holds_weak_signal

GENERATOR = np.random.default_rng(0)


def table(rows: int, features: int) -> np.ndarray:
    return GENERATOR.normal(size=(rows, features))


def found_in(x: np.ndarray, y: np.ndarray, *, classes: bool = False):
    found = linear_signal([tuple(row) for row in x], list(y), classes=classes)
    assert found is not None
    return found


def test_of_one_feature_it_is_the_t_test_of_the_correlation():
    x = table(50, 1)
    y = 0.3 * x[:, 0] + GENERATOR.normal(size=50)
    r = np.corrcoef(x[:, 0], y)[0, 1]
    t = r * np.sqrt(48 / (1 - r**2))
    assert found_in(x, y).p == pytest.approx(2 * special.stdtr(48, -abs(t)))


@pytest.mark.parametrize(("features", "classes"), [(2, 0), (6, 0), (6, 2), (6, 4)])
def test_it_keeps_its_level_and_its_power(features: int, classes: int):
    seen = caught = 0
    for _ in range(150):
        x, noise = table(200, features), GENERATOR.normal(size=200)
        y = GENERATOR.integers(0, classes, 200) if classes else noise
        found = found_in(x, y, classes=bool(classes))
        seen += found.is_seen
        if not classes:
            size = np.sqrt(found.least / (1 - found.least))
            caught += found_in(x, size * x[:, 0] / x[:, 0].std() + noise).is_seen
    assert seen <= 150 * LEVEL + 5
    assert classes or caught >= 150 * POWER - 9


def test_rows_that_come_again_count_once_and_few_rows_tell_nothing():
    x, y = table(100, 3), GENERATOR.normal(size=100)
    once, twice = found_in(x, y), found_in(np.concatenate([x, x]), np.concatenate([y, y]))
    assert once == twice
    assert linear_signal([tuple(row) for row in x[:7]], list(y[:7]), classes=False) is None
    assert linear_signal([tuple(row) for row in x], [1.0] * 100, classes=True) is None
    assert linear_signal([], [], classes=False) is None


@pytest.mark.parametrize(
    ("reached", "line", "chance", "classes", "holds"),
    [
        (0.06, 0.05, 0.0, False, True),
        (0.02, 0.05, 0.0, False, False),
        (0.06, -0.01, 0.0, False, False),
        (0.62, 0.63, 0.5, True, True),
        (0.52, 0.63, 0.5, True, False),
        (0.95, 0.95, 0.95, True, False),
    ],
)
def test_a_network_has_got_hold_of_a_weak_signal_with_half_of_what_a_line_makes_of_it(
    reached: float, line: float, chance: float, classes: bool, holds: bool
):
    found = holds_weak_signal(reached=reached, line=line, chance=chance, rows=600, classes=classes)
    assert found is holds
