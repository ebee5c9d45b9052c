"""A user's module: paths against products of widths, sums against autograd, nothing touched."""

from __future__ import annotations

import copy
import math
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from trainlab.errors import ExplainError
from trainlab.explain import ChainRuleExplanation, chain_rule
from trainlab.explain.questions.chain_rule.module_graph import read_graph

X, Y = [[0.5, 1.0], [1.0, -1.0]], [[1.0], [0.0]]


def stack(*widths: int, activation: Callable[[], nn.Module] = nn.Tanh) -> nn.Sequential:
    torch.manual_seed(0)
    parts: list[nn.Module] = []
    for into, out in pairwise(widths):
        parts += [nn.Linear(into, out), activation()]
    return nn.Sequential(*parts)


def explained(module: nn.Module, **options: Any) -> ChainRuleExplanation:
    return chain_rule(module, **{"inputs": X, "targets": Y, "loss": "mse", **options})


def test_paths_of_a_stack_are_the_product_of_its_widths_times_the_examples() -> None:
    result = explained(stack(2, 3, 4, 1), weight="0.weight[2,1]")
    assert result.path_count == 4 * 1 * 2 == len(result.paths)
    assert sum(path.product for path in result.paths) == pytest.approx(result.derivative, rel=1e-12)
    for path in result.paths:
        assert path.product == pytest.approx(math.prod(factor.value for factor in path.factors), rel=1e-12)
        assert (path.through[0], path.through[-1]) == ("0.weight[2,1]", "L")
    assert len({path.through for path in result.paths}) == 8
    checks = result.numbers["checks"]
    assert checks["central_difference"] == pytest.approx(result.derivative, rel=1e-9)
    assert "8 paths" in result.verdict


def test_the_derivative_is_that_of_the_module_in_float64() -> None:
    module = stack(2, 3, 1)
    result = explained(module, weight="2.bias[0]")
    double = copy.deepcopy(module).double()
    loss = nn.functional.mse_loss(double(torch.tensor(X).double()), torch.tensor(Y).double())
    (expected,) = torch.autograd.grad(loss, [double[2].bias])
    assert result.derivative == pytest.approx(float(expected), rel=1e-12)
    assert result.numbers["precision"] == "float64"


@pytest.mark.parametrize("weight", ["0.bias[2]", "2.bias[3]", "4.bias[0]", "2.weight[1,2]"])
def test_a_bias_has_a_path_for_each_example(weight: str) -> None:
    """x + b passes on the gradient of b with a row for each example, which autograd sums only afterwards."""
    result = explained(stack(2, 3, 4, 1), weight=weight)
    assert result.numbers["paths"]["sum"] == pytest.approx(result.derivative, rel=1e-10)
    assert sum(path.product for path in result.paths) == pytest.approx(result.derivative, rel=1e-10)
    assert result.path_count == 2 * {"0": 4, "2": 1, "4": 1}[weight[0]]


@pytest.mark.computes
def test_local_derivatives_are_not_all_held_at_once() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 1500))
    tracemalloc.start()
    try:
        result = explained(module, weight="0.bias[3]", inputs=torch.ones(1, 20), targets=torch.zeros(1, 1500))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result.path_count == 1500
    assert result.numbers["paths"]["sum"] == pytest.approx(result.derivative, rel=1e-9)
    # Each of 1,500 outputs has a derivative by each of 20 × 1,500 weights: 360 MB if they were kept.
    assert most < 60e6


def test_where_too_many_derivatives_would_be_kept_nodes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    module, weight = stack(2, 8, 8, 1), "0.weight[0,0]"
    assert explained(module, weight=weight).numbers["paths"]["between"] == "numbers"
    monkeypatch.setattr("trainlab.explain.questions.chain_rule.module_graph.MOST_WAYS", 100)
    assert explained(module, weight=weight).numbers["paths"]["between"] == "nodes"


def test_work_counts_what_nodes_pass_on_elsewhere_too(monkeypatch: pytest.MonkeyPatch) -> None:
    module = stack(2, 8, 8, 1)
    monkeypatch.setattr("trainlab.explain.questions.chain_rule.module_graph.MOST_NUMBERS", 1_500)
    # The way to 0.bias meets 8 × 8 weights at each of 16 numbers, which lead elsewhere.
    assert explained(module, weight="0.bias[0]").numbers["paths"]["between"] == "nodes"
    assert explained(module, weight="4.bias[0]").numbers["paths"]["between"] == "numbers"


