import numpy as np
import pytest
import torch

from trainlab.maths import ACTIVATIONS

POINTS = np.concatenate([np.linspace(-6, 6, 401), [-800.0, -40.0, -1e-12, 0.0, 1e-12, 40.0, 800.0]])
TORCH = {"linear": torch.nn.Identity(), "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_and_derivative_are_pytorchs(name: str):
    x = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    y = TORCH[name](x)
    y.sum().backward()
    entry = ACTIVATIONS[name]
    np.testing.assert_allclose(entry.value(POINTS), y.detach().numpy(), rtol=1e-14, atol=1e-300)
    # 1 − f² loses all digits where f is nearly 1, in PyTorch as here: absolute there.
    np.testing.assert_allclose(entry.derivative(POINTS), x.grad.numpy(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_is_that_of_the_value(name: str):
    x = np.linspace(-4.05, 4.05, 82)
    assert not np.any(x == 0)
    step = 1e-5
    entry = ACTIVATIONS[name]
    difference = (entry.value(x + step) - entry.value(x - step)) / (2 * step)
    np.testing.assert_allclose(entry.derivative(x), difference, rtol=1e-7, atol=1e-9)


def test_relu_has_no_slope_at_zero():
    relu = ACTIVATIONS["relu"]
    np.testing.assert_array_equal(relu.derivative(np.array([-1.0, -0.0, 0.0, 1.0])), [0, 0, 0, 1])
    np.testing.assert_array_equal(relu.value(np.array([-1.0, 0.0, 2.0])), [0, 0, 2])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nothing_overflows_and_what_is_no_number_stays_none(name: str):
    entry = ACTIVATIONS[name]
    far = np.array([-1e308, 1e308])
    assert np.isfinite(entry.value(far)).all()
    assert np.isfinite(entry.derivative(far)).all()
    assert np.isnan(entry.value(np.array([np.nan]))).all()


def test_sigmoid_keeps_its_digits_in_the_left_tail():
    np.testing.assert_allclose(ACTIVATIONS["sigmoid"].value(np.array([-700.0])), np.exp(-700.0), rtol=1e-14)
