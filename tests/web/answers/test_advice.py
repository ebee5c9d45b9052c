from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from web.experiments import xor

import trainlab
from trainlab import Experiment
from trainlab.explain.questions.loss import pairing_of
from trainlab.web.answers.advice import advice_on

ZERO = {"weight": {"name": "constant", "val": 0.0}, "bias": {"name": "constant", "val": 0.0}}
ONE = {"weight": {"name": "constant", "val": 1.0}, "bias": {"name": "constant", "val": 0.5}}


def advice(**changes: Any) -> dict[str, str]:
    found = advice_on(Experiment.from_dict(xor(**changes)), 0)
    assert len({each["field"] for each in found}) == len(found)
    return {each["field"]: each["words"] for each in found}


def test_nothing_is_said_of_what_fits():
    assert advice() == {}
    assert advice(loss="bce_with_logits", network={"widths": "2-3-1", "output_activation": "linear"}) == {}


def test_a_loss_that_doesn_t_fit_its_output_is_explained():
    changes = {"loss": "bce_with_logits", "network": {"widths": "2-3-1", "output_activation": "sigmoid"}}
    found = pairing_of(Experiment.from_dict(xor(**changes)))
    assert advice(**changes)["loss"] == (
        f"{found.sentence} The loss applies its own sigmoid to this one, so predictions stay between 50 and "
        "73.1 %."
    )


def test_a_rate_of_0_moves_nothing():
    still = {"optimizer": {"name": "sgd", "lr": 0.0}}
    assert advice(**still)["optimizer.lr"].startswith("At a learning rate of 0 no weight moves")
    runs = trainlab.run(Experiment.from_dict(xor(**still)), seeds=2).cells[0].runs
    begun = trainlab.run(Experiment.from_dict(xor(**still, epochs=1)), seeds=2).cells[0].runs
    assert runs.parameters.tobytes() == begun.parameters.tobytes()


def test_examples_that_contradict_each_other_are_told():
    rows = {"name": "points", "inputs": [[0, 0], [0, 0], [1, 1], [1, 1]], "targets": [1, 0, 1, 1]}
    assert advice(task=rows)["task"].startswith(
        "At one place examples with the same inputs have other classes"
    )
    assert advice(task={**rows, "targets": [1, 1, 0, 0]}) == {}


def test_layers_without_activations_are_one():
    network = {"widths": "2-3-3-1", "activation": "linear"}
    assert advice(network=network) == {
        "network.activation": "No hidden layer has an activation but 'linear', so the 3 layers are one "
        "linear map: they can say no more than a single layer."
    }
    assert advice(network={"widths": "2-1", "activation": "linear"}) == {}


def test_zeros_let_no_gradient_through():
    said = advice(init=ZERO, network="2-3-4-1")
    assert said == {
        "init.weight": "No gradient reaches layers 1, 2: their outputs, and the weights after them, are 0, "
        "and stay so: start from random weights."
    }
    runs = trainlab.run(Experiment.from_dict(xor(init=ZERO, network="2-3-4-1")), seeds=1).cells[0].runs
    assert not runs.parameters[0, :-1].any()


@pytest.mark.parametrize(
    ("init", "network"), [(ONE, "2-3-1"), (ZERO, {"widths": "2-3-1", "activation": "sigmoid"})]
)
def test_units_that_start_equal_stay_equal(init: dict[str, Any], network: Any):
    changes = {"init": init, "network": network}
    said = advice(**changes)
    assert said["init.weight"].startswith("The units of layer 1 start equal and get equal gradients")
    runs = trainlab.run(Experiment.from_dict(xor(**changes)), seeds=1).cells[0].runs
    weights = runs.parameters[0, :6].reshape(3, 2)
    assert np.ptp(weights, axis=0).max() == 0


@pytest.mark.parametrize(
    "scheme",
    [
        {"name": "normal", "mean": 1.0, "std": 0.0},
        {"name": "uniform", "a": 1.0, "b": 1.0},
        {"name": "xavier_normal", "gain": 0.0},
    ],
)
def test_a_scheme_without_spread_is_a_constant(scheme: dict[str, Any]):
    assert "init.weight" in advice(init={"weight": scheme, "bias": ONE["bias"]})


def test_what_breaks_the_tie_is_no_tie():
    assert advice(init={**ONE, "bias": "default"}) == {}
    assert advice(init=ONE, network={"widths": "2-3-1", "dropout": 0.2}) == {}
    assert advice(init=ONE, network="2-1-1") == {}
    last_apart = {"weight": [ONE["weight"], "normal"], "bias": ONE["bias"]}
    assert advice(init=last_apart) == {}


def test_a_training_that_goes_on_is_not_judged_by_its_init():
    assert advice(init=ONE, after=xor()) == {}
