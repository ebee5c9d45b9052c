import numpy as np
import pytest
import torch

from trainlab.maths import clip_norm, clip_value, equalise, penalise, penalty_value

SHAPES = ((3, 2), (3,), (1, 3), (1,))
WEIGHTS = np.array([True] * 6 + [False] * 3 + [True] * 3 + [False])


def population() -> np.ndarray:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(7, 13)) * 10.0 ** np.arange(-4, 3)[:, None]
    rows[:, 2] = 0.0
    rows[0] = 0.0
    return rows


def parameters(row: np.ndarray) -> list[torch.Tensor]:
    """Return the row as parameters of several shapes, whose gradients are their own values."""
    made, start = [], 0
    for shape in SHAPES:
        count = int(np.prod(shape))
        part = torch.nn.Parameter(torch.tensor(row[start : start + count].reshape(shape)))
        part.grad = part.detach().clone()
        made.append(part)
        start += count
    return made


def joined(parts: list[torch.Tensor]) -> np.ndarray:
    return np.concatenate([part.grad.numpy().ravel() for part in parts])


@pytest.mark.parametrize("norm", [0.0, 1e-3, 1.0, 50.0])
def test_clipping_by_norm_is_pytorchs(norm: float):
    rows = population()
    expected = []
    for row in rows:
        parts = parameters(row)
        torch.nn.utils.clip_grad_norm_(parts, norm)
        expected.append(joined(parts))
    np.testing.assert_allclose(clip_norm(rows, norm), expected, rtol=1e-12, atol=0)


def test_a_gradient_that_is_not_finite_is_clipped_as_pytorch_does():
    rows = population()[3:5]
    rows[0, 1], rows[1, 1] = np.nan, np.inf
    expected = []
    for row in rows:
        parts = parameters(row)
        torch.nn.utils.clip_grad_norm_(parts, 1.0)
        expected.append(joined(parts))
    np.testing.assert_array_equal(clip_norm(rows, 1.0), expected)


@pytest.mark.parametrize("value", [1e-3, 0.5, 20.0])
def test_clipping_by_value_is_pytorchs(value: float):
    for row in population():
        parts = parameters(row)
        torch.nn.utils.clip_grad_value_(parts, value)
        np.testing.assert_array_equal(clip_value(row, value), joined(parts))


@pytest.mark.parametrize(("l1", "l2"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.2), (1e-3, 5.0)])
def test_a_penalty_adds_the_gradient_of_its_value_on_weights_alone(l1: float, l2: float):
    rows = population()
    gradients = np.random.default_rng(8).normal(size=rows.shape)
    w = torch.tensor(rows, requires_grad=True)
    kept = w[:, torch.tensor(WEIGHTS)]
    value = l1 * kept.abs().sum(1) + l2 * (kept**2).sum(1)
    value.sum().backward()
    np.testing.assert_allclose(penalty_value(rows, WEIGHTS, l1=l1, l2=l2), value.detach(), rtol=1e-13)
    added = penalise(gradients, rows, WEIGHTS, l1=l1, l2=l2)
    np.testing.assert_allclose(added, gradients + w.grad.numpy(), rtol=1e-13)
    np.testing.assert_array_equal(added[:, ~WEIGHTS], gradients[:, ~WEIGHTS])


def test_equalised_layers_have_on_average_what_the_last_one_has():
    layers = [(slice(0, 6), slice(6, 9)), (slice(9, 12), slice(12, 13))]
    rng = np.random.default_rng(5)
    starved = np.concatenate([np.full(9, 1e-6), np.ones(4)])
    rows = rng.normal(size=(400, 13)) * starved
    sizes, found = np.zeros(2), []
    for row in rows:
        equal, sizes = equalise(row, sizes, layers)
        np.testing.assert_array_equal(equal[9:], row[9:])
        # One factor for all of a layer, its biases too.
        np.testing.assert_allclose(equal[:9] / row[:9], equal[0] / row[0], rtol=1e-12)
        found.append(np.abs(equal[:6]).mean() / np.abs(row[9:12]).mean())
    assert np.exp(np.log(found).mean()) == pytest.approx(1.0, abs=0.1)
    first, _ = equalise(rows[0], np.zeros(2), layers)
    assert np.abs(first[:6]).mean() == pytest.approx(np.abs(first[9:12]).mean(), rel=1e-12)


def test_a_layer_without_gradients_is_left_as_it_is_and_one_of_rounding_does_not_overflow():
    layers = [(slice(0, 1), slice(1, 2)), (slice(2, 3), slice(3, 3)), (slice(3, 4), slice(4, 4))]
    equal, _ = equalise(np.array([0.0, 5.0, 1e-310, 1e300]), np.zeros(3), layers)
    np.testing.assert_array_equal(equal[:2], [0.0, 5.0])
    assert equal[2] == pytest.approx(1e300)
