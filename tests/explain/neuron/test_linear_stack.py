"""A stack of linear layers as one layer, and the best that one layer can do."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from explain.neuron.collapse import compare, random_stack

from trainlab.errors import ExplainError
from trainlab.explain import collapse
from trainlab.explain.questions.neuron.affine import AffineFit, best_affine

# A stack multiplied out: against torch, against exact fractions, within its bound; and what is refused.


def exact(stack: list[tuple[Any, Any]], inputs: list[float]) -> list[Fraction]:
    values = [Fraction(x) for x in inputs]
    for weight, bias in stack:
        offsets = [0.0] * len(weight) if bias is None else bias.tolist()
        values = [
            sum((Fraction(w) * x for w, x in zip(row, values, strict=True)), Fraction(b))
            for row, b in zip(weight.tolist(), offsets, strict=True)
        ]
    return values


@pytest.mark.parametrize("seed", range(4))
def test_the_single_layer_is_the_stack_and_the_bound_holds_exactly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stack = [(w[:9, :9], None if b is None else b[:9]) for w, b in random_stack(rng)]
    one = collapse(stack)
    inputs = rng.normal(size=(3, one.weight.shape[1]))
    bound = one.bound(inputs)
    for row, single, stacked, most in zip(
        inputs, one.through_single(inputs), one.through_stack(inputs), bound, strict=True
    ):
        truth = exact(stack, row.tolist())
        for place, value in enumerate(truth):
            # The bound is for both sides together, so each has half of it.
            assert abs(Fraction(float(single[place])) - value) <= Fraction(float(most[place])) / 2
            assert abs(Fraction(float(stacked[place])) - value) <= Fraction(float(most[place])) / 2
    assert one.difference(inputs).absolute <= float(bound.max())
    assert float(bound.max()) < 1e-9 * float(np.abs(one.through_stack(inputs)).max())


def test_it_is_what_torch_computes() -> None:
    layers = [torch.nn.Linear(3, 5, dtype=torch.float64), torch.nn.Linear(5, 2, dtype=torch.float64)]
    one = collapse([(layer.weight, layer.bias) for layer in layers])
    inputs = torch.randn(20, 3, dtype=torch.float64)
    expected = torch.nn.Sequential(*layers)(inputs).detach().numpy()
    np.testing.assert_allclose(one.through_single(inputs.numpy()), expected, rtol=1e-12, atol=1e-14)
    assert (one.parameters_before, one.parameters_after, one.rank_at_most) == (32, 8, 2)


def test_a_diagonal_stands_anywhere_and_no_bias_makes_none() -> None:
    scale, matrix = np.array([2.0, 3.0]), np.array([[1.0, 2.0], [3.0, 4.0]])
    assert collapse([(scale, None), (matrix, None)]).weight.tolist() == [[2, 6], [6, 12]]
    after = collapse([(matrix, [1, 1]), (scale, [0, 5])])
    assert after.weight.tolist() == [[2, 4], [9, 12]]
    assert after.bias is not None
    assert after.bias.tolist() == [2, 8]
    twice = collapse([(scale, None), (scale, None)])
    assert twice.weight.tolist() == [[4, 0], [0, 9]]
    assert twice.bias is None


def test_random_stacks_differ_by_rounding_alone() -> None:
    for worst in compare(12):
        assert worst.relative < 1e-13
        assert worst.share_of_bound <= 1


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ([], "stack: has no layer"),
        ([np.eye(2)], "stack: layer 1 is not a pair; give (weight, bias)"),
        ([(np.ones((2, 2, 2)), None)], "stack: weight 1 has shape [2, 2, 2]; give [out, in]"),
        ([(np.ones((2, 0)), None)], "stack: weight 1 has shape [2, 0]"),
        ([(np.eye(2), [1.0])], "stack: bias 1 has shape [1], but weight 1 has 2 outputs"),
        ([(np.eye(2), None), (np.ones((1, 3)), None)], "layer 2 takes 3 inputs, but layer 1 has 2 outputs"),
        (
            [([[1.0, float("nan")]], None)],
            "stack: weight 1: holds nan at [0, 1]; every number must be finite",
        ),
        ([("words", None)], "stack: weight 1: is not an array of numbers"),
        ([([[1e300]], None), ([[1e300]], None)], "the product of its 2 weights overflows"),
    ],
)
def test_refused(stack: Any, words: str) -> None:
    with pytest.raises(ExplainError) as caught:
        collapse(stack)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


# The best affine maps against brute force, and their proofs.


XOR = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])


def fit(inputs: np.ndarray, targets: np.ndarray) -> AffineFit:
    found = best_affine(inputs, targets)
    assert found is not None
    return found


def test_on_xor_no_affine_map_is_better_than_a_half() -> None:
    found = fit(XOR, np.array([0.0, 1, 1, 0]))
    assert found.exact == Fraction(1, 2)
    np.testing.assert_allclose(found.predictions, 0.5, atol=1e-9)


def test_against_brute_force() -> None:
    rng = np.random.default_rng(3)
    inputs, targets = rng.normal(size=(9, 2)), rng.normal(size=9)
    design = np.hstack([inputs, np.ones((9, 1))])
    found = fit(inputs, targets)
    # The least largest error is that of the worst four points, which their one proof gives.
    worst = 0.0
    for four in combinations(range(9), 4):
        proof = np.linalg.svd(design[list(four)].T)[2][-1]
        worst = max(worst, abs(float(proof @ targets[list(four)])) / float(np.abs(proof).sum()))
    assert found.least == pytest.approx(worst, rel=1e-9)
    assert found.least == pytest.approx(float(np.abs(found.predictions - targets).max()), rel=1e-9)
    np.testing.assert_allclose(found.predictions, inputs @ found.weight + found.bias, atol=1e-9)


def test_a_task_that_is_affine_leaves_no_error_and_no_proof() -> None:
    found = fit(XOR, XOR @ [2.0, -3.0] + 1)
    assert found.least == pytest.approx(0, abs=1e-12)
    assert not found.exact


def test_proofs_hold_in_fractions() -> None:
    rng = np.random.default_rng(1)
    inputs = rng.integers(-3, 4, size=(7, 2)).astype(float)
    found = fit(inputs, rng.integers(0, 2, size=7).astype(float))
    assert found.proof is not None
    assert found.exact is not None
    assert sum(found.proof) == 0
    for column in inputs.T.tolist():
        assert sum(c * Fraction(x) for c, x in zip(found.proof, column, strict=True)) == 0
    assert float(found.exact) == pytest.approx(found.least, rel=1e-6, abs=1e-7)


def test_of_many_numbers_none_is_looked_for() -> None:
    rng = np.random.default_rng(0)
    assert best_affine(rng.normal(size=(3000, 8)), rng.normal(size=3000)) is None
