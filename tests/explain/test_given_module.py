"""What the questions have in common when a live torch module is handed over: two take it, three refuse."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from trainlab.errors import ExplainError
from trainlab.explain import chain_rule, init, learning_rate, loss, neuron
from trainlab.explain.module_copy import is_module, mode_of, mode_words, one_line

X = np.random.default_rng(0).normal(size=(8, 3))
Y = np.random.default_rng(1).normal(size=(8, 2))

Ask = Callable[..., Any]


def ask_init(module: Any, inputs: Any = X, targets: Any = Y, **options: Any) -> Any:
    return init(module, inputs=inputs, targets=targets, **options)


def ask_chain_rule(module: Any, inputs: Any = X, targets: Any = Y, **options: Any) -> Any:
    return chain_rule(module, inputs=inputs, targets=targets, **{"loss": "mse", **options})


ASKED: dict[str, Ask] = {"init": ask_init, "chain_rule": ask_chain_rule}


@pytest.mark.parametrize("ask", [neuron, loss, learning_rate])
def test_the_other_questions_say_which_ones_take_a_module(ask: Ask) -> None:
    words = (
        "source: is a Linear; explain.init and explain.chain_rule take a torch.nn.Module, this question "
        "doesn't: give an Experiment, a Study, the name of a file or of an example."
    )
    with pytest.raises(ExplainError) as caught:
        ask(nn.Linear(3, 2))
    assert str(caught.value) == words


class Sly(nn.Module):
    """Draws from every source of random numbers, keeps a buffer, works in place and counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.first, self.norm, self.act = nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True)
        self.drop, self.last, self.calls = nn.Dropout(0.5), nn.Linear(8, 2), 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        x = self.drop(self.act(self.norm(self.first(x)))) + 0.01 * torch.randn(8)
        return self.last(nn.functional.dropout(x, 0.1)) + random.random() + np.random.rand()


def states() -> tuple[Any, ...]:
    return torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index, union-attr]


def told(result: Any) -> str:
    return " ".join(words for part in result.sections for words in part.text)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", ASKED)
def test_nothing_is_touched(name: str, training: bool) -> None:
    module, fired = Sly().train(training), []
    module.norm.eval()
    module.last.weight.grad = grad = torch.full_like(module.last.weight, 7.0)
    handles = [
        module.first.register_forward_hook(lambda *_: fired.append("forward")),
        module.first.register_forward_pre_hook(lambda *_: fired.append("before")),
        module.register_full_backward_hook(lambda *_: fired.append("backward")),
        module.last.weight.register_hook(lambda _: fired.append("weight")),
    ]
    hooks = [(len(part._forward_hooks), len(part._backward_hooks)) for part in module.modules()]
    before, drawn, inputs = copy.deepcopy(module.state_dict()), states(), X.copy()
    result = ASKED[name](module, inputs)
    assert states() == drawn
    assert (fired, module.calls) == ([], 0)
    assert [(len(part._forward_hooks), len(part._backward_hooks)) for part in module.modules()] == hooks
    assert module.last.weight.grad is grad
    assert bool((grad == 7.0).all())
    assert module.first.weight.grad is None
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert [part.training for part in (module, module.drop, module.norm)] == [training, training, False]
    for key, value in module.state_dict().items():
        assert value.dtype == before[key].dtype
        assert torch.equal(value, before[key])
    assert (inputs == X).all()
    assert "Its hooks, on 'Sly' and 'first', did not run" in told(result)
    for handle in handles:
        handle.remove()


@pytest.mark.parametrize("name", ASKED)
def test_the_mode_is_the_modules_own_and_is_said(name: str) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.9), nn.Linear(8, 2))
    assert "in training mode, as it was given" in told(ASKED[name](module))
    assert "in evaluation mode, as it was given" in told(ASKED[name](module.eval()))
    module[1].train()
    assert "some of its parts in training mode" in told(ASKED[name](module))


def test_in_training_mode_dropout_is_at_work() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.9), nn.Linear(8, 2))
    for ask in (
        lambda: ask_init(module).module[-1].std,
        lambda: ask_chain_rule(module, weight="2.weight[0,0]").derivative,
    ):
        assert ask() == ask()
        training = ask()
        module.eval()
        assert ask() != training
        module.train()


class Mixed(nn.Module):
    """Makes float32 tensors of its own, and so can't be carried out in float64."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.last(self.first(x))
        return x + nn.functional.linear(x, torch.ones(2, 2))


@pytest.mark.parametrize("name", ASKED)
def test_float32_modules_and_such_as_need_it(name: str) -> None:
    torch.manual_seed(1)
    for module, precision in (
        (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), 64),
        (Mixed(), 32),
    ):
        for inputs in (X, torch.from_numpy(X), torch.from_numpy(X).float(), X.tolist()):
            result = ASKED[name](module, inputs)
        words = told(result) + " ".join(table.title for part in result.sections for table in part.tables)
        assert name == "init" or f"in float{precision}" in words
        assert result.numbers["module"] == type(module).__name__
        assert result.numbers["network"] is None


@pytest.mark.parametrize("name", ASKED)
def test_whole_numbers_as_inputs(name: str) -> None:
    torch.manual_seed(1)
    whole = [[0, 1, 2], [1, 0, 1]]
    dense, looked_up = (
        nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2)),
        nn.Sequential(nn.Embedding(3, 4), nn.Flatten(), nn.Linear(12, 2)),
    )
    for inputs in (whole, torch.tensor(whole)):
        for module in (dense, looked_up):
            ASKED[name](module, inputs, Y[:2])


class Returning(nn.Module):
    def __init__(self, function: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.linear, self.function = nn.Linear(3, 2), function

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self.linear(x))


class Remembers(nn.Module):
    """Holds a tensor that can't be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.kept = self.linear.weight * 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


