from __future__ import annotations

import itertools

import numpy as np
import pytest

from trainlab.engine.network_pass import Layer
from trainlab.explain.questions.chain_rule.central_difference import central_difference
from trainlab.explain.questions.chain_rule.flow import largest_slope
from trainlab.explain.questions.chain_rule.notation import Entry
from trainlab.explain.subject.loss import Objective
from trainlab.maths import ACTIVATIONS
from trainlab.spec import L1, MSE, Hinge, Huber, SmoothL1

ELEMENTWISE = [name for name, kind in ACTIVATIONS.items() if kind.elementwise]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_no_slope_is_larger_and_one_comes_near(name: str) -> None:
    derivative = ACTIVATIONS[name].derivative
    assert derivative is not None
    x = np.concatenate([np.linspace(-30, 30, 600_001), [-1e-12, 1e-12]])
    slopes = np.abs(derivative(x))
    bound = largest_slope(name, 3)
    assert slopes.max() <= bound * (1 + 1e-12)
    assert slopes.max() >= bound * (1 - 1e-8)


@pytest.mark.parametrize(("name", "size"), list(itertools.product(["softmax", "log_softmax"], [2, 3, 10])))
def test_no_jacobian_of_all_outputs_is_larger(name: str, size: int) -> None:
    rng, norms = np.random.default_rng(0), [0.0]
    for scale in (0.1, 1, 10):
        for _ in range(50):
            z = rng.normal(size=size) * scale
            rows = ACTIVATIONS[name].backward(np.repeat(z[None], size, axis=0), np.eye(size))
            norms.append(float(np.linalg.norm(rows, 2)))
    far = np.where(np.arange(size) < (2 if name == "softmax" else 1), 0.0, -700.0)
    rows = ACTIVATIONS[name].backward(np.repeat(far[None], size, axis=0), np.eye(size))
    bound = largest_slope(name, size)
    assert max(norms) <= bound * (1 + 1e-12)
    assert float(np.linalg.norm(rows, 2)) == pytest.approx(bound, rel=1e-9)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_kinks_are_all_known(name: str) -> None:
    """Away from the kinks listed, the derivative has no jump, nor its own derivative."""
    derivative = ACTIVATIONS[name].derivative
    assert derivative is not None
    for place in np.arange(-25, 26, 1.0):
        h = 1e-4
        left, at, right = derivative(np.array([place - h, place + 1e-9, place + h]))
        bend = abs((right - at) - (at - left)) / h
        assert (bend > 1e-2) <= (place in ACTIVATIONS[name].kinks)


def one_unit(activation: str, weight: float, loss: object, target: float) -> float | None:
    layer = Layer(weight=np.array([[weight]]), bias=None, activation=activation)
    return central_difference(
        [layer],
        Objective.of(loss),  # type: ignore[arg-type]
        np.array([[1.0]]),
        np.array([[target]]),
        Entry(layer=1, unit=1, source=1),
    ).value


@pytest.mark.parametrize(
    ("activation", "weight", "loss", "target"),
    [
        ("relu", 1e-4, MSE(), 1.0),
        ("hardtanh", 1.0, MSE(), 0.0),
        ("hardtanh", -1.0001, MSE(), 0.0),
        ("linear", 0.5, L1(), 0.5),
        ("linear", 0.5, Huber(delta=0.25), 0.2501),
        ("linear", 0.5, SmoothL1(beta=0.0), 0.5001),
        ("linear", 0.5, SmoothL1(beta=0.5), 0.0),
        ("linear", 0.9999, Hinge(), 1.0),
    ],
)
def test_there_is_no_difference_across_a_kink(
    activation: str, weight: float, loss: object, target: float
) -> None:
    assert one_unit(activation, weight, loss, target) is None


def test_beside_a_kink_there_is() -> None:
    assert one_unit("relu", 0.01, MSE(), 1.0) == pytest.approx(2 * (0.01 - 1.0), rel=1e-10)
    assert one_unit("linear", 0.5, L1(), 0.4) == pytest.approx(1.0, rel=1e-10)
