"""A backward of one's own is compared with finite differences of its forward; surrogates are left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from trainlab.diagnosis.faults.own_gradients import is_wrong
from trainlab.diagnosis.probe.custom_gradients import own_gradients
from trainlab.diagnosis.remedies.changes.graph import own_backward
from trainlab.diagnosis.remedies.patching import Patching

Backward = Callable[..., Any]


def function(forward: Any, backward: Backward, *, apart: bool = False) -> Any:
    """Return a Function of one input and perhaps a factor, saved for backward; `apart` by setup_context."""

    class Own(torch.autograd.Function):
        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            found = backward(grad, *ctx.saved_tensors)
            return found if isinstance(found, tuple) else (found, None)[: ctx.count]

    def with_context(ctx: Any, *args: Any) -> Any:
        keep(ctx, args, None)
        return forward(*args)

    def keep(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.count = len(inputs)
        ctx.save_for_backward(*(one for one in inputs if isinstance(one, torch.Tensor)))

    kind: Any = Own
    kind.forward = staticmethod(forward if apart else with_context)
    if apart:
        kind.setup_context = staticmethod(keep)
    return kind


def cube(x: torch.Tensor) -> torch.Tensor:
    return x**3


def times(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return x @ weight


def leaky(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x > 0, x, 0.1 * x)


MANY = torch.randn(256, 400, generator=torch.Generator().manual_seed(1))
X, WEIGHT = torch.linspace(-2, 2, 24).reshape(6, 4), torch.linspace(-1, 1, 12).reshape(4, 3)
CASES: dict[str, tuple[Any, Backward, tuple[torch.Tensor, ...], bool]] = {
    "right": (cube, lambda grad, x: 3 * grad * x**2, (X,), False),
    "a factor is missing": (cube, lambda grad, x: grad * x**2, (X,), True),
    "the sign": (cube, lambda grad, x: -3 * grad * x**2, (X,), True),
    "of the output": (lambda x: torch.sigmoid(x), lambda grad, x: grad * x * (1 - x), (X,), True),
    "NaN": (cube, lambda grad, x: grad * torch.nan, (X,), True),
    "two inputs": (times, lambda grad, x, w: (grad @ w.T, x.T @ grad), (X, WEIGHT), False),
    "the second is wrong": (times, lambda grad, x, w: (grad @ w.T, 2 * x.T @ grad), (X, WEIGHT), True),
    "one without": (times, lambda grad, x, w: (grad @ w.T, None), (X, WEIGHT), False),
    "straight through": (torch.round, lambda grad, x: grad, (X,), False),
    "a spike": (lambda x: (x > 0).to(x.dtype), lambda grad, x: grad / (1 + x.abs()) ** 2, (X,), False),
    "clamped, straight through": (lambda x: x.clamp(-1, 1), lambda grad, x: grad, (X,), False),
    "fine steps": (lambda x: (x / 0.004).round() * 0.004, lambda grad, x: 1.1 * grad, (MANY,), False),
    "spikes of zeros": (
        lambda x: (x > 0).to(x.dtype),
        lambda grad, x: grad * torch.exp(-x),
        (MANY.relu(),),
        False,
    ),
    "zeros at a kink": (
        leaky,
        lambda grad, x: grad * torch.where(x > 0, 1.0, 0.1),
        (MANY.relu() - MANY.relu() % 0.5,),
        False,
    ),
    "wrong at a kink": (leaky, lambda grad, x: grad * torch.where(x > 0, 1.0, 0.4), (MANY,), True),
    # Its own output saved: never within -1 and 1.
    "zeros for a sign": (
        lambda x: torch.where(x > 0, 1.0, -1.0).to(x.dtype),
        lambda grad, x: grad * (torch.sign(x).abs() < 1),
        (X,),
        True,
    ),
    "zeros for what never changes": (torch.ones_like, lambda grad, x: 0 * grad, (X,), False),
    "turned round": (lambda x: x.clone(), lambda grad, x: -0.5 * grad, (X,), False),
    "drawn": (lambda x: x * torch.rand_like(x), lambda grad, x: grad, (X,), False),
    "in float32 alone": (lambda x: x.float() @ WEIGHT, lambda grad, x: grad @ WEIGHT.T, (X,), False),
}


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_a_gradient_is_wrong_where_finite_differences_say_so(case: str, apart: bool):
    forward, backward, inputs, wrong = CASES[case]
    own = function(forward, backward, apart=apart)
    was = vars(own)["forward"]
    found = own_gradients(lambda: own.apply(*inputs))
    assert any(map(is_wrong, found)) == wrong
    assert vars(own)["forward"] is was
    assert {one.function for one in found} <= {"Own"}
    assert all(one.site is not None and one.site.text.startswith("def backward(") for one in found)


@pytest.mark.parametrize("apart", [False, True])
def test_autograd_takes_the_place_of_a_backward(apart: bool):
    own = function(times, lambda grad, x, w: (grad @ w.T, 2 * x.T @ grad), apart=apart)
    inputs = [one.clone().requires_grad_() for one in (X, WEIGHT)]
    on = Patching()
    own_backward(on, function="Own")
    own.apply(*inputs).square().sum().backward()
    right = torch.autograd.grad(times(*inputs).square().sum(), inputs)
    assert all(torch.allclose(one.grad, wanted) for one, wanted in zip(inputs, right, strict=True))
    assert on.acted == 1
    on.undo()
    (wrong,) = torch.autograd.grad(own.apply(*inputs).square().sum(), inputs[1:])
    assert torch.allclose(wrong, 2 * right[1])


def test_a_network_without_such_functions_is_not_called():
    assert own_gradients(lambda: torch.ones(2).tanh()) == []
