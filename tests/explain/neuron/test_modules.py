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
    "hooks": (hooked, "0 (has hooks)"),
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
    assert "one fully connected layer," in found.verdict or "linear layers collapse" in found.verdict


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


@pytest.mark.parametrize(
    ("between", "words"),
    [
        (lambda: normed(), "What follows is BatchNorm1d '1' in training; that isn't traced further"),
        (lambda: normed().eval(), "What follows is BatchNorm1d '1'; that isn't traced further"),
        (lambda: nn.Dropout(0.5), "What follows is Dropout '1' in training; that isn't traced further"),
        (lambda: nn.LayerNorm(4), "What follows is LayerNorm '1'; that isn't traced further"),
        (lambda: nn.Softmax(dim=0), "What follows is Softmax '1', which mixes examples or draws at random"),
        (lambda: nn.RReLU(), "What follows is RReLU '1', which mixes examples or draws at random"),
        (lambda: nn.GLU(), "What follows is GLU '1', which changes the shape"),
    ],
)
def test_what_is_not_looked_through_is_said(between: Callable[[], nn.Module], words: str) -> None:
    torch.manual_seed(0)
    width = 2 if "GLU" in words else 4
    found = neuron(nn.Sequential(nn.Linear(3, 4), between(), nn.ReLU(), nn.Linear(width, 2)), inputs=BATCH)
    text = " ".join(found.section("apart").text)
    assert words in text
    assert "no activation" not in text
    assert "slope" not in text
    assert (found.neuron.output, found.neuron.slope) == (found.neuron.sum, 1.0)
    assert found.numbers["neuron"]["follows"] == found.neuron.follows
    assert "isn't traced further" in found.verdict
    assert "its activation makes" not in found.verdict


def test_sums_that_go_to_several_places_are_not_looked_through() -> None:
    found = neuron(Residual(), inputs=BATCH)
    assert "Its sums are used 2 times (b, add); that isn't traced further" in found.section("apart").text[0]
    assert neuron(Residual(), inputs=BATCH, layer=2).neuron.follows == "add, which takes other values, too"
    assert neuron(Twice(), inputs=BATCH).neuron.activation == "linear"
    assert neuron(hooked(), inputs=BATCH).neuron.place == "layer '0'"
    linear = neuron(sequential(), inputs=BATCH)
    assert ", and is passed on unchanged. " in linear.verdict
    assert "There is no activation" in linear.section("apart").text[1]
    assert linear.neuron.follows == ""


def test_dropout_in_evaluation_is_looked_through() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Identity(), nn.Sigmoid(), nn.Linear(4, 2)).eval()
    one = neuron(module, inputs=BATCH, unit=3, point=4).neuron
    assert one.activation == "Sigmoid"
    assert one.output == pytest.approx(1 / (1 + np.exp(-one.sum)), rel=1e-12)
    assert one.slope == pytest.approx(one.output * (1 - one.output), rel=1e-12)
    named = nn.Sequential()
    named.add_module("dropout", nn.Linear(3, 2))
    named.add_module("normal", nn.ReLU())
    assert neuron(named, inputs=BATCH).neuron.activation == "ReLU"


@pytest.mark.parametrize("dim", [1, 2, -1])
def test_of_sequences_the_activation_sees_all_that_it_saw(dim: int) -> None:
    torch.manual_seed(2)
    linear, activation = nn.Linear(3, 4).double(), nn.Softmax(dim=dim)
    batch = np.random.default_rng(1).normal(size=(5, 7, 3))
    one = neuron(nn.Sequential(linear, activation), inputs=batch, unit=3, point=4).neuron
    sums = linear(torch.from_numpy(batch)).detach().requires_grad_()
    output = activation(sums)[3, 0, 2]
    (slope,) = torch.autograd.grad(output, sums)
    assert one.sum == pytest.approx(sums[3, 0, 2].item(), rel=1e-12)
    assert one.output == pytest.approx(output.item(), rel=1e-12)
    assert one.slope == pytest.approx(slope[3, 0, 2].item(), rel=1e-12)


def test_examples_that_are_not_on_the_first_axis_are_refused() -> None:
    class Turned(nn.Module):
        def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
            super().__init__()
            self.a, self.function = nn.Linear(3, 4), function

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.tanh(self.a(self.function(x)))

    with pytest.raises(ExplainError, match=r"at 'a' values have the shape \(7, 5, 4\), whose"):
        neuron(Turned(lambda x: x.transpose(0, 1)), inputs=np.ones((5, 7, 3)))
    torch.manual_seed(0)
    rows, batch = Turned(lambda x: x.reshape(-1, 3)).double(), np.random.default_rng(3).normal(size=(5, 7, 3))
    one = neuron(rows, inputs=batch, point=2, unit=4).neuron
    assert one.output == pytest.approx(rows(torch.from_numpy(batch))[7, 3].item(), rel=1e-12)
    assert one.output == pytest.approx(np.tanh(one.sum), rel=1e-12)


REFUSED: list[tuple[Callable[[], Any], Any, dict[str, Any], str]] = [
    (lambda: nn.Sequential(nn.ReLU()), BATCH, {}, "module: has no torch.nn.Linear layer"),
    (lambda: nn.Conv1d(3, 2, 1), np.ones((2, 3, 4)), {}, "module: has no torch.nn.Linear layer"),
    (Branching, BATCH, {}, "module Branching: can't be traced by torch.fx ("),
    (sequential, None, {}, "inputs = None: a torch module is asked with a batch; give inputs=."),
    (sequential, [[1, 2, float("nan")]], {}, "inputs[0, 2]: is nan, not a finite number"),
    (sequential, torch.full((2, 3), float("inf")), {}, "inputs[0, 0]: is inf, not a finite number"),
    (sequential, [1.0, 2, 3], {}, "inputs: of shape (3,); give at least one row"),
    (sequential, np.ones((0, 3)), {}, "inputs: has the shape (0, 3); give a row for each example."),
    (
        sequential,
        np.ones((2, 5)),
        {},
        "module: its forward pass fails on inputs of shape (2, 5) (",
    ),
    (sequential, "words", {}, "inputs: must be numbers in an array or a tensor"),
    (
        lambda: nn.Sequential(nn.LazyLinear(2)),
        BATCH,
        {},
        "module: '0.weight' is lazy and has no shape",
    ),
    (lambda: nn.Bilinear(3, 3, 2), BATCH, {}, "its forward takes several inputs"),
    (
        sequential,
        BATCH,
        {"layer": 3},
        "layer = 3: the module has 2 linear layers; give a whole number from 1 to 2",
    ),
    (sequential, BATCH, {"unit": 9}, "unit = 9: '0' has 4 units"),
    (sequential, BATCH, {"point": 0}, "point = 0: inputs hold 6 examples"),
    (
        sequential,
        BATCH,
        {"cell": "a"},
        "cell = 'a': is for an experiment; a torch module has",
    ),
    (sequential, BATCH, {"input": [1]}, "input = [1]: is for an experiment"),
    (lambda: 7, BATCH, {}, "source: is a int; give an Experiment, a Study, the name of a file"),
]


@pytest.mark.parametrize(("make", "inputs", "options", "words"), REFUSED, ids=[each[-1] for each in REFUSED])
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_refused(make: Callable[[], Any], inputs: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ExplainError) as caught:
        neuron(make(), inputs=inputs, **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
