"""The rule that activations should have mean zero: every outcome of it, and the mean against theory."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from trainlab.explain.questions.init.layer_signals import LayerSignals, stack_signals
from trainlab.explain.questions.init.mean_zero import mean_share, mean_zero
from trainlab.explain.questions.init.measured_signals import Spread
from trainlab.explain.questions.init.schemes import find_schemes
from trainlab.explain.questions.init.signals_section import signals_section


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
