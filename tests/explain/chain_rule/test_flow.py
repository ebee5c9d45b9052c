"""The product layer by layer against its bounds, and many networks at once against one by one."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from explain.chain_rule.agreement import random_trace

from trainlab.engine.layout import initial_parameters
from trainlab.engine.network_pass import Array, initial_layers
from trainlab.explain.network import Objective
from trainlab.explain.questions.chain_rule.example_pass import pass_example
from trainlab.explain.questions.chain_rule.flow import (
    Signals,
    greatest_loss,
    initial_rows,
    layer_flows,
    signals,
    spectral_norm,
)
from trainlab.spec import Experiment, load_study


@pytest.mark.parametrize("seed", range(30))
def test_ratios_multiply_to_what_is_kept_and_bounds_hold(seed: int) -> None:
    made, _ = random_trace(np.random.default_rng(seed))
    flows = layer_flows(made)
    start = float(np.linalg.norm(made.grad_output))
    assert [flow.layer for flow in flows] == list(range(1, len(made.layers) + 1))
    for place, flow in enumerate(flows):
        assert flow.delta == pytest.approx(float(np.linalg.norm(made.gradients[place].sums)))
        if flow.ratio is None or flow.kept is None:
            continue
        assert flow.ratio <= flow.bound * (1 + 1e-9)
        assert flow.kept * start == pytest.approx(flow.delta)
        assert flow.kept == pytest.approx(math.prod(f.ratio or 0.0 for f in flows[place:]), rel=1e-9)
        assert flow.bound_kept == pytest.approx(math.prod(f.bound for f in flows[place:]), rel=1e-9)
        if flow.by_weights is not None and flow.by_slopes is not None:
            assert flow.by_weights * flow.by_slopes == pytest.approx(flow.ratio)


def test_the_layer_that_loses_most() -> None:
    experiment = load_study("xor44").experiment("Model 3")
    data = experiment.data()
    layers = initial_layers(experiment, 0)
    flows = layer_flows(
        pass_example(layers, Objective.of(experiment.loss), data.inputs[1:2], data.targets[1:2])
    )
    worst = greatest_loss(flows)
    assert worst is not None
    assert worst.ratio == min(flow.ratio or 1.0 for flow in flows)


@pytest.mark.parametrize("changes", [(), ("C", "E"), ("B",)])
def test_many_networks_at_once_are_as_one_by_one(changes: tuple[str, ...]) -> None:
    experiment = load_study("xor44").experiment("Model 3", changes)
    data, rows = experiment.data(), initial_rows(experiment, 20)
    x, y = data.inputs[1:2], data.targets[1:2]
    found = signals(experiment, rows, x, y)
    assert found.left_out == 0
    for seed in range(20):
        flows = layer_flows(
            pass_example(initial_layers(experiment, seed), Objective.of(experiment.loss), x, y)
        )
        np.testing.assert_allclose(found.kept[seed], [flow.kept for flow in flows], rtol=1e-9)
        worst = greatest_loss(flows)
        one = Signals(kept=found.kept[seed : seed + 1], seeds=1, left_out=0).worst()
        assert one.sum() == (worst is not None)
        if worst is not None:
            assert one[worst.layer - 1] == 1


def test_many_outputs_and_softmax_at_once() -> None:
    experiment = Experiment.from_dict(
        {
            "network": {"widths": [2, 4, 3], "activation": ["relu", "softmax"]},
            "task": {"name": "blobs", "classes": 3},
        }
    )
    data = experiment.data()
    x, y = data.inputs[:1], data.targets[:1]
    found = signals(experiment, initial_parameters(experiment, range(8)), x, y)
    flows = [
        layer_flows(pass_example(initial_layers(experiment, seed), Objective.of(experiment.loss), x, y))
        for seed in range(8)
    ]
    np.testing.assert_allclose(found.kept, [[flow.kept for flow in each] for each in flows], rtol=1e-9)


def test_signals_that_are_lost_are_lost_where_they_become_zero() -> None:
    kept = np.array([[0.0, 0.0, 0.5], [0.5, 1.0, 0.9], [2.0, 2.0, 2.0]])
    found = Signals(kept=kept, seeds=4, left_out=1)
    assert found.worst().tolist() == [1, 1, 0]
    assert found.starved.tolist() == [True, False, False]
    assert found.to_dict()["vanished"]["k"] == 1
    nobody = Signals(kept=np.empty((0, 3)), seeds=4, left_out=4)
    assert nobody.to_dict()["vanished"] is None
    assert nobody.worst().tolist() == [0, 0, 0]


# The spectral norm of wide matrices against all their singular values.


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
def test_it_is_the_largest_singular_value(name: str) -> None:
    matrix = MATRICES[name]()
    assert spectral_norm(matrix) == pytest.approx(float(np.linalg.norm(matrix, 2)), rel=1e-9)


def test_small_ones_are_exact() -> None:
    matrix = rng.standard_normal((512, 600))
    assert spectral_norm(matrix) == float(np.linalg.norm(matrix, 2))
