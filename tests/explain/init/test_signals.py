"""Signals through depth: theory against SciPy and brute force, measurement against autograd."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch
from scipy import integrate, stats

from trainlab.engine.reference import build_module
from trainlab.explain.questions.init.answer import signal_words
from trainlab.explain.questions.init.gaussian_expectation import expectation
from trainlab.explain.questions.init.law import Law
from trainlab.explain.questions.init.layer_signals import (
    LayerSignals,
    network_signals,
    networks_of,
    random_layers,
    stack_signals,
)
from trainlab.explain.questions.init.meanfield import RandomLayer, mean_field
from trainlab.explain.questions.init.measured_signals import deviation_of, mean_of
from trainlab.explain.questions.init.options import read_stack
from trainlab.explain.questions.init.schemes import find_schemes
from trainlab.explain.questions.init.signals_section import signals_section
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment

ELEMENTWISE = sorted(name for name, each in ACTIVATIONS.items() if each.elementwise)


def experiment(**parts: object) -> Experiment:
    data = {
        "network": {"widths": [2, 6, 5, 1], "activation": "tanh"},
        "loss": "mse",
        "init": {"weight": {"name": "normal", "std": 0.7}},
    }
    return Experiment.from_dict({**data, **parts})


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (0.7, 0.04), (-1.3, 9.0), (0.2, 0.0)])
def test_expectations_are_those_of_quadrature(name: str, mean: float, variance: float) -> None:
    activation = ACTIVATIONS[name]
    assert activation.derivative is not None
    for function in (activation.value, activation.derivative, lambda x: activation.value(x) ** 2):
        found = float(expectation(function, np.array([mean]), np.array([variance]))[0])
        std = math.sqrt(variance)

        def integrand(z: float, function: object = function, std: float = std) -> float:
            return float(function(np.array([mean + std * z]))[0]) * stats.norm.pdf(z)  # type: ignore[operator]

        kinks = [(k - mean) / std for k in (0.0, 1.0, -1.0) if std and abs(k - mean) < 8 * std]
        wanted, _ = integrate.quad(integrand, -9, 9, points=kinks or None, limit=200)
        assert found == pytest.approx(wanted, rel=1e-8, abs=1e-10)


def test_known_cases_of_the_theory() -> None:
    # ReLU with He's variance keeps E[a²], with χ = 1 (He et al. 2015), and so does a linear layer of gain 1.
    for activation, gain in (("relu", math.sqrt(2)), ("linear", 1.0)):
        law = Law(shape="normal", mean=0.0, std=gain / math.sqrt(50))
        layer = RandomLayer(fan_in=50, fan_out=50, weight=law, bias=None, activation=activation)
        theory = mean_field([layer] * 8, np.full((3, 50), 1.0))
        np.testing.assert_allclose(theory.square, 1.0, rtol=1e-10)
        np.testing.assert_allclose(theory.factor[1:], 1.0, rtol=1e-10)
        np.testing.assert_allclose(theory.gradient_square, theory.gradient_square[-1], rtol=1e-10)


def test_tanh_follows_the_recursion_written_out() -> None:
    law, bias = Law(shape="normal", mean=0.0, std=0.3), Law(shape="normal", mean=0.0, std=0.2)
    layer = RandomLayer(fan_in=30, fan_out=30, weight=law, bias=bias, activation="tanh")
    theory = mean_field([layer] * 5, np.full((1, 30), 0.5))
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    weights = weights / weights.sum()
    q, squares, slopes = 30 * 0.09 * 0.25 + 0.04, list[float](), list[float]()
    for _ in range(5):
        values = np.tanh(math.sqrt(q) * nodes)
        squares.append(float(weights @ values**2))
        slopes.append(float(weights @ (1 - values**2) ** 2))
        q = 30 * 0.09 * squares[-1] + 0.04
    np.testing.assert_allclose(theory.square, squares, rtol=1e-8)
    np.testing.assert_allclose(theory.factor[1:], [30 * 0.09 * slope for slope in slopes[:-1]], rtol=1e-8)
    expected = np.cumprod([slopes[4], *(30 * 0.09 * slopes[i] for i in (3, 2, 1, 0))])[::-1]
    np.testing.assert_allclose(theory.gradient_square, expected, rtol=1e-8)


def test_constant_weights_have_an_exact_theory() -> None:
    found = network_signals(
        "x", experiment(init={"weight": {"name": "constant", "val": 0.3}, "bias": "constant"}), 4
    )
    np.testing.assert_allclose(found.theory.mean, found.activation_mean.estimate, rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(found.theory.variance), found.activation_std.estimate, rtol=1e-6)


@pytest.mark.computes
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize(
    "scheme", ["default", "xavier_uniform", "he_normal", "orthogonal", "normal(std=0.1)"]
)
def test_wide_stacks_do_as_theory_says(activation: str, scheme: str) -> None:
    (found,) = stack_signals(find_schemes([scheme]), depth=4, width=120, activation=activation)
    assert found.networks == networks_of(4, 120)
    theory = found.theory
    np.testing.assert_allclose(found.activation_std.estimate, np.sqrt(theory.variance), rtol=0.06)
    np.testing.assert_allclose(found.gradient.estimate, np.sqrt(theory.gradient_square), rtol=0.06)


def test_weights_with_a_mean_have_a_theory_too() -> None:
    (found,) = stack_signals(find_schemes(["uniform"]), depth=3, width=150, activation="relu")
    np.testing.assert_allclose(found.activation_mean.estimate, found.theory.mean, rtol=0.1)


@pytest.mark.computes
def test_biases_and_other_fans_are_in_the_theory() -> None:
    wide = experiment(
        network={"widths": [2, 300, 100, 200, 1], "activation": "tanh"},
        init={"weight": "xavier_normal", "bias": {"name": "normal", "mean": 0.2, "std": 0.5}},
    )
    found = network_signals("wide", wide, 60)
    np.testing.assert_allclose(found.activation_mean.estimate[:3], found.theory.mean[:3], atol=0.03)
    np.testing.assert_allclose(
        found.activation_std.estimate[:3], np.sqrt(found.theory.variance[:3]), rtol=0.06
    )
    np.testing.assert_allclose(found.gradient.estimate, np.sqrt(found.theory.gradient_square), rtol=0.15)
    assert [layer.fan_out for layer in random_layers(wide)] == [300, 100, 200, 1]


@pytest.mark.parametrize("loss", ["mse", "l1"])
def test_measured_signals_are_those_of_autograd(loss: str) -> None:
    made = experiment(loss=loss)
    found = network_signals("x", made, 3)
    data = made.data()
    values, gradients, weights = [], [], []
    for seed in range(3):
        module = build_module(torch, made, seed, "float64")
        sums, x, kept = [], torch.from_numpy(data.inputs.copy()), []
        for part in module:
            x = part(x)
            x.retain_grad()
            (sums if isinstance(part, torch.nn.Linear) else kept).append(x)
        criterion = torch.nn.MSELoss() if loss == "mse" else torch.nn.L1Loss()
        criterion(x, torch.from_numpy(data.targets.copy())).backward()
        values.append([each.detach().numpy() for each in kept])
        gradients.append([each.grad.numpy() for each in sums])
        weights.append([p.weight.grad.abs().mean().item() for p in module if isinstance(p, torch.nn.Linear)])
    for layer in range(3):
        together = np.stack([each[layer] for each in values])
        assert found.activation_mean.estimate[layer] == pytest.approx(together.mean(), rel=1e-10)
        assert found.activation_std.estimate[layer] == pytest.approx(together.std(), rel=1e-10)
        back = np.stack([each[layer] for each in gradients])
        assert found.gradient.estimate[layer] == pytest.approx(math.sqrt((back**2).mean()), rel=1e-10)
    np.testing.assert_allclose(found.weight_gradient.estimate, np.mean(weights, axis=0), rtol=1e-10)


def test_intervals_over_networks() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(loc=2.0, size=(12, 1))
    wanted = stats.t.interval(0.95, 11, values.mean(), values.std(ddof=1) / math.sqrt(12))
    spread = mean_of(values)
    assert (spread.low[0], spread.high[0]) == pytest.approx(wanted)
    normal = rng.normal(size=(500, 20, 100))
    inside = [
        low[0] <= 1.0 <= high[0]
        for each in normal
        for found in [deviation_of(each.mean(axis=1)[:, None], (each**2).mean(axis=1)[:, None])]
        for low, high in [(found.low, found.high)]
    ]
    assert 0.92 < np.mean(inside) < 0.98


def test_one_network_has_no_interval() -> None:
    one = np.ones((1, 2))
    assert np.isnan(mean_of(one).low).all()
    assert np.isnan(deviation_of(one, 2 * one).high).all()


def test_ratios_and_plain_data() -> None:
    (found,) = stack_signals(find_schemes(["default"]), depth=3, width=20, activation="tanh")
    data = found.to_dict()
    first, _, last = data["measured"]["gradient_rms"]["estimate"]
    assert data["gradient_ratio"] == pytest.approx(first / last)
    assert data["theory_gradient_ratio"] == pytest.approx(found.theory_ratio)
    assert math.isnan(dead(found).gradient_ratio)
    assert msgspec.json.encode(data["widths"]) == b"[20,20,20,20]"


def dead(found: LayerSignals) -> LayerSignals:
    nothing = replace(found.gradient, estimate=np.zeros(3))
    return replace(found, gradient=nothing)


def test_softmax_has_no_theory_but_is_measured() -> None:
    made = Experiment.from_dict(
        {
            "task": {"name": "blobs", "classes": 3, "features": 2, "one_hot": True},
            "network": {"widths": [2, 5, 3], "output_activation": "log_softmax"},
            "loss": "nll",
        }
    )
    found = network_signals("x", made, 5)
    assert np.isnan(found.theory.mean[-1])
    assert np.isfinite(found.activation_mean.estimate).all()
    assert np.isfinite(found.theory.gradient_square).all()


@pytest.mark.computes
def test_signals_that_overflow_or_vanish_are_said_without_a_warning() -> None:
    schemes = find_schemes(["normal(std=50)", "zero", "normal(std=1e-200)"])
    found = stack_signals(schemes, depth=120, width=8, activation="relu")
    part = signals_section(found, depth=120, width=8, activation="relu")
    assert "Too large for float64, whose squares end at 10³⁰⁸: normal(std=50)." in part.text
    assert "Exactly 0, and so not on a log axis: zero, normal(std=1e-200)." in part.pictures[0].text
    asked = read_stack(None, activation="relu", usual_activation="tanh", depth=120, width=8)
    words = signal_words(asked, found[1:])
    assert words == "Back through 120 relu layers of 8, no scheme shown leaves a gradient to compare."


def test_the_verdict_names_the_best_the_usual_and_the_worst() -> None:
    schemes = ["orthogonal", "default", "normal(std=0.1)", "normal(std=0.01)"]
    found = stack_signals(find_schemes(schemes), depth=4, width=30, activation="linear")
    asked = read_stack(schemes, activation=None, usual_activation="linear", depth=4, width=30)
    words = signal_words(asked, found)
    assert "is 1 with orthogonal (theory 1), " in words
    assert " with default (theory 0.192) and " in words
    assert words.endswith(" with normal(std=0.01) (theory 1.64×10⁻⁴).")


@pytest.mark.parametrize("std", [0.5, 3.0, 8.0, 20.0, 57.0, 1e3, 1e9])
@pytest.mark.parametrize("mean", [0.0, 0.7, -40.0])
def test_waves_have_the_expectation_of_their_closed_form(std: float, mean: float) -> None:
    """E sin = e^(−q/2) sin m and E sin² = (1 − e^(−2q) cos 2m)/2, the normal's characteristic function."""
    at = np.array([mean]), np.array([std**2])
    q = std**2
    period = 2 * math.pi
    for function, wanted in (
        (np.sin, math.exp(-q / 2) * math.sin(mean)),
        (np.cos, math.exp(-q / 2) * math.cos(mean)),
        (lambda x: np.sin(x) ** 2, (1 - math.exp(-2 * q) * math.cos(2 * mean)) / 2),
        (lambda x: np.cos(x) ** 2, (1 + math.exp(-2 * q) * math.cos(2 * mean)) / 2),
    ):
        assert float(expectation(function, *at, period=period)[0]) == pytest.approx(wanted, abs=1e-12)


