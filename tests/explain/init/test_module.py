"""A live module: measured as autograd has it, and left as it was."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from trainlab.errors import ExplainError
from trainlab.explain import init
from trainlab.explain.module_copy import is_module, subject_of
from trainlab.explain.questions.init.module import MeasuredLayer, layer_kind, module_layers

X, Y = np.random.default_rng(0).normal(size=(16, 4)), np.random.default_rng(1).normal(size=(16, 2))


def mlp() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(inplace=True), nn.Dropout(0.3), nn.Linear(6, 2)
    )


def measured(module: Any, inputs: Any, targets: Any, loss: Any) -> tuple[list[MeasuredLayer], list[str]]:
    return module_layers(subject_of(module, inputs, targets, loss, usual_loss=True))


def test_numbers_are_those_of_autograd() -> None:
    module = nn.Sequential(
        nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5), nn.ReLU(inplace=True), nn.Linear(5, 2)
    ).double()
    found, never = measured(module, X, Y, None)
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
    found, _ = measured(module, images, np.array([0, 1, 2, 0, 1]), None)
    assert [(each.kind, each.fan_in, each.fan_out, each.neurons) for each in found] == [
        ("Conv2d", 75, 200, 8),
        ("ConvTranspose2d", 18, 72, 2),
        ("Linear", 72, 3, 3),
    ]
    for each, layer in zip(found, (module[0], module[2], module[4]), strict=True):
        fans = nn.init._calculate_fan_in_and_fan_out(layer.weight)
        assert (each.fan_in, each.fan_out) == fans
    assert found[0].scaled == pytest.approx(3**-0.5, rel=0.05)


def test_groups_of_channels_have_the_fan_in_of_a_group() -> None:
    images = np.random.default_rng(2).normal(size=(5, 4, 3, 3))
    (found,), _ = measured(nn.Conv2d(4, 6, 3, groups=2), images, np.zeros((5, 6, 1, 1)), None)
    assert (found.kind, found.fan_in, found.fan_out, found.neurons) == ("Conv2d", 18, 54, 6)


class Own(nn.Linear):
    """A layer whose author has a list of that name for something else."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.parametrizations = []


def test_a_parametrized_layer_is_called_what_it_was_and_one_of_the_users_own_keeps_its_name() -> None:
    assert layer_kind(spectral_norm(nn.Linear(2, 2))) == "Linear"
    assert layer_kind(weight_norm(nn.Linear(2, 3))) == "Linear"
    assert layer_kind(nn.Linear(2, 2)) == "Linear"
    assert layer_kind(Own()) == "Own"


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
    assert (result.numbers["module"], result.numbers["never_met"]) == ("Skips", ["unused"])
    assert result.symmetry == result.learning == result.claims == ()
    assert [part.name for part in result.sections] == ["module", "symmetry"]
    assert "unused" in str(result)
    assert result.to_json()


def test_a_frozen_layer_has_no_weight_gradient() -> None:
    module = mlp()
    module[0].weight.requires_grad_(False)
    module[0].bias.requires_grad_(False)
    found, _ = measured(module, X, Y, None)
    assert math.isnan(found[0].weight_gradient)
    assert found[0].distinct_gradients is None
    assert found[1].weight_gradient > 0
    assert init(module, inputs=X, targets=Y).section("module").tables[0].rows[0][-1] is None


def test_without_gradients_around_it_all_is_as_ever() -> None:
    module = mlp().eval()
    with torch.no_grad():
        found, _ = measured(module, torch.from_numpy(X), Y, nn.L1Loss())
    assert found[0].gradient > 0


def frozen() -> nn.Module:
    return mlp().requires_grad_(False)


def biased() -> nn.Module:
    module = frozen()
    module[4].bias.requires_grad_(True)
    return module


