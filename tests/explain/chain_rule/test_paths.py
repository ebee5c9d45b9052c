"""Paths against brute force and autograd, and the derivative by changing a weight."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import replace

import numpy as np
import pytest
from explain.chain_rule.agreement import by_autograd
from explain.chain_rule.entries import all_entries

from trainlab.engine.network_pass import Layer
from trainlab.explain.network import Objective
from trainlab.explain.questions.chain_rule.evidence import paths_sentence, short_answer
from trainlab.explain.questions.chain_rule.example_pass import (
    Entry,
    ExamplePass,
    apart,
    pass_example,
)
from trainlab.explain.questions.chain_rule.flow import largest_slope
from trainlab.explain.questions.chain_rule.paths import (
    Autograd,
    central_difference,
    count_paths,
    find_paths,
    path_products,
)
from trainlab.maths import ACTIVATIONS
from trainlab.page.section import Table
from trainlab.spec import L1, MSE, NLL, CrossEntropy, Hinge, Huber, SmoothL1

# Counts against a walk over all units, products against a product of the factors, sums against autograd.


def traced(widths: list[int], last: str = "tanh", loss: object = None) -> ExamplePass:
    rng = np.random.default_rng(0)
    layers = [
        Layer(weight=rng.normal(size=(out, into)), bias=rng.normal(size=out), activation="tanh")
        for into, out in itertools.pairwise(widths)
    ]
    layers[-1] = Layer(weight=layers[-1].weight, bias=layers[-1].bias, activation=last)
    target = np.eye(widths[-1])[:1]
    return pass_example(layers, Objective.of(loss or MSE()), rng.normal(size=(1, widths[0])), target)  # type: ignore[arg-type]


@pytest.mark.parametrize("last", ["tanh", "softmax", "log_softmax"])
def test_every_path_is_found_with_its_factors(last: str) -> None:
    made = traced([2, 3, 4, 2], last)
    for entry in all_entries(made.layers):
        found = find_paths(made, entry, listed=1000)
        later = [range(1, width + 1) for width in made.widths[entry.layer + 1 :]]
        ends = [range(1, 3)] if last != "tanh" else []
        ways = list(itertools.product([entry.unit], *later, *ends))
        assert found.count == count_paths(made, entry) == len(found.listed) == len(ways)
        assert len({path.through for path in found.listed}) == len(ways)
        for path in found.listed:
            assert path.product == pytest.approx(math.prod(f.value for f in path.factors), rel=1e-14)
        sizes = [abs(path.product) for path in found.listed]
        assert sizes == sorted(sizes, reverse=True)
        assert found.total == pytest.approx(math.fsum(path.product for path in found.listed), rel=1e-14)


@pytest.mark.parametrize(
    ("last", "loss"),
    [("softmax", MSE()), ("log_softmax", NLL()), ("linear", CrossEntropy(label_smoothing=0.1))],
)
def test_sums_where_outputs_depend_on_each_other(last: str, loss: object) -> None:
    made = traced([2, 3, 3], last, loss)
    sums = [path_products(made, entry).sum() for entry in all_entries(made.layers)]
    np.testing.assert_allclose(sums, by_autograd(made, loss), rtol=1e-12, atol=1e-15)  # type: ignore[arg-type]


def test_what_stands_on_a_path() -> None:
    made = traced([2, 3, 2, 1])
    path = find_paths(made, Entry(layer=2, unit=1, source=3), listed=5).listed[0]
    assert path.through == ("w2[1,3]", "z2[1]", "a2[1]", "z3[1]", "a3[1]", "L")
    assert [(f.derivative, f.formula) for f in path.factors] == [
        ("∂z2[1]/∂w2[1,3]", "a1[3]"),
        ("∂a2[1]/∂z2[1]", "tanh′(z2[1])"),
        ("∂z3[1]/∂a2[1]", "w3[1,1]"),
        ("∂a3[1]/∂z3[1]", "tanh′(z3[1])"),
        ("∂L/∂a3[1]", "mse′"),
    ]
    assert path.factors[0].value == made.passes[0].outputs[0, 2]
    assert path.factors[1].value == pytest.approx(1 - made.passes[1].outputs[0, 0] ** 2)
    assert path.factors[2].value == made.layers[2].weight[0, 0]


def test_only_the_largest_are_listed_but_all_are_summed() -> None:
    made = traced([2, 8, 8, 8, 1])
    entry = Entry(layer=1, unit=1, source=1)
    few, every = find_paths(made, entry, listed=5), find_paths(made, entry, listed=10_000)
    assert few.count == 64
    assert few.listed == every.listed[:5]
    assert few.total == every.total == pytest.approx(made.derivative(entry), rel=1e-12)


def test_a_thousand_million_paths_take_no_time() -> None:
    made = traced([2, 64, 64, 64, 64, 64, 64, 1])
    entry = Entry(layer=1, unit=1, source=1)
    start = time.perf_counter()
    found = find_paths(made, entry, listed=50)
    assert time.perf_counter() - start < 60
    assert (found.count, found.total, found.listed) == (64**5, None, ())


def test_the_answer_and_the_verdict_tell_one_difference_to_autograd() -> None:
    """The sum over the paths is rounded otherwise than the backward pass: the page had another number."""
    made = traced([2, 3, 1])
    entry = next(iter(all_entries(made.layers)))
    found, derivative = find_paths(made, entry, listed=10), 0.25
    off = replace(found, total=derivative * (1 + 2e-16))
    autograd = Autograd(value=derivative * (1 + 5e-16), worst=0.0)
    words = f"autograd differs by {apart(autograd.value, derivative)}"
    assert apart(autograd.value, derivative) != apart(autograd.value, off.total or 0.0)
    assert words in paths_sentence(off, derivative, autograd, None)
    answer = short_answer(
        weight="w1[1,1]",
        derivative=derivative,
        count=off.count,
        listed=True,
        autograd=autograd.value,
        table=Table(title="", headers=[], rows=[]),
        shown_on="",
    )
    assert words in answer.sentence


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