def test_a_stack_of_waves_with_large_weights_has_the_right_theory() -> None:
    law = Law(shape="normal", mean=0.0, std=5.7)
    layer = RandomLayer(fan_in=100, fan_out=100, weight=law, bias=None, activation="sin")
    theory = mean_field([layer] * 3, np.ones((1, 100)))
    np.testing.assert_allclose(theory.square, 0.5, rtol=1e-10)
    np.testing.assert_allclose(theory.slope, 0.5, rtol=1e-10)


@pytest.mark.parametrize("activation", ["linear", "relu", "gelu", "tanh", "sigmoid", "sin"])
@pytest.mark.parametrize(("mean", "std", "bias"), [(0.02, 0.1, 0.0), (0.1, 0.1, 0.3), (0.06, 0.0, 0.5)])
def test_weights_with_a_mean_against_many_networks(
    activation: str, mean: float, std: float, bias: float
) -> None:
    """400 networks of 60 units: sizes within 6 %, of which the draws alone err by 2 to 3 %."""
    rng, width, depth = np.random.default_rng(11), 60, 3
    inputs, function = rng.normal(size=(6, width)), ACTIVATIONS[activation].value
    first, square, sums = np.zeros(depth), np.zeros(depth), np.zeros(depth)
    for _ in range(400):
        values = inputs
        for layer in range(depth):
            z = values @ rng.normal(mean, std, (width, width)).T + rng.normal(0, bias, width)
            values = function(z)
            sums[layer] += (z**2).mean() / 400
            first[layer] += values.mean() / 400
            square[layer] += (values**2).mean() / 400
    random = RandomLayer(
        fan_in=width,
        fan_out=width,
        weight=Law(shape="normal", mean=mean, std=std),
        bias=Law(shape="normal", mean=0.0, std=bias) if bias else None,
        activation=activation,
    )
    theory = mean_field([random] * depth, inputs)
    np.testing.assert_allclose(np.sqrt(theory.sum_square), np.sqrt(sums), rtol=0.06)
    np.testing.assert_allclose(np.sqrt(theory.variance), np.sqrt(square - first**2), rtol=0.06)