class Functional(nn.Module):
    """Its layers are used as functions of their weights, the second through attention."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.fc, self.attention = nn.Linear(4, 4), nn.MultiheadAttention(4, 2, batch_first=True)
        self.last, self.never = nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = nn.functional.linear(x, self.fc.weight)[:, None]
        return self.last(self.attention(z, z, z)[0][:, 0])


@pytest.mark.parametrize("frozen_too", [False, True])
def test_a_layer_that_is_used_without_being_called_was_met(*, frozen_too: bool) -> None:
    module = Functional().double()
    if frozen_too:
        module.fc.requires_grad_(False)
    result = init(module, inputs=X, targets=Y)
    found = {each.name: each for each in result.module}
    assert list(found) == ["last", "fc", "attention.out_proj"]
    assert result.numbers["never_met"] == ["never"]
    assert [found[name].called for name in found] == [True, False, False]
    assert math.isnan(found["fc"].std)
    nn.MSELoss()(module(torch.from_numpy(X)), torch.from_numpy(Y)).backward()
    proj = module.attention.out_proj.weight.grad
    assert proj is not None
    assert found["attention.out_proj"].weight_gradient == pytest.approx(float(proj.abs().mean()), rel=1e-10)
    assert math.isnan(found["fc"].weight_gradient) == frozen_too
    words = "'fc' and 'attention.out_proj' are used without being called, so their outputs weren't seen."
    assert words in result.verdict
    assert words in " ".join(result.section("module").text)
    assert "from the first to the last of 1 layer with weights" in result.verdict
    assert result.to_json()


def test_no_layer_that_is_called_and_none_that_is_met() -> None:
    class OnlyFunctions(nn.Module):
        def __init__(self, *, uses: bool) -> None:
            super().__init__()
            self.fc, self.own, self.uses = nn.Linear(4, 2), nn.Parameter(torch.ones(4, 2)), uses

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.own + (nn.functional.linear(x, self.fc.weight) if self.uses else 0.0)

    result = init(OnlyFunctions(uses=True), inputs=X, targets=Y)
    assert "no layer with weights is called, so no outputs were seen" in result.verdict
    assert result.section("module").pictures == ()
    with pytest.raises(ExplainError, match=r"module: the batch meets none of its layers .*\('fc'\); give"):
        init(OnlyFunctions(uses=False), inputs=X, targets=Y)


def test_norms_have_no_neurons_and_parametrized_layers_the_weights_they_work_with() -> None:
    torch.manual_seed(5)
    conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))
    module = nn.Sequential(conv, nn.LayerNorm([4, 6, 6]), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)).double()
    images = np.random.default_rng(2).normal(size=(5, 3, 8, 8))
    targets = np.random.default_rng(3).normal(size=(5, 2))
    found, never = measured(module, images, targets, "mse")
    assert ([(each.name, each.kind) for each in found], never) == ([("0", "Conv2d"), ("4", "Linear")], [])
    weight = conv.weight.detach().requires_grad_()
    z = nn.functional.conv2d(torch.from_numpy(images), weight, conv.bias)
    nn.MSELoss()(module[1:](z), torch.from_numpy(targets)).backward()
    assert weight.grad is not None
    assert found[0].weight_gradient == pytest.approx(float(weight.grad.abs().mean()), rel=1e-9)
    assert found[0].distinct_gradients == 4
    assert "No two neurons of a layer are equal." in init(module, inputs=images, targets=targets).verdict


def test_a_loss_by_name_is_torchs() -> None:
    module = mlp().eval()
    by_name, by_class = (measured(module, X, Y, loss)[0] for loss in ("l1", nn.L1Loss()))
    assert by_name == by_class
    assert by_name != measured(module, X, Y, "mse")[0]


BAD = [
    (nn.PReLU(), X, X, None, r"module: PReLU has no layer with a weight matrix"),
    (mlp(), np.full((2, 4), np.nan), Y, None, r"inputs\[0, 0\]: is nan, not a finite number"),
    (mlp(), X, np.full((16, 2), np.inf), None, r"targets\[0, 0\]: is inf, not a finite number"),
    (mlp(), None, Y, None, r"inputs = None: a torch module is asked with a batch; give inputs=\."),
    (mlp(), X, None, None, r"targets = None"),
    (mlp(), np.empty((0, 4)), Y, None, r"inputs: has the shape \(0, 4\); give a row for each example"),
    (mlp(), "abc", Y, None, r"inputs: must be numbers in an array or a tensor"),
    (
        mlp(),
        X[:, :2],
        Y,
        None,
        r"module: its forward pass, or the loss, fails on inputs of shape \(16, 2\) \((addmm: )?mat1",
    ),
    (mlp(), X, Y, lambda p, y: p, r"loss: must return one number"),
    (mlp(), X, Y, lambda p, y: p.sum() / 0.0, r"loss: is -?(inf|nan) on this batch"),
    (mlp(), X, Y, lambda p, y: p.detach().sum(), r"loss: has no grad_fn"),
    (frozen(), X, Y, None, r"module: its output has no grad_fn"),
    (biased(), X, Y, None, r"module: no gradient comes back from the loss to any weight"),
    (nn.LazyLinear(2), X, Y, None, r"module: 'weight' is lazy and has no shape before the first batch"),
]


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize(("module", "inputs", "targets", "loss", "message"), BAD)
def test_what_is_refused_in_a_line(module: Any, inputs: Any, targets: Any, loss: Any, message: str) -> None:
    with pytest.raises(ExplainError, match=message) as caught:
        measured(module, inputs, targets, loss)
    assert len(str(caught.value).splitlines()) == 1


def test_what_is_a_module() -> None:
    assert is_module(nn.Linear(1, 1))
    assert not is_module("xor44")


def test_options_that_are_not_for_modules_or_for_modules_only() -> None:
    with pytest.raises(ExplainError, match=r"cell = 'a': is for an experiment; a torch module has"):
        init(mlp(), inputs=X, targets=Y, cell="a")
    with pytest.raises(ExplainError, match=r"inputs: is for a torch.nn.Module; an experiment has its own"):
        init("xor44", inputs=X)