@pytest.mark.computes
def test_more_than_a_thousand_million_paths_are_counted_exactly() -> None:
    result = explained(stack(2, 64, 64, 64, 64, 64, 64, 1), weight="0.weight[0,0]")
    assert result.path_count == 2 * 64**5
    assert result.paths == ()
    assert f"{2 * 64**5:,} paths" in result.verdict
    total = result.numbers["paths"]["sum"]
    assert total == pytest.approx(result.derivative, rel=1e-9)
    with pytest.raises(ExplainError, match=r"paths = 'all': 0\.weight\[0,0\] has 2,147,483,648 paths"):
        explained(stack(2, 64, 64, 64, 64, 64, 64, 1), weight="0.weight[0,0]", paths="all")


@pytest.mark.trains
def test_paths_over_nodes_where_numbers_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.explain.questions.chain_rule.module_graph.MOST_CALLS", 1000)

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(2, 8)
            self.inner = nn.ModuleList([nn.Linear(8, 8) for _ in range(40)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.first(x)
            for layer in self.inner:
                x = x + torch.tanh(layer(x))
            return x.mean(dim=1, keepdim=True)

    torch.manual_seed(0)
    result = explained(Residual(), inputs=torch.ones(20, 2), targets=torch.zeros(20, 1))
    assert result.path_count == 2**40
    assert result.numbers["paths"]["between"] == "nodes"
    assert "1,099,511,627,776 paths over the graph's nodes" in result.verdict


def test_counting_over_nodes_takes_every_edge() -> None:
    w = torch.ones(1, requires_grad=True)
    value = w
    for _ in range(100):
        value = value * value
    module = nn.Module()
    module.register_parameter("w", nn.Parameter(torch.ones(1)))
    graph = read_graph(value.sum(), module)
    leaf = graph.parameters["leaf (1,)"]
    assert graph.count_paths(leaf) == 2**100


class Shared(nn.Module):
    """One layer used twice, one never, in place of the assignment's notebook that forgets one."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.again, self.forgotten = nn.Linear(2, 3), nn.Linear(3, 3), nn.Linear(3, 3)
        self.last = nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.first(x))
        return self.last(torch.tanh(self.again(torch.tanh(self.again(x)))))


def test_a_shared_weight_has_paths_through_both_uses() -> None:
    result = explained(Shared(), weight="again.weight")
    assert result.numbers["graph"]["node_paths"] == 2
    assert sum(path.product for path in result.paths) == pytest.approx(result.derivative, rel=1e-10)


def test_a_layer_that_is_never_used_has_no_path() -> None:
    result = explained(Shared(), weight="forgotten.weight[0,0]")
    assert (result.path_count, result.derivative, result.paths) == (0, 0.0, ())
    assert result.verdict.startswith("No path leads from forgotten.weight[0,0] to the loss")


class Sly(nn.Module):
    """Draws random numbers, keeps a buffer and counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.body = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Dropout(0.5))
        self.last = nn.Linear(8, 1)
        self.calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.last(self.body(x))


@pytest.mark.parametrize("mode", [True, False])
def test_the_module_stays_as_it_is(mode: bool) -> None:
    module = Sly().train(mode)
    module.last.weight.grad = torch.full_like(module.last.weight, 7.0)
    before, grad = copy.deepcopy(module.state_dict()), module.last.weight.grad
    drawn = torch.get_rng_state()
    hooks = [len(part._forward_hooks) for part in module.modules()]
    result = explained(
        module, inputs=torch.randn(6, 2, generator=torch.Generator().manual_seed(0)), targets=torch.ones(6, 1)
    )
    assert torch.equal(torch.get_rng_state(), drawn)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
        assert value.dtype == before[name].dtype
    assert module.last.weight.grad is grad
    assert bool((grad == 7.0).all())
    assert module.body[0].weight.grad is None
    assert all(part.training is mode for part in module.modules())
    assert module.calls == 0
    assert [len(part._forward_hooks) for part in module.modules()] == hooks
    checks = result.numbers["checks"]
    assert checks["paths"] == pytest.approx(checks["autograd"], rel=1e-9, abs=1e-12)
    assert checks["central_difference"] == pytest.approx(checks["autograd"], rel=1e-6, abs=1e-9)


def test_images_classes_and_a_loss_of_your_own() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2 * 4, 3))
    images, classes = torch.randn(2, 1, 6, 6), torch.tensor([2, 0])
    named = explained(module, inputs=images, targets=classes, loss="cross_entropy")
    own = explained(module, inputs=images, targets=classes, loss=nn.CrossEntropyLoss())
    assert named.derivative == own.derivative
    assert named.numbers["paths"]["sum"] == pytest.approx(named.derivative, rel=1e-10)
    weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))
    assert explained(module, inputs=images, targets=classes, loss=weighted).derivative != own.derivative
    assert weighted.weight is not None
    assert weighted.weight.dtype == torch.float32


