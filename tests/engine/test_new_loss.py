"""A loss that is added in one place, with its kernel functions, is used everywhere; what each loss needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
from engine.used_everywhere import assert_engines_train_alike, assert_hessian_is_that_of_differences
from numba import njit

import trainlab.spec
from trainlab.engine.constant_baseline import best_constant_loss
from trainlab.engine.kernel import losses, tables, units
from trainlab.engine.kernel.vector import fma, splat, sqrt
from trainlab.explain.questions.loss import rules
from trainlab.explain.questions.loss.pairing import pairing
from trainlab.explain.questions.loss.rules import LOSS_SIGNATURES, LossSignature
from trainlab.maths import LOSSES
from trainlab.maths import Loss as Entry
from trainlab.report.torch_training import cell_code
from trainlab.spec import Experiment, Loss, name_of
from trainlab.spec.decode import decode
from trainlab.spec.fields import Kind

CODE = 99
KERNEL_CODES = (*losses.TERMS, *losses.OVER_OUTPUTS, tables.L1, tables.MSE)
KERNEL = {name for name, entry in LOSSES.items() if entry.code in KERNEL_CODES}
"""The losses that the kernel has functions for."""
EXPORTED = {name_of(kind) for kind in vars(trainlab.spec).values() if kind in get_args(Loss)}


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("an entry in maths/losses.py", LOSSES),
        (
            "a pair of functions in TERMS of engine/kernel/losses.py",
            KERNEL,
        ),
        ("an entry in explain/questions/loss/rules.py", LOSS_SIGNATURES),
        (
            "its class in spec/__init__.py",
            EXPORTED,
        ),
    ],
)
def test_every_loss_of_the_spec_has_all_that_it_needs(place: str, found: Iterable[str]):
    named = {name_of(kind) for kind in get_args(Loss)} - {"custom"}
    assert named - set(found) == set(), f"a loss of spec/losses.py needs {place}"
    assert set(found) - named - {"custom"} == set(), "a loss needs a struct in the union of spec/losses.py"


class PseudoHuber(Kind, frozen=True, kw_only=True, tag="pseudo_huber"):
    """mean √(1 + (p − y)²) − 1."""


def root(p: Any, y: Any) -> Any:
    return np.sqrt(1.0 + (p - y) ** 2)


ENTRY = Entry(
    name="pseudo_huber",
    code=CODE,
    formula="L = mean √(1 + d²) − 1, d = p − y; ∂L/∂p = d / √(1 + d²) / N",
    citation="Charbonnier et al., ICIP 1994",
    torch_class=None,
    torch_terms=lambda torch, p, y: torch.sqrt(1.0 + (p - y) ** 2) - 1.0,
    torch_code=("return ((1 + (outputs - targets) ** 2).sqrt() - 1).mean()",),
    label="pseudo-Huber",
    value=lambda p, y: float(np.mean(root(p, y) - 1.0)),
    gradient=lambda p, y: (p - y) / root(p, y) / p.size,
    tangent=lambda p, dp, y: dp / root(p, y) ** 3 / p.size,
)
SIGNATURE = LossSignature(
    name="pseudo_huber",
    meaning="predictions",
    outputs="predictions, any numbers",
    targets="numbers, of the outputs' shape",
    slope="d/√(1 + d²)",
    definitions=", d = p − y",
    aims_at="a number between the median and the mean of the targets",
)


@njit(forceinline=True)
def pseudo_huber_term(block: Any, setting: float, value: Any, target: Any) -> Any:
    one, error = splat(block, 1.0), value - target
    return sqrt(fma(error, error, one)) - one


@njit(forceinline=True)
def pseudo_huber_slope(block: Any, setting: float, value: Any, target: Any) -> Any:
    error = value - target
    return error / sqrt(fma(error, error, splat(block, 1.0)))


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Experiment:
    monkeypatch.setitem(LOSSES, "pseudo_huber", ENTRY)
    monkeypatch.setitem(LOSS_SIGNATURES, "pseudo_huber", SIGNATURE)
    monkeypatch.setitem(units.TERMS, CODE, (pseudo_huber_term, pseudo_huber_slope))
    experiment = of("log_cosh")
    # The union of the spec is closed, so a file can't name the loss; an experiment can have it.
    msgspec.structs.force_setattr(experiment, "loss", PseudoHuber())
    return experiment


def of(loss: str) -> Experiment:
    """Return a short training on XOR with a loss."""
    return decode(
        Experiment,
        {
            "task": "xor",
            "network": {"widths": [2, 3, 1], "activation": "tanh", "output_activation": "linear"},
            "loss": loss,
            "optimizer": {"name": "sgd", "lr": 0.3},
            "epochs": 5,
        },
    )


@pytest.mark.compiles
def test_every_engine_trains_with_it_alike(added: Experiment):
    assert_engines_train_alike(added, unlike=of("log_cosh"))


def test_explanations_know_it(added: Experiment):
    judged = pairing("regression", "tanh", "pseudo_huber", targets=(0.0, 3.0))
    assert judged.verdict == "wrong"
    assert "tanh gives numbers from −1 to 1 only" in judged.reason
    assert rules.gradient_formula("tanh", "pseudo_huber") == "d/√(1 + d²)·(1 − p²), d = p − y"
    assert_hessian_is_that_of_differences(added)


def test_scripts_and_the_constant_baseline_know_it(added: Experiment):
    assert "    return ((1 + (outputs - targets) ** 2).sqrt() - 1).mean()" in cell_code(added, 0).splitlines()
    # Of targets 0, 1, 1, 0 the best constant is a half.
    assert best_constant_loss(added.loss, added.data().targets) == pytest.approx(np.sqrt(1.25) - 1.0)
