"""What arrives at the last sum, as numbers and as the formula shown, against autograd for every pair."""

import numpy as np
import pytest
from explain.loss.gradients import pair_differences, pairs, slope_difference

from trainlab.explain.questions.loss.rules import LOSS_SIGNATURES, bare, gradient_formula, is_distance
from trainlab.maths import ACTIVATIONS, LOSSES


@pytest.mark.parametrize(("output", "loss"), pairs(), ids=[" + ".join(pair) for pair in pairs()])
def test_gradient_and_formula_are_those_of_autograd(output: str, loss: str) -> None:
    for seed in (0, 1):
        ours, shown = pair_differences(output, loss, 200, seed)
        assert ours < 1e-12
        assert shown < 1e-11


@pytest.mark.parametrize("loss", LOSS_SIGNATURES)
def test_the_slope_is_that_of_the_value(loss: str) -> None:
    assert slope_difference(loss, 50) < 1e-7


def test_the_table_holds_every_loss() -> None:
    assert set(LOSS_SIGNATURES) == set(LOSSES)
    for name, each in LOSS_SIGNATURES.items():
        assert is_distance(name) == (each.meaning == "predictions")


@pytest.mark.parametrize("name", [name for name, entry in ACTIVATIONS.items() if entry.elementwise])
def test_outputs_reach_from_end_to_end(name: str) -> None:
    z = np.concatenate([np.linspace(-60, 60, 240_001), [-1e6, 1e6]])
    values, entry = ACTIVATIONS[name].value(z), ACTIVATIONS[name]
    assert values.min() >= entry.low - 1e-9
    assert values.max() <= entry.high + 1e-9
    for end, reached in ((entry.low, values.min()), (entry.high, values.max())):
        assert reached == pytest.approx(end, abs=1e-6) if np.isfinite(end) else abs(reached) >= 1e3


def test_the_formulas_everybody_knows() -> None:
    assert gradient_formula("sigmoid", "mse") == "2·(p − y)·p·(1 − p)"
    assert gradient_formula("sigmoid", "bce") == "p − y"
    assert gradient_formula("linear", "bce_with_logits") == "σ(z) − y"
    assert gradient_formula("log_softmax", "nll") == "softmax(z) − y"
    assert gradient_formula("tanh", "hinge") == "−t·[t·p < 1]·(1 − p²), t = 2·y − 1"
    assert gradient_formula("softmax", "mse") == "p·(g − Σ(g·p)), g = 2·(p − y)"
    assert [bare(text) for text in ("(a)", "(a)·(b)", "a", "")] == ["a", "(a)·(b)", "a", ""]