def test_a_module_that_needs_its_own_precision() -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(2, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(x) + nn.functional.linear(x, torch.ones(1, 2))

    result = explained(Mixed())
    assert result.numbers["precision"] == "float32"
    assert result.numbers["checks"]["central_difference"] is None
    assert result.numbers["paths"]["sum"] == pytest.approx(result.derivative, rel=1e-5)


def test_a_function_that_can_not_be_asked_falls_back_to_nodes() -> None:
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return 2 * x

        @staticmethod
        def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
            raise_if_unit = int((grad != 0).sum()) == 1 and grad.numel() > 1
            if raise_if_unit:
                raise RuntimeError("no unit vectors, please")
            return 2 * grad

    class Custom(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(2, 3), nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(Double.apply(self.first(x)))

    torch.manual_seed(0)
    result = explained(Custom(), weight="first.weight[0,0]")
    assert result.numbers["paths"]["between"] == "nodes"
    assert result.path_count == 1


class Rounds(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.last(x) > 0).float()


def frozen() -> nn.Module:
    return stack(2, 1).requires_grad_(False)


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        (Rounds(), {}, r"module: its output has no grad_fn, so no derivative leads back"),
        (frozen(), {}, r"module: its output has no grad_fn"),
        (stack(2, 1), {"inputs": [[0.5, math.nan]]}, r"inputs\[0, 1\]: is nan, not a finite number"),
        (stack(2, 1), {"targets": [[1.0], [math.inf]]}, r"targets\[1, 0\]: is inf, not a finite number"),
        (stack(2, 1), {"inputs": None}, r"inputs = None: a torch module is asked with a batch"),
        (
            stack(2, 1),
            {"loss": None},
            r"loss = None: a torch module is asked with its loss; give loss=",
        ),
        (
            stack(2, 1),
            {"loss": "msee"},
            r"loss = 'msee': must be .*, or a function\. Did you mean 'mse'\?",
        ),
        (stack(2, 1), {"loss": 3}, r"loss = 3: must be the name of a loss"),
        (
            stack(2, 1),
            {"targets": [1.0, 0.0]},
            r"targets: of shape \(2,\), but the module's outputs are of shape",
        ),
        (stack(2, 1), {"inputs": [["a", "b"]]}, r"inputs: must be numbers in an array or a tensor"),
        (stack(2, 1), {"inputs": [[1.0], [1.0, 2.0]]}, r"inputs: must be numbers in an array or a tensor"),
        (
            stack(3, 1),
            {},
            r"module: its forward pass, or the loss, fails on inputs of shape \(2, 2\) \((addmm: )?mat1",
        ),
        (
            stack(2, 1),
            {"loss": lambda p, y: p - y},
            r"loss: must return one number, a tensor of one element, not",
        ),
        (stack(2, 1), {"loss": lambda p, y: p.detach().sum()}, r"loss: has no grad_fn"),
        (stack(2, 1), {"loss": lambda p, y: (p - p).log().sum()}, r"loss: is (-inf|nan) on this batch"),
        (
            stack(2, 1),
            {"loss": lambda p, y: (p - p).abs().sqrt().sum()},
            r"module: the gradient of 0.weight is not finite on this batch",
        ),
        (
            stack(2, 1),
            {"weight": "9.weight[0,0]"},
            r"weight = '9.weight\[0,0\]': names no parameter .* 0\.weight\[0,0\]",
        ),
        (
            stack(2, 1),
            {"weight": "0.weight[0]"},
            r"0\.weight has shape \(1, 2\); its indices are 0 to 0, 0 to 1",
        ),
        (stack(2, 1), {"weight": "0.weight[0,2]"}, r"its indices are 0 to 0, 0 to 1"),
        (stack(2, 1), {"network": "2-3-1"}, r"network = '2-3-1': is for an experiment"),
        (stack(2, 1), {"point": 1}, r"point = 1: is for an experiment"),
    ],
)
def test_wrong_use(module: nn.Module, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ExplainError, match=message) as error:
        explained(module, **options)
    assert "\n" not in str(error.value)


def test_a_frozen_parameter_has_no_derivative_to_ask_for() -> None:
    module = stack(2, 3, 1)
    module[0].requires_grad_(False)
    with pytest.raises(ExplainError, match=r"weight = '0.weight\[0,0\]': is frozen"):
        explained(module, weight="0.weight[0,0]")
    assert explained(module).weight.startswith("2.weight")
