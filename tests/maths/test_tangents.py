"""Second derivatives of activations and losses against PyTorch's, taken twice by autograd."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from trainlab.maths import ACTIVATIONS, LOSSES

POINTS = np.concatenate([np.linspace(-6, 6, 402), [-800.0, -40.0, 19.9, 20.1, 40.0, 800.0]])
LOSS_CASES = [
    ("l1", {}),
    ("mse", {}),
    ("huber", {"delta": 0.3}),
    ("smooth_l1", {"beta": 0.3}),
    ("smooth_l1", {"beta": 0.0}),
    ("log_cosh", {}),
    ("bce", {}),
    ("bce_with_logits", {}),
    ("cross_entropy", {}),
    ("cross_entropy", {"label_smoothing": 0.1}),
    ("nll", {}),
    ("hinge", {}),
]


def pytorch(name: str, x: torch.Tensor) -> torch.Tensor:
    if name == "linear":
        return x * 1
    return torch.sin(x) if name == "sin" else getattr(functional, name)(x)


def materialised(tensor: torch.Tensor) -> np.ndarray:
    """Return a tensor's numbers: one that is 0 throughout may have no memory, and `numpy` would read any."""
    return (tensor + torch.zeros(tensor.shape)).numpy(force=True)


KINKS = {"relu": (0.0,), "leaky_relu": (0.0,), "selu": (0.0,), "hardtanh": (-1.0, 1.0)}
"""Where the first derivative of an activation jumps; the others have one everywhere."""


ELEMENTWISE = [name for name, entry in ACTIVATIONS.items() if entry.elementwise]


def second_derivative(name: str, x: np.ndarray) -> np.ndarray:
    """Return f″: how the gradient of a function whose value has the gradient 1 changes along 1."""
    return ACTIVATIONS[name].backward_tangent(x, np.ones_like(x), np.ones_like(x), np.zeros_like(x))


def test_each_loss_has_one():
    assert all(entry.tangent is not None for entry in LOSSES.values())


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_activations_second_derivative_is_pytorchs(name: str):
    x = torch.tensor(POINTS, requires_grad=True)
    (slope,) = torch.autograd.grad(pytorch(name, x).sum(), x, create_graph=True)
    bend = torch.zeros_like(x)
    if slope.requires_grad:
        bend = torch.autograd.grad(slope.sum(), x, allow_unused=True)[0]
    bend = np.zeros_like(POINTS) if bend is None else materialised(bend)
    np.testing.assert_allclose(second_derivative(name, POINTS), bend, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_it_is_that_of_the_first_where_that_has_no_kink(name: str):
    x, step = np.linspace(-4.05, 4.05, 82), 1e-5
    derivative = ACTIVATIONS[name].derivative
    difference = (derivative(x + step) - derivative(x - step)) / (2 * step)
    np.testing.assert_allclose(second_derivative(name, x), difference, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_first_jumps_at_its_kinks_alone(name: str):
    places, far = np.linspace(-4.0, 4.0, 65), 1e-9
    derivative = ACTIVATIONS[name].derivative
    jumps = np.abs(derivative(places + far) - derivative(places - far)) > 1e-6
    assert tuple(places[jumps]) == KINKS.get(name, ())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_backward_changes_as_its_tangent_says(name: str):
    rng = np.random.default_rng(1)
    x, dx, g, dg = rng.normal(size=(4, 5, 3))
    entry, step = ACTIVATIONS[name], 1e-5
    ahead, behind = entry.backward(x + step * dx, g + step * dg), entry.backward(x - step * dx, g - step * dg)
    found = entry.backward_tangent(x, dx, g, dg)
    np.testing.assert_allclose(found, (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_value_changes_as_its_tangent_says(name: str):
    rng = np.random.default_rng(2)
    x, dx = rng.normal(size=(2, 5, 3))
    entry, step = ACTIVATIONS[name], 1e-6
    difference = (entry.value(x + step * dx) - entry.value(x - step * dx)) / (2 * step)
    np.testing.assert_allclose(entry.tangent(x, dx), difference, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("name", "fields"), LOSS_CASES, ids=str)
def test_a_losss_tangent_is_the_hessian_of_pytorchs(name: str, fields: dict):
    rng = np.random.default_rng(2)
    p, dp = rng.normal(size=(2, 6, 3))
    y = np.eye(3)[rng.integers(0, 3, size=6)]
    if name == "bce":
        p = 1.0 / (1.0 + np.exp(-p))
    prediction, target = torch.tensor(p, requires_grad=True), torch.tensor(y)
    if name == "nll":
        loss = torch.nn.NLLLoss()(prediction, target.argmax(-1))
    elif name == "hinge":
        loss = torch.relu(1 - (2 * target - 1) * prediction).mean()
    elif name == "log_cosh":
        loss = (torch.logaddexp(prediction - target, target - prediction) - np.log(2)).mean()
    else:
        loss = getattr(torch.nn, LOSSES[name].torch_class)(**fields)(prediction, target)
    (slope,) = torch.autograd.grad(loss, prediction, create_graph=True)
    wanted = np.zeros_like(p)
    if slope.requires_grad:
        found = torch.autograd.grad((slope * torch.tensor(dp)).sum(), prediction, allow_unused=True)[0]
        wanted = wanted if found is None else materialised(found)
    np.testing.assert_allclose(LOSSES[name].tangent(p, dp, y, **fields), wanted, rtol=1e-9, atol=1e-14)
    # Of many directions at once each is the same.
    np.testing.assert_array_equal(
        LOSSES[name].tangent(p, np.stack([dp, -dp]), y, **fields)[1],
        LOSSES[name].tangent(p, -dp, y, **fields),
    )
