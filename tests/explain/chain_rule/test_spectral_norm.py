"""The spectral norm of wide matrices against all their singular values, with the error that it states."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from trainlab.engine.network_pass import Array, initial_layers
from trainlab.explain.questions.chain_rule.example_pass import pass_example
from trainlab.explain.questions.chain_rule.flow import layer_flows
from trainlab.explain.questions.chain_rule.spectral_norm import spectral_norm
from trainlab.explain.subject.loss import Objective
from trainlab.spec import MSE, Experiment

rng = np.random.default_rng(5)

MATRICES: dict[str, Callable[[], Array]] = {
    "random": lambda: rng.standard_normal((600, 700)),
    "tall": lambda: rng.uniform(-1, 1, (900, 520)),
    "one large": lambda: rng.standard_normal((600, 600)) + 1.0,
    "low rank": lambda: rng.standard_normal((600, 3)) @ rng.standard_normal((3, 600)),
    "a single column": lambda: np.eye(600)[:, :1] * rng.standard_normal((1, 600)),
    "all equal": lambda: np.eye(600) * 2.5,
    "zero": lambda: np.zeros((600, 600)),
    "tiny": lambda: rng.standard_normal((600, 600)) * 1e-150,
}


@pytest.mark.parametrize("name", MATRICES)
def test_the_true_norm_lies_within_the_error(name: str) -> None:
    matrix = MATRICES[name]()
    value, error = spectral_norm(matrix)
    exact = float(np.linalg.norm(matrix, 2))
    assert value <= exact * (1 + 1e-12)
    assert exact <= (value + error) * (1 + 1e-12)
    assert error <= 0.002 * exact


def test_small_ones_are_exact() -> None:
    matrix = rng.standard_normal((512, 600))
    assert spectral_norm(matrix) == (float(np.linalg.norm(matrix, 2)), 0.0)


def test_a_wide_layer_is_measured_without_all_its_singular_values(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = Experiment.from_dict({"network": {"widths": "2-520-540-1", "activation": "relu"}})
    data = experiment.data()
    made = pass_example(
        initial_layers(experiment, 0), Objective.of(MSE()), data.inputs[1:2], data.targets[1:2]
    )
    found = layer_flows(made)
    monkeypatch.setattr("trainlab.explain.questions.chain_rule.spectral_norm.WHOLE", 10_000)
    whole = layer_flows(made)
    assert [flow.norm_error > 0 for flow in found] == [True, False, False]
    for flow, true in zip(found, whole, strict=True):
        assert flow.jacobian <= true.jacobian * (1 + 1e-12)
        assert true.jacobian <= (flow.jacobian + flow.norm_error) * (1 + 1e-12)
        assert true.bound * (1 - 1e-12) <= flow.bound <= 1.003 * true.bound
