"""A neuron taken apart, against autograd; its line and its plane."""

from __future__ import annotations

import numpy as np
import pytest

from trainlab.engine.network_pass import Array, forward, initial_layers
from trainlab.explain.questions.neuron.check_section import autograd_difference
from trainlab.explain.questions.neuron.decompose import slope_words, taken_apart
from trainlab.explain.questions.neuron.plane import line_within, plane_view
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
            grid, values = one.curve
            assert np.interp(one.sum, grid, values) == pytest.approx(one.output, abs=2e-2)


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

    view = plane_view(points, output, weights=None, bias=0.0)
    assert view.level == pytest.approx(1.4**2 / 2, abs=1e-3)
    assert view.on == pytest.approx(0.4 / 1.8 + 0.01, abs=0.02)
    assert view.outputs.shape == (81, 81)