def test_gradients_have_a_theory_only_where_it_holds() -> None:
    rng, width, depth = np.random.default_rng(5), 50, 4
    inputs, gradient = rng.normal(size=(4, width)), rng.normal(size=(4, width))
    pair = (gradient.sum(axis=1) ** 2 - (gradient**2).sum(axis=1)).mean() / (width * (width - 1))
    last = {
        "last_mean": float(gradient.mean()),
        "last_square": float((gradient**2).mean()),
        "last_pair": float(pair),
    }
    law = Law(shape="normal", mean=0.05, std=0.1)
    linear, tanh = (
        RandomLayer(fan_in=width, fan_out=width, weight=law, bias=None, activation=name)
        for name in ("linear", "tanh")
    )
    measured = np.zeros(depth)
    for _ in range(400):
        back = gradient
        for layer in reversed(range(depth)):
            measured[layer] += (back**2).mean() / 400
            back = back @ rng.normal(0.05, 0.1, (width, width))
    theory = mean_field([linear] * depth, inputs, **last)
    np.testing.assert_allclose(np.sqrt(theory.gradient_square), np.sqrt(measured), rtol=0.05)
    # tanh's slopes in one layer go with those in the next, and a product of means isn't the mean.
    shared = mean_field([tanh] * depth, inputs, **last)
    assert np.isnan(shared.gradient_square[:3]).all()
    assert np.isfinite(shared.gradient_square[3])
    assert np.isfinite(shared.square).all()
    none = mean_field([tanh] * depth, np.zeros((4, width)), **last)  # all sums are 0, and no slope varies
    assert np.isfinite(none.gradient_square).all()
