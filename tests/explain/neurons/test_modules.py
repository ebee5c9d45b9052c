"""Live modules: which layers collapse and which don't, and what can't be asked of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from trainlab.errors import ExplainError
from trainlab.explain import neuron

BATCH = np.random.default_rng(0).normal(size=(6, 3))


class Between(nn.Module):
    """Two linear layers, and in `forward` a function between them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.a, self.b, self.function = nn.Linear(3, 4), nn.Linear(4, 2), function

    def forward(self, x: Any) -> Any:
        return self.b(self.function(self.a(x), self.training))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x: Any) -> Any:
        y = self.a(x)
        return self.b(y) + y


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(3, 3)

    def forward(self, x: Any) -> Any:
        return self.a(self.a(x))


class Own(nn.Linear):
    def forward(self, input: Any) -> Any:  # noqa: A002
        return F.linear(input, self.weight, self.bias)


class Bent(nn.Linear):
    def forward(self, input: Any) -> Any:  # noqa: A002
        return F.linear(input, self.weight, self.bias) ** 2


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(3, 3)

    def forward(self, x: Any) -> Any:
        return self.a(x) if x.sum() > 0 else x


def sequential(*between: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), *between, nn.Linear(4, 2))


def normed() -> nn.BatchNorm1d:
    norm = nn.BatchNorm1d(4)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    with torch.no_grad():
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        norm.weight.normal_()
        norm.bias.normal_()
    return norm


def hooked() -> nn.Module:
    module = sequential()
    module[0].register_forward_hook(lambda _module, _inputs, output: output.relu())
    return module


def tied() -> nn.Module:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    first, second = module[0], module[1]
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    second.weight = first.weight
    return module


COLLAPSE: dict[str, Callable[[], nn.Module]] = {
    "adjacent": sequential,
    "identity": lambda: sequential(nn.Identity()),
    "dropout in eval": lambda: sequential(nn.Dropout(0.5)).eval(),
    "dropout as a function in eval": lambda: Between(lambda x, on: F.dropout(x, 0.5, on)).eval(),
    "batch-norm in eval": lambda: sequential(normed()).eval(),
    "batch-norm without weights": lambda: sequential(nn.BatchNorm1d(4, affine=False)).eval(),
    "flatten": lambda: sequential(nn.Flatten()),
    "view": lambda: Between(lambda x, _: x.view(x.size(0), -1)),
    "flatten as a function": lambda: Between(lambda x, _: torch.flatten(x, 1)),
    "nested": lambda: nn.Sequential(nn.Sequential(nn.Linear(3, 4)), nn.Sequential(nn.Linear(4, 2))),
    "own linear": lambda: nn.Sequential(Own(3, 4), Own(4, 2)),
    "without biases": lambda: nn.Sequential(nn.Linear(3, 4, bias=False), nn.Linear(4, 2, bias=False)),
    "weight norm": lambda: nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Linear(3, 4)), nn.Linear(4, 2)
    ),
    "all at once": lambda: sequential(nn.Dropout(), nn.Identity(), normed(), nn.Flatten()).eval(),
}

KEEP: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "relu as a function": (lambda: Between(lambda x, _: F.relu(x)), "relu"),
    "relu as a method": (lambda: Between(lambda x, _: x.relu()), "relu"),
    "relu in place": (lambda: Between(lambda x, _: F.relu_(x)), "relu_"),
    "relu as a module": (lambda: sequential(nn.ReLU(inplace=True)), "ReLU '1'"),
    "dropout in train": (lambda: sequential(nn.Dropout(0.5)), "Dropout '1' in training"),
    "dropout as a function in train": (
        lambda: Between(lambda x, on: F.dropout(x, 0.5, on)),
        "dropout in training",
    ),
    "batch-norm in train": (lambda: sequential(normed()), "BatchNorm1d '1' in training"),
    "batch-norm without statistics": (
        lambda: sequential(nn.BatchNorm1d(4, track_running_stats=False)).eval(),
        "BatchNorm1d '1' (no running statistics)",
    ),
    "layer-norm": (lambda: sequential(nn.LayerNorm(4)).eval(), "LayerNorm '1'"),
    "skip": (Residual, "used 2 times"),
    "called twice": (Twice, "a (weights used more than once)"),
    "tied": (tied, "1 (weights used more than once)"),
    "hooks": (hooked, "the output"),
    "own forward": (lambda: nn.Sequential(Bent(3, 4), nn.Linear(4, 2)), "pow"),
}


