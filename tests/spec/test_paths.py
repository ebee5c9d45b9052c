"""Numeric fields by their paths: which there are, what a short name means, and setting them."""

from __future__ import annotations

import re

import pytest

from trainlab.errors import SpecError
from trainlab.spec import Experiment, find_field, numeric_fields, value_of, with_values

PLAIN = {
    "network": "2-3-1",
    "init": {"weight": {"name": "normal", "std": 0.5}},
    "optimizer": {"name": "sgd", "lr": 0.1},
    "sampling": "single",
}


def experiment(**changes: object) -> Experiment:
    return Experiment.from_dict({**PLAIN, **changes})


def test_every_number_that_training_depends_on_is_listed_with_its_kind():
    fields = numeric_fields(experiment())
    assert fields["optimizer.lr"] == fields["init.weight.std"] == fields["solved.within"] == "real"
    assert fields["epochs"] == fields["network.widths.1"] == "whole"
    assert fields["sampling.steps_per_epoch"] == "whole"  # left out, but it is a number where it isn't
    assert not any(path.startswith("record") for path in fields)
    assert not {"loss", "network.bias", "network.activation", "optimizer.name"} & set(fields)
    assert numeric_fields(experiment(optimizer="adam"))["optimizer.betas.1"] == "real"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("optimizer.lr", "optimizer.lr"),
        ("lr", "optimizer.lr"),
        ("init.std", "init.weight.std"),
        ("weight.std", "init.weight.std"),
        ("std", "init.weight.std"),
        ("widths.1", "network.widths.1"),
        ("epochs", "epochs"),
    ],
)
def test_a_name_may_leave_out_parts(name: str, path: str):
    assert find_field(experiment(), name) == path


def test_a_name_that_means_two_fields_is_refused():
    both = experiment(init={"weight": {"name": "normal"}, "bias": {"name": "normal"}})
    with pytest.raises(SpecError) as raised:
        find_field(both, "init.std")
    assert str(raised.value) == (
        "'init.std': could be 'init.weight.std' or 'init.bias.std'. Write the whole path."
    )
    assert find_field(both, "bias.std") == "init.bias.std"


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("optimzer.lr", "Did you mean 'optimizer.lr'?"),
        ("init.a", "init.weight is 'normal'; 'uniform' has 'a'."),
        ("eps", "optimizer is 'sgd'; 'adam' has 'eps'."),
        ("loss", "or 'solved.within'."),
        ("optimizer", "Did you mean 'optimizer.lr'?"),
        ("", "or 'solved.within'."),
        ("lr.optimizer", "Did you mean 'optimizer.lr'?"),
    ],
)
def test_a_name_that_means_none_is_refused_and_says_what_there_is(name: str, end: str):
    with pytest.raises(SpecError) as raised:
        find_field(experiment(), name)
    message = str(raised.value)
    assert message.startswith(f"{name!r}: no numeric field of this experiment; it has 'network.widths.0', ")
    assert message.endswith(end)
    assert "\n" not in message


def test_setting_gives_what_the_file_would():
    ours = with_values(experiment(), {"optimizer.lr": 1, "init.weight.std": 3, "epochs": 7})
    theirs = experiment(
        optimizer={"name": "sgd", "lr": 1.0}, init={"weight": {"name": "normal", "std": 3.0}}, epochs=7
    )
    assert ours == theirs
    assert ours.fingerprint == theirs.fingerprint
    assert (value_of(ours, "optimizer.lr"), value_of(ours, "network.widths.1")) == (1.0, 3)
    assert value_of(ours, "sampling.steps_per_epoch") is None


def test_an_entry_of_a_list_is_set_by_its_place():
    wide = with_values(experiment(), {"network.widths.1": 9})
    assert wide.network.widths == (2, 9, 1)
    adam = with_values(experiment(optimizer="adam"), {"optimizer.betas.0": 0.5})
    assert (
        adam.optimizer
        == Experiment.from_dict(
            {"network": "2-3-1", "optimizer": {"name": "adam", "betas": [0.5, 0.999]}}
        ).optimizer
    )


def test_two_fields_that_hold_each_other_are_set_at_once():
    uniform = experiment(init={"weight": {"name": "uniform", "a": 0, "b": 1}})
    moved = with_values(uniform, {"init.weight.a": 5, "init.weight.b": 6})
    assert (value_of(moved, "init.weight.a"), value_of(moved, "init.weight.b")) == (5.0, 6.0)


@pytest.mark.parametrize(
    ("path", "value", "nested"),
    [
        ("optimizer.lr", -1.0, {"optimizer": {"name": "sgd", "lr": -1.0}}),
        ("epochs", 0, {"epochs": 0}),
        ("network.widths.1", 0, {"network": {"widths": [2, 0, 1]}}),
        ("init.weight.std", float("nan"), {"init": {"weight": {"name": "normal", "std": float("nan")}}}),
        ("sampling.steps_per_epoch", 10**9, {"sampling": {"name": "single", "steps_per_epoch": 10**9}}),
    ],
)
def test_a_wrong_value_is_refused_as_the_file_s_is(path: str, value: float, nested: dict[str, object]):
    with pytest.raises(SpecError) as theirs:
        experiment(**nested)
    with pytest.raises(SpecError, match=re.escape(str(theirs.value))):
        with_values(experiment(), {path: value})
