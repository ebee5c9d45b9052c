from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from spec.strategies import EXPERIMENTS

from trainlab.spec import SGD, Adam, Constant, Experiment, Init, Network, Normal, Record, Single, Within

BASE = Experiment.from_dict({"network": "2-5-4-1", "init": {"weight": "normal"}, "sampling": "single"})

SAME = {
    "bias per layer": {"network": {"widths": [2, 5, 4, 1], "bias": [True, True, True]}},
    "activation per layer": {"network": {"widths": "2-5-4-1", "activation": ["tanh", "tanh", "tanh"]}},
    "output set apart, to the same": {
        "network": {"widths": "2-5-4-1", "output_bias": True, "output_activation": "tanh"}
    },
    "four steps are the default for four points": {"sampling": {"name": "single", "steps_per_epoch": 4}},
    "whole number for a float": {"init": {"weight": {"name": "normal", "std": 1}}},
    "no layer frozen": {"frozen": []},
    "the plain gradient": {"gradient": "plain"},
    "the first draws": {"redraw": 0},
    "negative zero": {"init": {"weight": {"name": "normal", "mean": -0.0}}},
    "gradients of the data are the default": {"record": {"gradients": "data"}},
    "defaults spelt out": {"optimizer": {"name": "sgd", "lr": 0.001, "momentum": 0}},
}

OTHER: dict[str, Callable[[Experiment], Experiment]] = {
    "widths": lambda e: replaced(e, network=Network(widths=(2, 4, 5, 1))),
    "bias": lambda e: replaced(e, network=Network(widths=(2, 5, 4, 1), bias=False)),
    "output_bias": lambda e: replaced(e, network=Network(widths=(2, 5, 4, 1), output_bias=False)),
    "activation": lambda e: replaced(e, network=Network(widths=(2, 5, 4, 1), activation="relu")),
    "output_activation": lambda e: replaced(
        e, network=Network(widths=(2, 5, 4, 1), output_activation="linear")
    ),
    "init": lambda e: replaced(e, init=Init(weight=Normal(std=2.0))),
    "init of the biases": lambda e: replaced(e, init=Init(weight=Normal(), bias=Constant())),
    "loss": lambda e: replaced(e, loss="l1"),
    "optimizer": lambda e: replaced(e, optimizer=Adam()),
    "lr": lambda e: replaced(e, optimizer=SGD(lr=0.002)),
    "momentum": lambda e: replaced(e, optimizer=SGD(momentum=0.9)),
    "sampling": lambda e: Experiment.from_dict({**e.to_dict(), "sampling": "full"}),
    "steps_per_epoch": lambda e: replaced(e, sampling=Single(steps_per_epoch=5)),
    "gradient": lambda e: replaced(e, gradient="equalised"),
    "frozen": lambda e: replaced(e, frozen=(1, 2)),
    "redraw": lambda e: replaced(e, redraw=1),
    "epochs": lambda e: e.at_epochs(301),
    "solved": lambda e: replaced(e, solved=Within(within=0.2)),
    "loss_every": lambda e: replaced(e, record=Record(loss_every=1)),
    "gradient_every": lambda e: replaced(e, record=Record(gradient_every=1)),
    "solved_every": lambda e: replaced(e, record=Record(solved_every=1)),
    "gradients": lambda e: replaced(e, record=Record(gradients="step")),
}


def replaced(experiment: Experiment, **fields: object) -> Experiment:
    return msgspec.structs.replace(experiment, **fields)


@pytest.mark.parametrize("written", SAME.values(), ids=SAME.keys())
def test_the_same_experiment_written_otherwise_has_the_same_fingerprint(written: dict[str, object]):
    plain = {"network": "2-5-4-1", "init": {"weight": "normal"}, "sampling": "single"}
    assert Experiment.from_dict({**plain, **written}).fingerprint == BASE.fingerprint


def test_frozen_layers_have_no_order():
    assert replaced(BASE, frozen=(2, 1, 2)).frozen == (1, 2)
    assert replaced(BASE, frozen=[2, 1]).fingerprint == replaced(BASE, frozen=(1, 2)).fingerprint


def test_what_came_later_changes_no_fingerprint_where_it_is_not_used():
    # As experiments were known before they had `gradient` and `frozen`.
    assert BASE.fingerprint[:16] == "03a198243c714471"


def test_python_numbers_of_any_kind_give_the_same_fingerprint():
    network = Network(widths=(2, 3, 1))
    floats = Experiment(network=network, optimizer=SGD(lr=1.0), init=Init(weight=Constant(val=0.0)))
    others = Experiment(
        network=network, optimizer=SGD(lr=np.float64(1)), init=Init(weight=Constant(val=-0.0))
    )
    whole = Experiment(network=network, optimizer=SGD(lr=1), init=Init(weight=Constant(val=0)))
    assert floats.fingerprint == others.fingerprint == whole.fingerprint


def test_every_field_changes_the_fingerprint_and_no_two_alike():
    prints = [change(BASE).fingerprint for change in OTHER.values()]
    assert len({BASE.fingerprint, *prints}) == len(OTHER) + 1


@pytest.mark.computes
@settings(max_examples=40, deadline=None)
@given(EXPERIMENTS, EXPERIMENTS)
def test_fingerprints_are_equal_exactly_when_the_canonical_forms_are(one: Experiment, two: Experiment):
    assert (one.fingerprint == two.fingerprint) == (one.canonical() == two.canonical())
    assert len(one.fingerprint) == 64


@settings(max_examples=40, deadline=None)
@given(EXPERIMENTS)
def test_the_canonical_form_without_its_format_is_an_experiment_with_the_same_fingerprint(one: Experiment):
    form = one.canonical()
    assert form.pop("format") == 2
    assert Experiment.from_dict(form).fingerprint == one.fingerprint


def test_the_fingerprint_of_the_first_cell_of_the_assignment_is_for_ever(xor44):
    # A store finds its runs by it: if this changes, raise FINGERPRINT_FORMAT and say so in the changelog.
    first = xor44.experiment("Model 1")
    of_data = msgspec.structs.replace(first.record, gradients="data")
    assert replaced(first, record=of_data).fingerprint == (
        "221b5326c87cf49e5561a1ed97de4c19592683f286d90caffdb4be03a990e108"
    )
    assert first.fingerprint == "8c14f11c2b205a0e34fe17aa5cb9e2e8e1a873f920de7dfbb3688232f7326b4c"