@pytest.mark.parametrize("name", COLLAPSE)
def test_these_collapse(name: str) -> None:
    torch.manual_seed(0)
    module = COLLAPSE[name]()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    found = neuron(module, inputs=BATCH)
    (one,) = found.collapses
    assert one.single.weight.shape == (2, 3)
    assert one.difference.absolute <= one.difference.bound < 1e-12
    assert one.chain.parameters == sum(each.numel() for each in module.parameters())
    # The user's own module, in its own float32, does the same.
    expected = module(torch.from_numpy(BATCH).float()).detach().numpy()
    np.testing.assert_allclose(one.single.through_single(BATCH), expected, rtol=1e-4, atol=1e-5)
    for key, value in module.state_dict().items():
        assert value.dtype == before[key].dtype
        assert torch.equal(value, before[key])
    assert "collapse into" in str(found.section("own-layers").tables[0].headers)


@pytest.mark.parametrize("name", KEEP)
def test_these_do_not(name: str) -> None:
    make, stop = KEEP[name]
    torch.manual_seed(0)
    found = neuron(make(), inputs=BATCH)
    assert found.collapses == ()
    stops = [row[1] for row in found.section("own-layers").tables[0].rows]
    assert stop in stops
    assert stop == "the output" or stop in found.verdict
    assert "one linear layer," in found.verdict or "linear layers collapse" in found.verdict


def test_what_is_affine_all_the_same_is_not_denied() -> None:
    """A skip, a layer called twice and channel dropout in evaluation are affine; they aren't merged here."""
    for module in (Residual(), Twice(), sequential(nn.Dropout1d()).eval()):
        found = neuron(module, inputs=BATCH)
        words = found.section("own-layers").text[0]
        assert "no two of them could be merged. What stands in the way: " in words
        assert "affine" not in words


def test_which_layers_and_how_many_parameters() -> None:
    module = nn.Sequential(
        nn.Linear(3, 8), nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 1), nn.Linear(1, 5), nn.Sigmoid()
    )
    found = neuron(module, inputs=BATCH)
    assert [each["places"] for each in found.numbers["own_layers"]] == [["0", "1"], ["3", "4"]]
    sizes = [(one["parameters_before"], one["parameters_after"]) for one in found.numbers["own_layers"]]
    assert sizes == [(32 + 36, 16), (5 + 10, 25)]
    assert "its 15 parameters would become 25, since its narrowest place has 1 unit" in found.verdict


def test_sequences_of_rows_collapse_too() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Linear(4, 2)).eval()
    (one,) = neuron(module, inputs=np.ones((5, 7, 3))).collapses
    assert one.difference.inputs == 35
    assert (
        neuron(
            nn.Sequential(nn.Linear(3, 4), nn.Flatten(), nn.Linear(28, 2)), inputs=np.ones((5, 7, 3))
        ).collapses
        == ()
    )


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.GELU(), nn.Softmax(dim=1), nn.ReLU(inplace=True)])
def test_a_neuron_of_a_module_is_what_autograd_says(activation: nn.Module) -> None:
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3), activation).double()
    one = neuron(module, inputs=BATCH, layer=2, unit=2, point=3).neuron
    hidden = module[1](module[0](torch.from_numpy(BATCH[2:3])))
    sums = module[2](hidden).detach().requires_grad_()
    output = activation(sums.clone())[0, 1]
    (slope,) = torch.autograd.grad(output, sums)
    assert one.sum == pytest.approx(sums[0, 1].item(), abs=1e-14)
    assert one.output == pytest.approx(output.item(), abs=1e-14)
    assert one.slope == pytest.approx(float(slope[0, 1]), abs=1e-14)
    np.testing.assert_allclose(one.inputs, hidden[0].detach().numpy(), atol=1e-14)
    assert one.activation == type(activation).__name__


