from __future__ import annotations

import pytest
from web.experiments import sent, xor

from trainlab import Experiment, TrainlabError, budget
from trainlab.web.answers.budget import answer_budget
from trainlab.web.questions import Budget, Limits


def asked(parameters: int | None = None, **changes: object):
    ((header, arrays),) = sent(
        answer_budget(Budget(experiment=xor(**changes), parameters=parameters), Limits())
    )
    assert header["last"] is True
    assert arrays == {}
    return header


def test_a_network_is_counted_layer_by_layer():
    header = asked(network="2-5-4-1")
    assert header["parameters"] == header["trained"] == 44
    assert [layer["parameters"] for layer in header["layers"]] == [15, 24, 5]
    assert header["layers"][0] == {
        "name": "1",
        "fan_in": 2,
        "fan_out": 5,
        "weights": 10,
        "biases": 5,
        "parameters": 15,
        "trained": True,
    }
    assert header["counted"] == "2-5-4-1 has 44 parameters: 15 + 24 + 5."


def test_frozen_layers_are_counted_apart():
    header = asked(network="2-5-4-1", frozen=[2])
    assert header["trained"] == 20
    assert [layer["trained"] for layer in header["layers"]] == [True, False, True]
    assert header["counted"].endswith(" 20 of them are trained, the others stay fixed.")


def test_other_networks_have_just_as_many():
    header = asked(network="2-5-4-1")
    room = budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2, max_depth=8)
    assert header["there_are"] == f"{room.count():,}"
    assert header["sentence"] == str(room)
    names = [each["name"] for each in header["networks"]]
    assert len(names) == 24
    assert "2-5-4-1" not in names
    listed = [str(each) for each in room.list()]
    assert [name for name in listed if name in names] == names
    for each in header["networks"]:
        made = Experiment.from_dict(xor(network=each["network"]))
        assert made.network.parameters == 44


def test_few_networks_are_all_there():
    header = asked(parameters=9, network="2-3-1")
    assert header["parameters"] == 13
    room = budget(9, inputs=2, outputs=1, hidden_bias="yes", min_width=2, max_depth=8)
    assert [each["name"] for each in header["networks"]] == [str(each) for each in room.list()]


def test_no_network_is_said():
    header = asked(parameters=4)
    assert header["networks"] == []
    assert header["there_are"] == "0"
    assert header["sentence"].startswith("No fully connected network from 2 inputs to 1 output has exactly 4")


def test_biases_and_what_is_listed_by_layer_are_carried_over():
    network = {
        "widths": "2-4-3-1",
        "bias": [True, False, True],
        "activation": ["relu", "tanh", "sigmoid"],
        "dropout": [0.1, 0.2],
    }
    header = asked(network=network)
    for each in header["networks"]:
        made = Experiment.from_dict(xor(network=each["network"])).network
        assert made.parameters == header["parameters"]
        assert made.activations[0] == "relu"
        assert made.activations[-1] == "sigmoid"
    assert header["layers"][1]["biases"] == 0


@pytest.mark.parametrize("parameters", [301, 20_000, 100_000])
def test_large_budgets_are_counted_up_to_a_depth_that_takes_no_long(parameters: int):
    header = asked(parameters=parameters)
    assert header["asked"] == parameters
    assert 10 < len(header["networks"]) <= 24
    for each in header["networks"]:
        Experiment.from_dict(xor(network=each["network"]))


def test_what_is_too_large_is_refused():
    with pytest.raises(
        TrainlabError, match=r"^network.widths = '2-4000-1': 16,001 parameters, and at most 1"
    ):
        list(answer_budget(Budget(experiment=xor(network="2-4000-1")), Limits(parameters=1000)))
