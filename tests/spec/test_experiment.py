from typing import Any

import numpy as np
import pytest

from trainlab.errors import SpecError, TrainlabError, listing
from trainlab.spec import (
    MSE,
    SGD,
    Adam,
    Change,
    Constant,
    Default,
    Experiment,
    Full,
    Init,
    Network,
    Normal,
    Record,
    Single,
    TaskSpec,
    Uniform,
    Within,
    Xor,
    parse_widths,
)
from trainlab.spec.fields import kinds_of

TASK_NAMES = listing(kinds_of(TaskSpec))


def test_the_defaults_are_pytorchs():
    one = Experiment(network=Network(widths=(2, 3, 1)))
    assert one.optimizer == SGD(lr=1e-3, momentum=0.0)
    assert Adam() == Adam(lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    assert one.init == Init(weight=Default(), bias=Default())
    assert one.network == Network(widths=(2, 3, 1), bias=True, activation="tanh")
    assert (one.task, one.loss, one.sampling) == (Xor(), MSE(), Full())
    assert one.solved.within == 0.1


@pytest.mark.parametrize(
    "value", [Experiment(network=Network(widths=(2, 1))), Network(widths=(2, 1)), SGD(), Record(), Within()]
)
def test_a_spec_is_frozen_keyword_only_hashable_and_printable(value: Any):
    field = value.__struct_fields__[0]
    with pytest.raises(AttributeError):
        setattr(value, field, getattr(value, field))
    with pytest.raises(TypeError):
        type(value)(getattr(value, field))
    assert hash(value) == hash(
        type(value)(**{name: getattr(value, name) for name in value.__struct_fields__})
    )
    assert repr(value).startswith(f"{type(value).__name__}({field}=")


@pytest.mark.parametrize("value", [range(3), np.array(3), memoryview(b"x")])
def test_what_has_items_is_no_table_for_that(value: object):
    for make in (lambda: SGD(momentum=value), lambda: Experiment(network=Network(widths=(2, 1)), loss=value)):
        with pytest.raises(SpecError, match=r"^(momentum|loss) = .*: must be "):
            make()


def test_shorthands_mean_what_they_abbreviate():
    short = Experiment.from_dict(
        {"network": "2-5-4-1", "optimizer": "adam", "sampling": "single", "init": {"weight": "normal"}}
    )
    assert short == Experiment(
        network=Network(widths=(2, 5, 4, 1)), optimizer=Adam(), sampling=Single(), init=Init(weight=Normal())
    )
    assert Experiment.from_dict({"network": [2, 5, 4, 1]}) == Experiment.from_dict({"network": "2-5-4-1"})
    assert Experiment.from_dict({"network": {"widths": " 2-5-4-1 "}}).network.widths == (2, 5, 4, 1)


def test_a_network_counts_its_parameters():
    assert Network(widths=(2, 5, 4, 1)).parameters == 44
    assert Network(widths=(2, 11, 1), output_bias=False).parameters == 44
    assert Network(widths=(2, *(2,) * 7, 1), output_bias=False).parameters == 44
    assert Network(widths=(2, 3, 1), bias=(False, True)).parameters == 10


def test_values_per_layer_and_for_the_last():
    network = Network(widths=(2, 3, 3, 1), bias=False, output_bias=True, output_activation="linear")
    assert network.biases == (False, False, True)
    assert network.activations == ("tanh", "tanh", "linear")
    assert network.label == "2-3-3-1"


def test_steps_of_an_epoch():
    assert Experiment.from_dict({"network": "2-1"}).steps_per_epoch == 1
    assert Experiment.from_dict({"network": "2-1", "sampling": "single"}).steps_per_epoch == 4
    assert Experiment(network=Network(widths=(2, 1)), sampling=Single(steps_per_epoch=7)).steps_per_epoch == 7


def test_at_epochs_is_checked_too():
    one = Experiment(network=Network(widths=(2, 1)))
    assert one.at_epochs(7).epochs == 7
    with pytest.raises(SpecError, match="epochs = 0"):
        one.at_epochs(0)


@pytest.mark.parametrize("text", ["", "2", "2-", "-2-1", "2--1", "2 - 1", "2-x-1", "2.0-1", "२-१"])
def test_widths_that_cannot_be_read(text: str):
    with pytest.raises(SpecError, match="must be whole numbers joined by '-'"):
        parse_widths(text)


@pytest.mark.parametrize("text", ["2-1000000000-1", "2-" + "9" * 5000])
def test_widths_of_too_many_digits(text: str):
    with pytest.raises(SpecError, match="a width has at most 9 digits; lower the widest"):
        parse_widths(text)


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (SGD, {"lr": "fast"}, "lr = 'fast': must be a number."),
        (SGD, {"lr": True}, "lr = True: must be a number."),
        (SGD, {"lr": -0.1}, "lr = -0.1: must be a finite number ≥ 0."),
        (SGD, {"momentum": float("nan")}, "momentum = nan: must be a finite number ≥ 0."),
        (Adam, {"betas": (0.9,)}, "betas = (0.9,): must be a list of 2, not of 1."),
        (Adam, {"betas": (0.9, 1.0)}, "betas = 1.0: must be a finite number ≥ 0 and < 1."),
        (Adam, {"eps": 0}, "eps = 0.0: must be a finite number > 0."),
        (Normal, {"std": -1}, "std = -1.0: must be a finite number ≥ 0."),
        (Constant, {"val": float("inf")}, "val = inf: must be a finite number."),
        (Uniform, {"a": 2}, "a = 2.0, b = 1.0: the lower bound a must not exceed the upper bound b."),
        (
            Single,
            {"steps_per_epoch": 0},
            "steps_per_epoch = 0: must be a whole number ≥ 1 and ≤ 100,000,000.",
        ),
        (Within, {"within": 0}, "within = 0.0: must be a finite number > 0."),
        (
            Record,
            {"loss_every": 10**30},
            f"loss_every = {10**30}: must be a whole number ≥ 0 and ≤ 100,000,000.",
        ),
        (Network, {"widths": (2, True)}, "widths[1] = True: must be a whole number."),
        (Network, {"widths": (2, 1), "bias": 1}, "bias = 1: must be true or false or a list."),
        (
            Network,
            {"widths": (2, 5000, 1)},
            "widths = (2, 5000, 1): every width must be from 1 to 4,096, not 5000.",
        ),
        (
            Experiment,
            {"network": Network(widths=(2, 3, 2))},
            "network.widths = '2-3-2': the last width is 2, but the task 'xor' needs 1.",
        ),
        (
            Experiment,
            {"network": Network(widths=(2, 1)), "task": "xr"},
            f"task = 'xr': must be {TASK_NAMES}. Did you mean 'xor'?",
        ),
        (Experiment, {"network": Network(widths=(2, 1)), "epochs": 10**400}, None),
    ],
)
def test_python_is_held_to_the_same_rules_as_a_file(kind: Any, fields: dict[str, Any], message: str | None):
    with pytest.raises(SpecError) as error:
        kind(**fields)
    text = str(error.value)
    assert isinstance(error.value, TrainlabError)
    assert "\n" not in text
    if message is not None:
        assert text == message


