"""One neuron against autograd; its line and its plane, and what such a line tells apart."""

from __future__ import annotations

import numpy as np
import pytest

from trainlab.engine.network_pass import Array, Layer, forward, initial_layers
from trainlab.explain import neuron
from trainlab.explain.questions.neuron.one_neuron import autograd_difference, slope_words, taken_apart
from trainlab.explain.questions.neuron.plane import falls, line_within, plane_view, side_words
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment


def experiment(activation: str, *, bias: bool = True) -> Experiment:
    last = activation if ACTIVATIONS[activation].elementwise else "tanh"
    network = {"widths": [3, 4, 3, 2], "bias": bias, "activation": [last, last, activation]}
    task = {"name": "blobs", "classes": 2, "features": 3, "one_hot": True}
    return Experiment.from_dict({"network": network, "task": task})


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_unit_is_what_autograd_says(activation: str, *, bias: bool) -> None:
    made = experiment(activation, bias=bias)
    layers = initial_layers(made, 4)
    point = np.random.default_rng(2).normal(size=3)
    passes = forward(layers, point[None])
    for layer, width in ((1, 4), (2, 3), (3, 2)):
        for unit in range(1, width + 1):
            one = taken_apart(layers, passes, layer=layer, unit=unit, names=["a", "b", "c"])
            difference = autograd_difference(made, layers, point, one)
            assert difference is not None
            assert difference < 1e-13
            assert one.sum == pytest.approx(float(one.products.sum()) + (one.bias or 0.0), abs=1e-13)
            assert (one.bias is None) == (not bias)


def test_autograd_sees_a_wrong_slope() -> None:
    made = experiment("tanh")
    layers = initial_layers(made, 4)
    point = np.ones(3)
    right = taken_apart(layers, forward(layers, point[None]), layer=2, unit=1, names=["a", "b", "c"])
    elsewhere = taken_apart(layers, forward(layers, 2 * point[None]), layer=2, unit=1, names=["a", "b", "c"])
    assert (autograd_difference(made, layers, point, right) or 0.0) < 1e-13
    assert (autograd_difference(made, layers, point, elsewhere) or 0.0) > 1e-4


def test_the_slope_in_words() -> None:
    made = experiment("relu")
    layers = initial_layers(made, 0)
    passes = forward(layers, np.ones((1, 3)))
    told = {
        float(passes[0].sums[0, unit - 1]) > 0: slope_words(
            taken_apart(layers, passes, layer=1, unit=unit, names=["a", "b", "c"])
        )
        for unit in range(1, 5)
    }
    assert "in full" in told[True]
    assert "nothing can be learnt" in told[False]


@pytest.mark.parametrize(
    ("weights", "bias", "ends"),
    [
        ([1.0, 1.0], -1.0, [(0, 1), (1, 0)]),
        ([0.0, 2.0], -1.0, [(0, 0.5), (1, 0.5)]),
        ([2.0, 0.0], -0.5, [(0.25, 0), (0.25, 1)]),
        ([1.0, -1.0], 0.0, [(0, 0), (1, 1)]),
        ([1.0, 1.0], 5.0, None),
        ([0.0, 0.0], 0.0, None),
    ],
)
def test_a_line_is_cut_by_the_plane(
    weights: list[float], bias: float, ends: list[tuple[float, float]] | None
) -> None:
    axis = np.linspace(0, 1, 5)
    found = line_within(np.array(weights), bias, axis, axis)
    if ends is None:
        assert found is None
    else:
        assert found is not None
        assert sorted(map(tuple, found.round(12).tolist())) == sorted(ends)


def test_the_plane_knows_where_the_unit_is_on() -> None:
    points = np.array([[0.0, 0], [1, 1]])

    def output(inputs: Array) -> Array:
        return inputs[:, 0] ** 2

    view = plane_view(points, output, weights=np.array([1.0, 0.0]), bias=-1.0, level=1.0)
    assert view.on == pytest.approx(0.4 / 1.8, abs=0.02)
    assert view.line is not None
    np.testing.assert_allclose(view.line[:, 0], 1.0)
    assert view.outputs.shape == (81, 81)


# What the line of a neuron is said to do, for activations that only rise and for others.


ONE_LINE = "One neuron can tell apart only what one straight line can."


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if ACTIVATIONS[name].elementwise])
@pytest.mark.parametrize("bias", [0.0, 30.0])
def test_whether_it_falls_is_what_its_values_say(name: str, bias: float) -> None:
    layer = Layer(weight=np.array([[1.0, 1.0]]), bias=np.array([bias]), activation=name)
    one = taken_apart([layer], forward([layer], np.zeros((1, 2))), layer=1, unit=1, names=["a", "b"])
    grid = np.linspace(-40, 40, 80_001)
    values = ACTIVATIONS[name].value(grid)
    assert falls(one) is bool((np.diff(values) < -1e-9).any())
    above = values > ACTIVATIONS[name].value(np.zeros(1))
    sides = bool((above <= (grid > 0)).all())
    assert ("z is above 0 and the output above" in side_words(one, "half", "0")) is sides


def test_one_sine_does_xor_and_is_not_said_to_be_unable_to() -> None:
    network = {"widths": "2-1", "output_activation": "sin"}
    experiment = Experiment.from_dict({"network": network, "epochs": 1})
    words = neuron(experiment, trained=False, parts="plane").section("plane").text[0]
    assert ONE_LINE not in words
    assert "Since sin both rises and falls, one such neuron can tell apart what no single" in words
    assert "need not be one side of that line" in words
    tanh = Experiment.from_dict({"network": "2-1", "epochs": 1})
    assert ONE_LINE in neuron(tanh, trained=False, parts="plane").section("plane").text[0]


def test_a_softmax_of_the_inputs_has_no_other_units_before_it() -> None:
    network = {"widths": "2-3", "output_activation": "softmax"}
    experiment = Experiment.from_dict(
        {"network": network, "task": {"name": "blobs", "classes": 3}, "epochs": 1}
    )
    words = neuron(experiment, trained=False, parts="plane").section("plane").text[0]
    assert "its output depends on the sums of its whole layer" in words
