"""An activation that is added in one place, with its unit of the kernel, is used everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from engine.used_everywhere import assert_engines_train_alike, assert_hessian_is_that_of_differences
from numba import njit

from trainlab.diagnosis.lift.layer_chain import activation_of
from trainlab.engine.kernel import units
from trainlab.engine.kernel.vector import absolute, splat
from trainlab.explain.questions.chain_rule.flow import largest_slope
from trainlab.explain.questions.loss.pairing import pairing
from trainlab.explain.questions.loss.rules import gradient_formula
from trainlab.maths import ACTIVATIONS
from trainlab.maths.activations import elementwise
from trainlab.report.torch_training import cell_code
from trainlab.spec import Experiment
from trainlab.spec.decode import decode

CODE = 99
SOFTSIGN = elementwise(
    CODE,
    "softsign",
    "f(x) = x / (1 + |x|), f′ = 1 / (1 + |x|)²",
    "Turian, Bergstra & Bengio, NAACL 2009",
    torch_function="nn.functional.softsign",
    torch_class="Softsign",
    value=lambda x: x / (1.0 + np.abs(x)),
    derivative=lambda x: 1.0 / (1.0 + np.abs(x)) ** 2,
    second_derivative=lambda x: -2.0 * np.sign(x) / (1.0 + np.abs(x)) ** 3,
    low=-1,
    high=1,
    slope_formula="(1 − |p|)²",
    flat="where p is near −1 or 1",
)


@njit(forceinline=True)
def softsign_slope(block: Any, x: Any) -> Any:
    one = splat(block, 1.0)
    share = one / (one + absolute(x))
    return x * share, share * share


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Experiment:
    monkeypatch.setitem(ACTIVATIONS, "softsign", SOFTSIGN)
    known = dict(enumerate(units.SLOPES))
    monkeypatch.setattr(units, "SLOPES", {**known, CODE: softsign_slope})
    return of("softsign")


def of(activation: str) -> Experiment:
    """Return a short training of hidden layers and an output of one activation."""
    return decode(
        Experiment,
        {
            "task": "xor",
            "network": {"widths": [2, 3, 1], "activation": activation},
            "loss": "mse",
            "optimizer": {"name": "sgd", "lr": 0.3},
            "epochs": 5,
        },
    )


@pytest.mark.compiles
def test_every_engine_trains_with_it_alike(added: Experiment):
    assert_engines_train_alike(added, unlike=of("tanh"))


def test_explanations_know_it(added: Experiment):
    judged = pairing("regression", "softsign", "mse", targets=(0.0, 3.0))
    assert judged.verdict == "wrong"
    assert "softsign gives numbers from −1 to 1 only" in judged.reason
    assert gradient_formula("softsign", "mse") == "2·(p − y)·(1 − |p|)²"
    assert largest_slope("softsign", 1) == 1.0
    assert_hessian_is_that_of_differences(added)


def test_scripts_and_lifting_know_it(added: Experiment):
    assert cell_code(added, 0).count("nn.Softsign(),") == 2
    given = torch.linspace(-3, 3, 7)
    assert activation_of("softsign", given, torch.nn.functional.softsign(given)) == "softsign"
    assert activation_of("softsign", given, torch.tanh(given)) is None
