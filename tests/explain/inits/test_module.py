"""A live module: measured as autograd has it, and left as it was."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from trainlab.errors import ExplainError
from trainlab.explain import init
from trainlab.explain.inits.live_module import is_module, module_layers

X, Y = np.random.default_rng(0).normal(size=(16, 4)), np.random.default_rng(1).normal(size=(16, 2))


def mlp() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(inplace=True), nn.Dropout(0.3), nn.Linear(6, 2)
    )


def state(module: nn.Module) -> dict[str, Any]:
    return {
        "tensors": copy.deepcopy(module.state_dict()),
        "grads": [None if p.grad is None else p.grad.clone() for p in module.parameters()],
        "modes": [each.training for each in module.modules()],
        "requires": [p.requires_grad for p in module.parameters()],
        "hooks": [len(each._forward_hooks) for each in module.modules()],
        "random": torch.random.get_rng_state(),
    }


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


@pytest.mark.parametrize("training", [True, False])
def test_the_module_is_left_as_it_was(*, training: bool) -> None:
    module = mlp().train(training)
    module[0].weight.grad = torch.ones(6, 4)
    before = state(module)
    module_layers(module, X, Y, None)
    assert same(before, state(module))
    with pytest.raises(ExplainError):
        module_layers(module, X, Y, lambda p, y: p.sum() * math.nan)
    with pytest.raises(ExplainError):
        module_layers(module, X[:, :3], Y, None)
    assert same(before, state(module))


def test_numbers_are_those_of_autograd() -> None:
    module = nn.Sequential(
        nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5), nn.ReLU(inplace=True), nn.Linear(5, 2)
    ).double()
    found, never = module_layers(module, X, Y, None)
    assert never == []
    assert [each.name for each in found] == ["0", "2", "4"]
    sums, x = [], torch.from_numpy(X)
    for part in module:
        x = torch.relu(x) if isinstance(part, nn.ReLU) else part(x)
        if isinstance(part, nn.Linear):
            x.retain_grad()
            sums.append(x)
    nn.MSELoss()(x, torch.from_numpy(Y)).backward()
    for each, z, layer in zip(found, sums, (module[0], module[2], module[4]), strict=True):
        values = z.detach().numpy()
        assert (each.mean, each.std) == pytest.approx((values.mean(), values.std()), rel=1e-10)
        assert each.gradient == pytest.approx(math.sqrt(float((z.grad**2).mean())), rel=1e-10)
        assert each.weight_gradient == pytest.approx(float(layer.weight.grad.abs().mean()), rel=1e-10)
        assert each.fan_in == layer.in_features
        assert each.scaled == pytest.approx(
            float(layer.weight.detach().std(correction=0)) * layer.in_features**0.5
        )
        assert each.distinct_gradients == len(np.unique(layer.weight.grad.numpy(), axis=0))


def test_convolutions_have_the_fan_in_of_their_kernel() -> None:
    module = nn.Sequential(
        nn.Conv2d(3, 8, 5), nn.ReLU(), nn.ConvTranspose2d(8, 2, 3), nn.Flatten(), nn.Linear(2 * 36, 3)
    )
    images = np.random.default_rng(2).normal(size=(5, 3, 8, 8))
    found, _ = module_layers(module, images, np.array([0, 1, 2, 0, 1]), None)
    assert [(each.kind, each.fan_in, each.neurons) for each in found] == [
        ("Conv2d", 75, 8),
        ("ConvTranspose2d", 18, 2),
        ("Linear", 72, 3),
    ]
    assert found[0].scaled == pytest.approx(3**-0.5, rel=0.05)


def test_equal_neurons_and_layers_never_met_are_told() -> None:
    class Skips(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.unused, self.b = nn.Linear(4, 3), nn.Linear(3, 3), nn.Linear(3, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.b(torch.tanh(self.a(x)))

    module = Skips()
    for layer in (module.a, module.b):
        nn.init.constant_(layer.weight, 0.5)
        nn.init.zeros_(layer.bias)
    result = init(module, inputs=X, targets=Y)
    assert [(each.name, each.distinct_rows, each.distinct_gradients) for each in result.module] == [
        ("a", 1, 1),
        ("b", 1, 2),
    ]
    assert "The batch never met 'unused'." in result.verdict
    assert "Neurons that are equal in weights and bias: in a and b." in result.verdict
    assert result.numbers["module"]["never_met"] == ["unused"]
    assert result.symmetry == result.learning == result.claims == ()
    assert [part.name for part in result.sections][:2] == ["module", "symmetry"]
    assert "unused" in str(result)
    assert result.to_json()


def test_a_frozen_layer_has_no_weight_gradient() -> None:
    module = mlp()
    module[0].weight.requires_grad_(False)
    module[0].bias.requires_grad_(False)
    found, _ = module_layers(module, X, Y, None)
    assert math.isnan(found[0].weight_gradient)
    assert found[0].distinct_gradients is None
    assert found[1].weight_gradient > 0
    assert init(module, inputs=X, targets=Y).section("module").tables[0].rows[0][-1] is None


def test_without_gradients_around_it_all_is_as_ever() -> None:
    module = mlp().eval()
    with torch.no_grad():
        found, _ = module_layers(module, torch.from_numpy(X), Y, nn.L1Loss())
    assert found[0].gradient > 0


def frozen() -> nn.Module:
    return mlp().requires_grad_(False)


BAD = [
    (nn.Sequential(nn.ReLU()), X, Y, None, r"module: Sequential has no layer with a weight matrix"),
    (mlp(), np.full((2, 4), np.nan), Y, None, r"inputs: 8 of 8 numbers are NaN or infinite; give a batch"),
    (mlp(), X, np.full((16, 2), np.inf), None, r"targets: 32 of 32 numbers are NaN or infinite"),
    (mlp(), None, Y, None, r"inputs = None: a module is asked with a batch; give inputs= and targets=\."),
    (mlp(), X, None, None, r"targets = None"),
    (mlp(), np.empty((0, 4)), Y, None, r"inputs: shape \(0, 4\) holds no number"),
    (mlp(), "abc", Y, None, r"inputs: isn't a tensor or an array of numbers"),
    (
        mlp(),
        X[:, :2],
        Y,
        None,
        r"inputs of shape \(16, 2\), targets of shape \(16, 2\): the module or its loss",
    ),
    (mlp(), X, Y, lambda p, y: p, r"loss: must give one number"),
    (mlp(), X, Y, lambda p, y: p.sum() / 0.0, r"loss: is -?(inf|nan) on this batch"),
    (mlp(), X, Y, lambda p, y: p.detach().sum(), r"module: no gradient comes back"),
    (frozen(), X, Y, None, r"module: no gradient comes back from the loss to any weight"),
    (nn.LazyLinear(2), X, Y, None, r"module: its parameter 'weight' has no shape before the first batch"),
]


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize(("module", "inputs", "targets", "loss", "message"), BAD)
def test_what_is_refused_in_a_line(module: Any, inputs: Any, targets: Any, loss: Any, message: str) -> None:
    with pytest.raises(ExplainError, match=message) as caught:
        module_layers(module, inputs, targets, loss)
    assert len(str(caught.value).splitlines()) == 1


def test_what_is_a_module() -> None:
    assert is_module(nn.Linear(1, 1))
    assert not is_module("xor44")


def test_options_that_are_not_for_modules_or_for_modules_only() -> None:
    with pytest.raises(
        ExplainError, match=r"cell = 'a': names a cell of a study, and the source is a module"
    ):
        init(mlp(), inputs=X, targets=Y, cell="a")
    with pytest.raises(ExplainError, match=r"inputs, targets, loss: are for a torch module"):
        init("xor44", inputs=X)
