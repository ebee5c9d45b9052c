"""The script that is run by hand with 200 networks, here with a few."""

from __future__ import annotations

import pytest
from explain.chain_rule import agreement


@pytest.fixture(scope="module")
def worst() -> agreement.Worst:
    return agreement.agreement(40, seed=3)


def test_sums_over_paths_and_backward_steps_agree_with_autograd(worst: agreement.Worst) -> None:
    for name in ("sum over paths, to autograd", "backward steps, to autograd"):
        assert worst.of_largest[name] < 1e-11
        assert worst.of_each[name] < 1e-6


def test_they_agree_with_central_differences(worst: agreement.Worst) -> None:
    for name in ("sum over paths", "backward steps"):
        assert worst.of_largest[f"{name}, to central differences"] < 1e-6


def test_most_weights_are_compared(worst: agreement.Worst) -> None:
    assert worst.networks == 40
    assert worst.listed == worst.weights > 500
    assert worst.kinks < 0.05 * worst.weights
    assert worst.flat < 4
