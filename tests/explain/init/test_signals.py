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
from trainlab.explain.questions.init.evidence import read_stack
from trainlab.explain.questions.init.mean_field import RandomLayer, expectation, mean_field
from trainlab.explain.questions.init.question import signal_words
from trainlab.explain.questions.init.schemes import Law, find_schemes
from trainlab.explain.questions.init.signals import (
    LayerSignals,
    Spread,
    deviation_of,
    mean_of,
    network_signals,
    networks_of,
    random_layers,
    stack_signals,
)
from trainlab.explain.questions.init.signals_section import mean_share, mean_zero, signals_section
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


@pytest.mark.computes
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize(
    "scheme", ["default", "xavier_uniform", "he_normal", "orthogonal", "normal(std=0.1)"]
)
def test_wide_stacks_do_as_theory_says(activation: str, scheme: str) -> None:
    (found,) = stack_signals(find_schemes([scheme]), depth=4, width=120, activation=activation)
    assert found.networks == networks_of(4, 120)
    theory = found.theory
    np.testing.assert_allclose(found.activation_std.estimate, theory.activation_std, rtol=0.06)
    np.testing.assert_allclose(found.gradient.estimate, theory.gradient_rms, rtol=0.06)


def test_weights_with_a_mean_have_no_theory_and_are_measured() -> None:
    (found,) = stack_signals(find_schemes(["uniform"]), depth=3, width=20, activation="relu")
    assert np.isnan(found.theory.mean).all()
    assert np.isnan(found.theory_ratio)
    assert np.isfinite(found.gradient_ratio)
    part = signals_section([found], depth=3, width=20, activation="relu")
    assert " (–)" in str(part.tables[0].rows[0][1])


@pytest.mark.computes
def test_biases_and_other_fans_are_in_the_theory() -> None:
    wide = experiment(
        network={"widths": [2, 300, 100, 200, 1], "activation": "tanh"},
        init={"weight": "xavier_normal", "bias": {"name": "normal", "mean": 0.2, "std": 0.5}},
    )
    found = network_signals("wide", wide, 60)
    np.testing.assert_allclose(found.activation_mean.estimate[:3], found.theory.mean[:3], atol=0.03)
    np.testing.assert_allclose(found.activation_std.estimate[:3], found.theory.activation_std[:3], rtol=0.06)
    np.testing.assert_allclose(found.gradient.estimate, found.theory.gradient_rms, rtol=0.15)
    assert [layer.fan_out for layer in random_layers(wide)] == [300, 100, 200, 1]


@pytest.mark.parametrize("loss", ["mse", "l1"])
def test_measured_signals_are_those_of_autograd(loss: str) -> None:
    made = experiment(loss=loss)
    found = network_signals("x", made, 3)
    data = made.data()
    values, gradients = [], []
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
    for layer in range(3):
        together = np.stack([each[layer] for each in values])
        assert found.activation_mean.estimate[layer] == pytest.approx(together.mean(), rel=1e-10)
        assert found.activation_std.estimate[layer] == pytest.approx(together.std(), rel=1e-10)
        back = np.stack([each[layer] for each in gradients])
        assert found.gradient.estimate[layer] == pytest.approx(math.sqrt((back**2).mean()), rel=1e-10)


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


# The rule that activations should have mean zero: every outcome of it, and the mean against theory.


@pytest.fixture(scope="module")
def real() -> LayerSignals:
    return stack_signals(find_schemes(["he_normal"]), depth=3, width=64, activation="relu")[0]


def made(real: LayerSignals, *, mean: float, ratio: float) -> LayerSignals:
    """Return a stack whose last activations have this mean and deviation 1, and this gradient ratio."""

    def spread(*values: float) -> Spread:
        return Spread(estimate=np.array(values), low=np.array(values), high=np.array(values))

    return replace(
        real,
        activation_mean=spread(0.0, mean),
        activation_std=spread(1.0, 1.0),
        gradient=spread(ratio, 1.0),
    )


@pytest.mark.parametrize(
    ("stacks", "outcome", "words"),
    [
        ([(0.0, 1.0), (2.0, 0.01)], "as the rule says", "no exception among 2 stacks"),
        (
            [(0.0, 0.01), (0.0, 1.0)],
            "not enough",
            "1 of 2 stacks has it, and the gradient is lost or inflated",
        ),
        ([(0.0, 300.0), (0.05, 0.1)], "not enough", "2 of 2 stacks have it"),
        (
            [(2.0, 1.0), (0.0, 1.0)],
            "not needed",
            "1 of 2 stacks has another mean, and the gradient arrives whole",
        ),
        ([(2.0, 1.0), (0.0, 0.01)], "neither needed nor enough", "mean 89 % of the size, gradient × 1"),
    ],
)
def test_every_outcome(
    real: LayerSignals, stacks: list[tuple[float, float]], outcome: str, words: str
) -> None:
    named = [(f"s{place}", made(real, mean=mean, ratio=ratio)) for place, (mean, ratio) in enumerate(stacks)]
    found = mean_zero(named)
    assert found.outcome == outcome
    assert words in found.sentence
    assert found.to_dict()["outcome"] == outcome


def test_what_cannot_be_had_says_nothing(real: LayerSignals) -> None:
    found = mean_zero(
        [("x", made(real, mean=math.inf, ratio=1.0)), ("y", made(real, mean=0.0, ratio=math.nan))]
    )
    assert (found.outcome, found.sentence) == ("not asked", "")


def test_the_mean_of_relu_and_of_tanh(real: LayerSignals) -> None:
    """Of a normal z relu has the mean 1/√(2π) and the mean square 1/2; tanh is odd."""
    assert mean_share(real) == pytest.approx(1 / math.sqrt(math.pi), rel=0.03)
    (tanh,) = stack_signals(find_schemes(["he_normal"]), depth=3, width=64, activation="tanh")
    assert mean_share(tanh) < 0.05


def test_the_common_heuristic_loses_a_third_of_the_square_at_each_step() -> None:
    """U(±1/√n) has n Var(w) = 1/3: Glorot and Bengio (2010), equation 15."""
    (found,) = stack_signals(find_schemes(["xavier"]), depth=10, width=64, activation="linear")
    assert found.theory_ratio == pytest.approx(3**-4.5, rel=1e-3)
    assert found.gradient_ratio == pytest.approx(3**-4.5, rel=0.1)


def test_the_section_has_the_verdict_where_there_is_depth(real: LayerSignals) -> None:
    words = "“Activations with mean zero” is not needed"
    deep = signals_section([real], depth=3, width=64, activation="relu")
    assert any(words in text for text in deep.text)
    single = signals_section([real], depth=1, width=64, activation="relu")
    assert not any("mean zero" in text for text in single.text)
