"""Loss, gradient and Hessian of whole networks against autograd, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from explain.learning_rate.hessian import dense_hessian

from trainlab.engine.layout import initial_parameters
from trainlab.explain.questions.learning_rate.one_step import FullLoss
from trainlab.maths import ACTIVATIONS
from trainlab.maths import hessian as hessian_module
from trainlab.spec import Experiment
from trainlab.studies.landscape import loss_at, place_at

BLOBS = {"name": "blobs", "one_hot": True, "classes": 3, "points": 12}
LOSSES: list[tuple[str, dict[str, Any]]] = [
    ("l1", {}),
    ("mse", {}),
    ("huber", {}),
    ("smooth_l1", {}),
    ("log_cosh", {}),
    ("hinge", {}),
    ("bce_with_logits", {}),
    ("bce", {"output_activation": "sigmoid"}),
    ("mse", {"output_activation": "tanh"}),
]
OVER: list[tuple[Any, str]] = [
    ("cross_entropy", "linear"),
    ({"name": "cross_entropy", "label_smoothing": 0.1}, "linear"),
    ("cross_entropy", "softmax"),
    ("nll", "log_softmax"),
    ("nll", "linear"),
    ("bce", "softmax"),
    ("mse", "softmax"),
]


def experiment(loss: Any, widths: str, task: Any = "xor", **network: Any) -> Experiment:
    penalty = {"l2": 0.03} if loss == "mse" else {}
    given = {"activation": "tanh", "output_activation": "linear", **network, "widths": widths}
    return Experiment.from_dict(
        {"task": task, "network": given, "loss": loss, "penalty": penalty, "init": {"weight": "normal"}}
    )


def agrees(made: Experiment, seed: int = 3) -> None:
    row = initial_parameters(made, range(seed, seed + 1))[0]
    place, full = place_at(made, row), FullLoss.of(made)
    assert place.loss == loss_at(made, row) == pytest.approx(full.value(row), rel=1e-13)
    np.testing.assert_allclose(place.gradient, full.gradient(row), rtol=1e-12, atol=1e-14)
    wanted = dense_hessian(torch, made, row)
    size = np.abs(wanted).max()
    np.testing.assert_allclose(place.hessian, wanted, rtol=1e-9, atol=1e-13 * max(size, 1.0))
    np.testing.assert_array_equal(place.hessian, place.hessian.T)


@pytest.mark.parametrize(("loss", "network"), LOSSES, ids=str)
def test_the_hessian_is_autograds_for_each_loss(loss: str, network: dict[str, Any]):
    agrees(experiment(loss, "2-3-2-1", output_bias=False, **network))


@pytest.mark.parametrize("activation", [name for name, entry in ACTIVATIONS.items() if entry.elementwise])
def test_for_each_activation(activation: str):
    agrees(experiment("mse", "2-4-3-1", activation=activation))
    agrees(experiment("bce_with_logits", "2-3-1", activation=activation, bias=False))


@pytest.mark.parametrize(("loss", "last"), OVER, ids=str)
def test_for_what_acts_over_all_outputs(loss: Any, last: str):
    agrees(experiment(loss, "2-4-3", BLOBS, output_activation=last))


def test_for_the_assignments_deep_network():
    agrees(experiment("mse", "2-2-2-2-2-2-2-2-1", activation="sigmoid"))


def test_in_blocks_of_directions_it_is_the_same(monkeypatch: pytest.MonkeyPatch):
    made = experiment("mse", "2-4-3-1")
    row = initial_parameters(made, range(1))[0]
    whole = place_at(made, row)
    monkeypatch.setattr(hessian_module, "_ROOM", 4 * 4 * 5)
    parts = place_at(made, row)
    np.testing.assert_allclose(parts.hessian, whole.hessian, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(parts.network.jacobian, whole.network.jacobian, rtol=1e-13, atol=1e-15)


def test_the_jacobian_is_the_outputs_change():
    made = experiment("mse", "2-3-2-1")
    row, step = initial_parameters(made, range(1))[0], 1e-6
    place = place_at(made, row)
    for column in range(len(row)):
        nudge = np.zeros_like(row)
        nudge[column] = step
        ends = [place_at(made, row + sign * nudge).network.outputs for sign in (1, -1)]
        np.testing.assert_allclose(
            place.network.jacobian[column], (ends[0] - ends[1]) / (2 * step), atol=1e-8
        )
