"""Counts against a walk over all units, products against a product of the factors, sums against autograd."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
from explain.chain_rule.agreement import by_autograd

from trainlab.engine.network_pass import Layer
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass, pass_example
from trainlab.explain.questions.chain_rule.notation import Entry, all_entries
from trainlab.explain.questions.chain_rule.paths import count_paths, find_paths, path_products
from trainlab.explain.subject.loss import Objective
from trainlab.spec import MSE, NLL, CrossEntropy


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
    assert time.perf_counter() - start < 1
    assert (found.count, found.total, found.listed) == (64**5, None, ())
