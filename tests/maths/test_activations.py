import numpy as np
import pytest
import torch
from torch.nn import functional

from trainlab.maths import ACTIVATIONS

KINKS = [-1.0, 0.0, 1.0, 20.0, np.nextafter(20, 21), -20.0, 1e-12, -1e-12]
POINTS = np.concatenate([np.linspace(-6, 6, 402), KINKS, [-800.0, -40.0, 40.0, 800.0, 1e5, -1e5]])
ELEMENTWISE = [name for name, entry in ACTIVATIONS.items() if entry.elementwise]
OVER_OUTPUTS = [name for name, entry in ACTIVATIONS.items() if not entry.elementwise]


def pytorch(name: str, x: torch.Tensor) -> torch.Tensor:
    if name == "linear":
        return x * 1
    if name == "sin":
        return torch.sin(x)
    if name in OVER_OUTPUTS:
        return getattr(functional, name)(x, dim=-1)
    return getattr(functional, name)(x)


def test_the_table_holds_the_fourteen_in_order_of_their_codes():
    names = "linear tanh sigmoid relu leaky_relu elu selu gelu silu softplus hardtanh sin softmax log_softmax"
    assert list(ACTIVATIONS) == names.split()
    assert [entry.code for entry in ACTIVATIONS.values()] == list(range(14))
    assert OVER_OUTPUTS == ["softmax", "log_softmax"]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_value_and_derivative_are_pytorchs(name: str):
    x = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    y = pytorch(name, x)
    slopes = torch.linspace(-2, 3, len(POINTS), dtype=torch.float64)
    y.backward(slopes)
    entry = ACTIVATIONS[name]
    # PyTorch's gelu is x (1 + erf)/2, which loses its digits in the left tail; its elu and selu were
    # exp(x) − 1 before they were expm1, which loses them near 0: absolute there.
    lost = 1e-15 if name in ("gelu", "elu", "selu") else 1e-300
    np.testing.assert_allclose(entry.value(POINTS), y.detach().numpy(), rtol=1e-13, atol=lost)
    # 1 − f² loses all digits where f is nearly 1, in PyTorch as here: absolute there.
    backward = entry.backward(POINTS, slopes.numpy())
    np.testing.assert_allclose(backward, x.grad.numpy(), rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(backward, slopes.numpy() * entry.derivative(POINTS))


@pytest.mark.parametrize("shape", [(2,), (7, 3), (4, 5, 11)])
@pytest.mark.parametrize("name", OVER_OUTPUTS)
def test_those_over_the_outputs_are_pytorchs(name: str, shape: tuple):
    rng = np.random.default_rng(2)
    points, slopes = rng.normal(size=(2, *shape)) * 10.0 ** rng.integers(-2, 4, size=(2, *shape))
    points[..., 0] = points[..., 1]
    x = torch.tensor(points, requires_grad=True)
    y = pytorch(name, x)
    y.backward(torch.tensor(slopes))
    entry = ACTIVATIONS[name]
    assert entry.derivative is None
    np.testing.assert_allclose(entry.value(points), y.detach().numpy(), rtol=1e-12, atol=1e-300)
    scale = np.abs(slopes).max()
    np.testing.assert_allclose(entry.backward(points, slopes), x.grad.numpy(), rtol=1e-12, atol=1e-15 * scale)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivative_is_that_of_the_value(name: str):
    x = np.linspace(-4.05, 4.05, 82)
    assert not np.isin(x, [-1.0, 0.0, 1.0]).any()
    step = 1e-5
    entry = ACTIVATIONS[name]
    difference = (entry.value(x + step) - entry.value(x - step)) / (2 * step)
    np.testing.assert_allclose(entry.derivative(x), difference, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", OVER_OUTPUTS)
def test_backward_is_that_of_the_value(name: str):
    rng = np.random.default_rng(5)
    x, slopes = rng.normal(size=(2, 3, 4))
    entry = ACTIVATIONS[name]
    backward = entry.backward(x, slopes)
    for place in np.ndindex(x.shape):
        nudge = np.zeros_like(x)
        nudge[place] = 1e-5
        difference = ((entry.value(x + nudge) - entry.value(x - nudge)) * slopes).sum() / 2e-5
        assert backward[place] == pytest.approx(difference, rel=1e-7, abs=1e-9)


def test_relu_has_no_slope_at_zero():
    relu = ACTIVATIONS["relu"]
    np.testing.assert_array_equal(relu.derivative(np.array([-1.0, -0.0, 0.0, 1.0])), [0, 0, 0, 1])
    np.testing.assert_array_equal(relu.value(np.array([-1.0, 0.0, 2.0])), [0, 0, 2])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nothing_overflows_and_what_is_no_number_stays_none(name: str):
    entry = ACTIVATIONS[name]
    far = np.array([-8e307, 8e307])
    assert np.isfinite(entry.value(far)).all()
    assert np.isfinite(entry.backward(far, np.ones(2))).all()
    assert np.isnan(entry.value(np.array([np.nan, np.nan]))).all()


def test_softmax_of_the_farthest_apart_is_pytorchs():
    far = np.array([-1.7e308, 1.7e308])
    np.testing.assert_array_equal(ACTIVATIONS["softmax"].value(far), [0, 1])
    np.testing.assert_array_equal(ACTIVATIONS["log_softmax"].value(far), [-np.inf, 0])


def test_left_tails_keep_their_digits():
    np.testing.assert_allclose(ACTIVATIONS["sigmoid"].value(np.array([-700.0])), np.exp(-700.0), rtol=1e-14)
    # x Φ(x) at −10; Φ(−10) = 7.61985302416052606597e-24 (Abramowitz & Stegun's series, 20 digits).
    np.testing.assert_allclose(
        ACTIVATIONS["gelu"].value(np.array([-10.0])), -7.619853024160526e-23, rtol=1e-13
    )
