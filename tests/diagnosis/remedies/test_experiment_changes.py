"""Remedies as changes of an experiment: what each sets, and which there is no field for."""

from __future__ import annotations

from typing import Any

import pytest

from trainlab.diagnosis.lift.recording import Unused
from trainlab.diagnosis.remedies.experiment_trials import changed, with_the_unused
from trainlab.diagnosis.remedies.remedy import CLIPPED, RELU_HE, rate_times
from trainlab.spec import Experiment


def experiment(**changes: Any) -> Experiment:
    fields: dict[str, Any] = {
        "network": {"widths": "2-2-2-1", "activation": "tanh", "output_bias": False},
        "init": {"weight": {"name": "normal"}, "bias": "default"},
        "loss": "l1",
        "optimizer": {"name": "sgd", "lr": 0.02, "momentum": 0.99},
    }
    return Experiment.from_dict(fields | changes)


def test_a_rate():
    new = changed(experiment(), rate_times(0.1).changes)
    assert new is not None
    assert new.optimizer.lr == pytest.approx(0.002)
    assert new.network.label == experiment().network.label
    assert new.loss == experiment().loss


def test_activations_between_layers_and_a_start():
    new = changed(experiment(), RELU_HE.changes)
    assert new is not None
    assert new.network.activations == ("relu", "relu", "tanh")
    assert {type(one).__name__ for one in new.init.weights_of(3)} == {"KaimingNormal"}


@pytest.mark.parametrize(
    ("change", "part", "value"),
    [
        ({"change": "off_output"}, ("network", "activation"), ["tanh", "tanh", "linear"]),
        ({"change": "inputs"}, ("scaling", "inputs"), "standard"),
        (CLIPPED.changes[0], ("clip", "norm"), 1.0),
    ],
)
def test_other_changes(change: dict[str, Any], part: tuple[str, str], value: Any):
    new = changed(experiment(), [change])
    assert new is not None
    found = new.to_dict()[part[0]][part[1]]
    assert (list(found) if isinstance(value, list) else found) == value


@pytest.mark.parametrize(
    "change",
    [
        {"change": "zero_grad"},
        {"change": "shuffle"},
        {"change": "init", "scheme": "orthogonal"},
        {"change": "weight_decay", "times": 0.01},
        {"change": "between"},
        {"change": "replace", "which": ["relu"], "by": "leaky_relu"},
        {"change": "lr", "times": 1.0},
    ],
)
def test_what_there_is_no_field_for_or_nothing_to_change(change: dict[str, Any]):
    assert changed(experiment(), [change]) is None


def test_a_layer_that_is_never_called_is_put_where_it_is_declared():
    (remedy,) = with_the_unused([Unused(name="lin2", fan_in=2, fan_out=2, bias=True, after=1)])
    assert remedy.words == "lin2 used where it is declared"
    new = changed(experiment(), remedy.changes)
    assert new is not None
    assert new.network.widths == (2, 2, 2, 2, 1)
    assert new.network.biases == (True, True, True, False)
    assert new.network.parameters == experiment().network.parameters + 6
    assert with_the_unused([]) == ()


def test_a_layer_that_does_not_fit_is_not_tried():
    (remedy,) = with_the_unused([Unused(name="odd", fan_in=3, fan_out=3, bias=True, after=1)])
    assert changed(experiment(), remedy.changes) is None