REFUSED: list[tuple[Callable[[], Any], Any, str]] = [
    (lambda: Returning(lambda z: (z, z)), X, "module: its forward returns a tuple, not a tensor; wrap it in"),
    (lambda: Returning(lambda z: {"z": z}), X, "module: its forward returns a dict, not a tensor"),
    (
        lambda: nn.Sequential(nn.LazyLinear(2)),
        X,
        "module: '0.weight' is lazy and has no shape before",
    ),
    (Remembers, X, "module: can't be copied (Only Tensors created explicitly by the user"),
    (lambda: nn.Linear(5, 2), X, "module: its forward pass"),
    (lambda: nn.Linear(3, 2), None, "inputs = None: a torch module is asked with a batch"),
    (lambda: nn.Linear(3, 2), X * math.nan, "inputs[0, 0]: is nan, not a finite number; give finite ones."),
    (lambda: nn.Linear(3, 2), X[:0], "inputs: has the shape (0, 3); give a row for each example."),
    (lambda: nn.Linear(3, 2), X + 1j, "inputs: must be numbers in an array or a tensor"),
    (lambda: nn.Linear(3, 2), torch.from_numpy(X + 1j), "inputs: holds complex numbers"),
    (
        lambda: nn.Linear(3, 2),
        [[1], [2, 3]],
        "inputs: must be numbers in an array or a tensor, all rows",
    ),
]


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize(("make", "inputs", "words"), REFUSED, ids=[words for *_, words in REFUSED])
@pytest.mark.parametrize("name", ASKED)
def test_what_none_of_them_takes(name: str, make: Callable[[], Any], inputs: Any, words: str) -> None:
    with pytest.raises(ExplainError) as caught:
        ASKED[name](make(), inputs)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ASKED)
def test_options_of_experiments_are_refused(name: str) -> None:
    with pytest.raises(ExplainError, match=r"cell = 'a': is for an experiment; a torch module has"):
        ASKED[name](nn.Linear(3, 2), cell="a")
    with pytest.raises(ExplainError, match=r"seeds = 1\.5: must be a whole number from 1 to 1,000,000"):
        ASKED[name](nn.Linear(3, 2), seeds=1.5)


@pytest.mark.parametrize("given", ["mse", nn.MSELoss(), nn.MSELoss, nn.functional.mse_loss])
@pytest.mark.parametrize("name", ASKED)
def test_targets_that_would_be_broadcast_are_refused(name: str, given: Any) -> None:
    ask = ASKED[name]
    for targets in (Y[:, 0], Y[:, :1], Y[:1], Y[:, None]):
        with pytest.raises(ExplainError, match=r"targets: of shape \(.*\), but the module's outputs"):
            ask(nn.Linear(3, 2), X, targets, loss=given)
    ask(nn.Linear(3, 2), X, Y, loss=given)
    with pytest.raises(ExplainError, match=r"targets\[1, 0\]: is inf, not a finite number"):
        ask(nn.Linear(3, 2), X, [[0.0, 1.0], [math.inf, 0.0]], loss=given)


@pytest.mark.parametrize("given", ["cross_entropy", "nll", nn.CrossEntropyLoss(), nn.functional.nll_loss])
@pytest.mark.parametrize("name", ASKED)
def test_numbers_of_classes(name: str, given: Any) -> None:
    ask, classes = ASKED[name], np.array([0, 1, 1, 0, 0, 1, 0, 1])
    module = Returning(lambda z: torch.log_softmax(z, dim=1))
    for targets in (classes, classes.astype(np.int32), classes.tolist()):
        ask(module, X, targets, loss=given)
    for targets in (classes[:, None], classes[:3], classes.astype(float)):
        with pytest.raises(ExplainError, match=r"give targets of that shape, or whole numbers of classes"):
            ask(module, X, targets, loss=given)


@pytest.mark.parametrize("name", ASKED)
def test_a_loss_that_is_none(name: str) -> None:
    with pytest.raises(ExplainError, match=r"loss = 'msee': must be .*, or a function\. Did you mean 'mse'"):
        ASKED[name](nn.Linear(3, 2), loss="msee")
    with pytest.raises(ExplainError, match=r"loss = (3|'3'): must be the name of a loss"):
        ASKED[name](nn.Linear(3, 2), loss=3)
    if name != "init":
        with pytest.raises(ExplainError, match=r"loss = None: a torch module is asked with its loss"):
            ASKED[name](nn.Linear(3, 2), loss=None)


def test_the_loss_is_torchs_own() -> None:
    torch.manual_seed(3)
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    loss_value = float(nn.HuberLoss(delta=0.5)(module(torch.from_numpy(X)), torch.from_numpy(Y)).detach())
    chained = ask_chain_rule(module, loss=nn.HuberLoss(delta=0.5))
    assert chained.numbers["loss_value"] == pytest.approx(loss_value, rel=1e-12)


def test_small_words() -> None:
    assert is_module(nn.Linear(1, 1))
    assert not is_module("xor44")
    assert not is_module(nn.Linear)
    assert mode_of(nn.Sequential(nn.Linear(1, 1)).eval()) == "evaluation"
    assert "call eval() first" in mode_words("training")
    assert one_line(ValueError("a\n  b.\n")) == "a b"
    assert one_line(ValueError()) == "ValueError"
    assert len(one_line(ValueError("x" * 500))) == 160