def test_a_sequential_with_a_part_that_cannot_be_traced() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 3)), Branching())
    (one,) = neuron(module, inputs=BATCH).collapses
    assert one.chain.places == ("0", "1.0")
    assert one.chain.stop == "Branching '2'"


def test_in_training_mode_no_plane_is_drawn() -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.Dropout(), nn.Linear(3, 1))
    found = neuron(module, inputs=[[0, 1], [1, 0]])
    assert found.plane is None
    assert "call eval() first" in found.section("plane").text[0]
    assert neuron(module.eval(), inputs=[[0, 1], [1, 0]]).plane is not None


def test_a_line_for_the_first_layer_of_two_inputs() -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1))
    found = neuron(module, inputs=[[0, 0], [0, 1], [1, 0], [1, 1]])
    assert found.plane is not None
    assert found.plane.level == pytest.approx(0.5, abs=1e-3)
    deeper = neuron(module, inputs=[[0, 0], [0, 1], [1, 0], [1, 1]], layer=2)
    assert deeper.plane is not None
    assert deeper.plane.line is None


REFUSED: list[tuple[Callable[[], Any], Any, dict[str, Any], str]] = [
    (lambda: nn.Sequential(nn.ReLU()), BATCH, {}, "module: has no torch.nn.Linear layer"),
    (lambda: nn.Conv1d(3, 2, 1), np.ones((2, 3, 4)), {}, "module: has no torch.nn.Linear layer"),
    (Branching, BATCH, {}, "module Branching: can't be traced by torch.fx ("),
    (sequential, None, {}, "inputs: a module needs a batch"),
    (sequential, [[1, 2, float("nan")]], {}, "inputs: holds nan at [0, 2]"),
    (sequential, torch.full((2, 3), float("inf")), {}, "inputs: holds inf at [0, 0]"),
    (sequential, [1.0, 2, 3], {}, "inputs: shape [3]; give at least one row"),
    (sequential, np.ones((0, 3)), {}, "inputs: shape [0, 3]"),
    (sequential, np.ones((2, 5)), {}, "inputs: module Sequential can't be run on shape [2, 5]"),
    (sequential, "words", {}, "inputs: is not an array of numbers"),
    (lambda: nn.Sequential(nn.LazyLinear(2)), BATCH, {}, "has a lazy layer without weights"),
    (lambda: nn.Bilinear(3, 3, 2), BATCH, {}, "its forward takes several inputs"),
    (
        sequential,
        BATCH,
        {"layer": 3},
        "layer = 3: the module has 2 linear layers; give a whole number from 1 to 2",
    ),
    (sequential, BATCH, {"unit": 9}, "unit = 9: '0' has 4 units"),
    (sequential, BATCH, {"point": 0}, "point = 0: inputs hold 6 examples"),
    (sequential, BATCH, {"cell": "a"}, "cell: isn't for a torch.nn.Module"),
    (sequential, BATCH, {"input": [1]}, "input: isn't for a torch.nn.Module"),
    (lambda: 7, BATCH, {}, "source: is a int; give an Experiment"),
]


@pytest.mark.parametrize(("make", "inputs", "options", "words"), REFUSED, ids=[each[-1] for each in REFUSED])
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_refused(make: Callable[[], Any], inputs: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ExplainError) as caught:
        neuron(make(), inputs=inputs, **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
