"""The best affine maps against brute force, and their proofs."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from trainlab.explain.questions.neuron.affine import AffineFit, best_affine

XOR = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])


def fits(inputs: np.ndarray, targets: np.ndarray) -> dict[str, AffineFit]:
    return {str(fit.criterion): fit for fit in best_affine(inputs, targets)}


def test_on_xor_no_affine_map_is_better_than_a_half() -> None:
    found = fits(XOR, np.array([0.0, 1, 1, 0]))
    assert [found[name].exact for name in ("squared", "absolute", "largest")] == [
        Fraction(1, 4),
        Fraction(1, 2),
        Fraction(1, 2),
    ]
    np.testing.assert_allclose(found["squared"].predictions, 0.5, atol=1e-12)
    np.testing.assert_allclose(found["largest"].predictions, 0.5, atol=1e-9)
    # Every map within [0, …] where the target is 0 and […, 1] where it is 1 has this least absolute error.
    ranges = found["absolute"].ranges
    assert ranges is not None
    np.testing.assert_allclose(ranges, [[0, 2], [-1, 1], [-1, 1], [0, 2]], atol=1e-6)


def test_against_brute_force() -> None:
    rng = np.random.default_rng(3)
    inputs, targets = rng.normal(size=(9, 2)), rng.normal(size=9)
    design = np.hstack([inputs, np.ones((9, 1))])
    found = fits(inputs, targets)
    # A best plane by absolute error passes through three of the points.
    through = [
        np.linalg.solve(design[list(three)], targets[list(three)]) for three in combinations(range(9), 3)
    ]
    least = min(float(np.abs(design @ plane - targets).mean()) for plane in through)
    assert found["absolute"].least == pytest.approx(least, rel=1e-9)
    # The least largest error is that of the worst four points, which their one proof gives.
    worst = 0.0
    for four in combinations(range(9), 4):
        proof = np.linalg.svd(design[list(four)].T)[2][-1]
        worst = max(worst, abs(float(proof @ targets[list(four)])) / float(np.abs(proof).sum()))
    assert found["largest"].least == pytest.approx(worst, rel=1e-9)
    solution = np.linalg.solve(design.T @ design, design.T @ targets)
    assert found["squared"].least == pytest.approx(float(((design @ solution - targets) ** 2).mean()))
    for fit in found.values():
        np.testing.assert_allclose(fit.predictions, inputs @ fit.weight + fit.bias, atol=1e-9)


def test_a_task_that_is_affine_leaves_no_error_and_no_proof() -> None:
    found = fits(XOR, XOR @ [2.0, -3.0] + 1)
    for fit in found.values():
        assert fit.least == pytest.approx(0, abs=1e-12)
        assert not fit.exact


def test_proofs_hold_in_fractions() -> None:
    rng = np.random.default_rng(1)
    inputs = rng.integers(-3, 4, size=(7, 2)).astype(float)
    targets = rng.integers(0, 2, size=7).astype(float)
    for fit in best_affine(inputs, targets):
        if fit.proof is not None:
            assert sum(fit.proof) == 0
            for column in inputs.T.tolist():
                assert sum(c * Fraction(x) for c, x in zip(fit.proof, column, strict=True)) == 0
            assert fit.exact is not None
            assert float(fit.exact) == pytest.approx(fit.least, rel=1e-6, abs=1e-7)


def test_many_numbers_get_least_squares_alone() -> None:
    rng = np.random.default_rng(0)
    found = best_affine(rng.normal(size=(3000, 8)), rng.normal(size=3000))
    assert [fit.criterion for fit in found] == ["squared"]
    assert found[0].exact is None


@pytest.mark.computes
def test_ten_thousand_points_need_no_matrix_of_their_pairs() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(10_000, 1))
    targets = inputs[:, 0] + rng.normal(size=10_000)
    tracemalloc.start()
    try:
        found = fits(inputs, targets)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 100e6
    fit = found["absolute"]
    assert fit.least == pytest.approx(float(np.abs(fit.predictions - targets).mean()), rel=1e-9)
    for shift in (-0.01, 0.01):
        assert float(np.abs(fit.predictions + shift - targets).mean()) > fit.least
        assert float(np.abs(fit.predictions + shift * inputs[:, 0] - targets).mean()) > fit.least