def test_a_list_becomes_a_tuple_and_a_whole_number_a_float():
    assert hash(Network(widths=[2, 3, 1])) == hash(Network(widths=(2, 3, 1)))  # type: ignore[arg-type]
    assert isinstance(SGD(lr=1).lr, float)


def test_an_init_by_its_scheme_is_that_of_the_weights():
    by_name = Experiment.from_dict({"network": "2-1", "init": "xavier_uniform"})
    assert by_name == Experiment.from_dict({"network": "2-1", "init": {"weight": "xavier_uniform"}})
    by_fields = Experiment.from_dict({"network": "2-1", "init": {"name": "normal", "std": 0.5}})
    assert by_fields.init.weight == Normal(std=0.5)
    with pytest.raises(SpecError, match=r"^init\.weight = 'xavier': must be .* Did you mean 'xavier_normal'"):
        Experiment.from_dict({"network": "2-1", "init": "xavier"})


@pytest.mark.parametrize("init", ["normal", {"name": "normal"}])
def test_a_change_of_the_init_by_its_scheme_leaves_the_biases(init: object):
    before = Experiment.from_dict({"network": "2-1", "init": {"weight": "default", "bias": "constant"}})
    after = Change.from_dict("A", {"init": init}).apply(before)
    assert after == Experiment.from_dict({"network": "2-1", "init": {"weight": "normal", "bias": "constant"}})
