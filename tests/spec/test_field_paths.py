"""Numeric fields by their paths: which there are, what a short name means, and setting them."""

from __future__ import annotations

import re

import pytest

from trainlab.errors import SpecError
from trainlab.spec import (
    Change,
    Constant,
    Experiment,
    Normal,
    find_field,
    name_of,
    numeric_fields,
    value_of,
    with_values,
)
from trainlab.spec.field_paths import check_path

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
        ("noise.std", "noise.std"),
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
    with pytest.raises(SpecError, match=r"^'std': could be 'init\.weight\.std' or 'noise\.std'\. Write the"):
        find_field(experiment(), "std")


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("optimzer.lr", "Did you mean 'optimizer.lr'?"),
        ("init.a", "init.weight is 'normal'; 'uniform', 'kaiming_uniform' or 'kaiming_normal' has 'a'."),
        ("alpha", "optimizer is 'sgd'; 'rmsprop' has 'alpha'."),
        ("loss", "solved is 'within'; 'loss' has 'loss'."),
        ("T_max", "schedule is 'constant'; 'cosine_annealing' has 'T_max'."),
        ("record.curves", "or 'solved.within'."),
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


LAYERS = {
    "init": {"weight": [{"name": "normal", "std": 0.5}, {"name": "uniform", "a": -1, "b": 1}]},
    "network": {"widths": "2-3-1", "activation": ["relu", "linear"], "dropout": [0.25]},
    "schedule": {"name": "multi_step", "milestones": [10, 20]},
    "clip": {"norm": 1.0},
}


def test_a_part_that_is_listed_layer_by_layer_has_a_path_a_layer():
    listed = experiment(**LAYERS)
    fields = numeric_fields(listed)
    paths = (
        "init.weight.0.std",
        "init.weight.1.a",
        "network.dropout.0",
        "schedule.milestones.1",
        "clip.norm",
    )
    assert set(paths) <= set(fields)
    assert fields["schedule.milestones.1"] == "whole"
    assert find_field(listed, "init.std") == "init.weight.0.std"
    moved = with_values(
        listed, {"init.weight.1.a": -2, "network.dropout.0": 0.5, "schedule.milestones.1": 30}
    )
    assert [name_of(scheme) for scheme in moved.init.weights_of(2)] == ["normal", "uniform"]
    assert (value_of(moved, "init.weight.1.a"), moved.network.dropouts) == (-2.0, (0.5,))
    assert value_of(moved, "schedule.milestones.1") == 30
    with pytest.raises(SpecError) as raised:
        find_field(listed, "weight.1.std")
    assert str(raised.value).endswith(" init.weight.1 is 'uniform'; 'normal' has 'std'.")


def test_a_change_edits_an_entry_of_a_list_too():
    def changed(**edits: object) -> Experiment:
        return Change.from_dict("A", edits).apply(experiment(**LAYERS))

    made = changed(
        network={"activation": {"0": "tanh"}}, init={"weight": {"1": {"name": "constant", "val": 3}}}
    )
    assert made.network.activation == ("tanh", "linear")
    assert made.init.weight == (Normal(std=0.5), Constant(val=3))
    with pytest.raises(SpecError) as raised:
        changed(network={"activation": {"2": "tanh"}})
    assert str(raised.value) == (
        "change 'A': network.activation.2: network.activation lists 2 values; their places are 0 to 1."
    )
    with pytest.raises(SpecError, match=r"init\.weight\.'9+…: init\.weight lists 2 values"):
        changed(init={"weight": {"9" * 99: "default"}})


def test_an_edit_leaves_the_other_parts_as_they_are():
    before = experiment(**LAYERS)
    after = with_values(before, {"optimizer.lr": 0.5})
    for part in Experiment.__struct_fields__:
        assert (getattr(after, part) is getattr(before, part)) == (part != "optimizer"), part


@pytest.mark.parametrize("path", [path for path in numeric_fields(experiment(**LAYERS)) if "." in path])
def test_every_numeric_field_is_a_path_of_the_table_that_a_race_reads(path: str):
    check_path(path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("network.widths.first", "network.widths.first: entries go by their place, from 0."),
        ("epochs.0", "epochs.0: epochs is a single value and has no fields."),
        ("init.weight.0.sdt", "init.weight.0.sdt: unknown field; known are 'name', 'mean', 'std'"),
        ("optimizer.name.x", "optimizer.name.x: optimizer.name is a single value and has no fields."),
    ],
)
def test_a_path_that_no_experiment_has(path: str, message: str):
    with pytest.raises(SpecError) as raised:
        check_path(path)
    assert str(raised.value).startswith(message)


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
