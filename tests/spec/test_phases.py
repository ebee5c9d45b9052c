"""Trainings that go on: in files, in Python, and what they refuse."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from trainlab.errors import SpecError
from trainlab.spec import Experiment, Init, Normal, study_from_dict, study_from_toml, study_to_toml
from trainlab.spec.change import go_on
from trainlab.spec.field_paths import numeric_fields

BASE: dict[str, Any] = {"network": "2-3-1", "loss": "l1", "epochs": 20}
TEXT = """
seeds = 5
[baseline]
network = "2-3-1"
loss = "l1"
epochs = 20
[changes.adam]
set.optimizer = "adam"
[changes.more]
then.loss = "mse"
[[phases]]
set.epochs = 7
set.optimizer.lr = 0.5
"""


def test_a_training_goes_on_with_edits_of_what_came_before() -> None:
    first = Experiment.from_dict(BASE)
    second = go_on(
        first, study_from_dict({"baseline": BASE, "phases": [{"set": {"loss": "mse"}}]}).phases[0].edits
    )
    assert second.after == first
    assert second.phases == (first, second)
    assert msgspec.structs.replace(second, after=None) == Experiment.from_dict({**BASE, "loss": "mse"})
    assert Experiment.from_dict(second.to_dict()) == second


def test_phases_come_after_changes_and_then_last_of_all() -> None:
    plan = study_from_toml(TEXT)
    both = plan.experiment("2-3-1", ("adam", "more"))
    lengths = [(phase.epochs, phase.optimizer.lr, type(phase.loss).__name__) for phase in both.phases]
    assert lengths == [(20, 0.001, "L1"), (7, 0.5, "L1"), (7, 0.5, "MSE")]
    assert [len(cell.experiment.phases) for cell in plan.cells()] == [2, 2, 3, 3]
    assert plan.cells()[3].experiment == both
    assert study_from_toml(study_to_toml(plan)) == plan


def test_what_was_recorded_before_makes_no_other_training() -> None:
    first = Experiment.from_dict(BASE)
    second = go_on(first, ())
    recorded = Experiment.from_dict({**BASE, "record": {"loss_every": 1}})
    assert recorded.fingerprint != first.fingerprint
    again = msgspec.structs.replace(second, after=recorded)
    assert again.fingerprint == second.fingerprint
    # Nor does the init of what is not drawn.
    assert msgspec.structs.replace(second, init=Init(weight=Normal())).fingerprint == second.fingerprint
    longer = msgspec.structs.replace(second, after=first.at_epochs(21))
    assert len({second.fingerprint, first.fingerprint, longer.fingerprint}) == 3


def test_the_fields_of_a_training_before_are_no_axes() -> None:
    known = numeric_fields(Experiment.from_dict({**BASE, "init": {"weight": "normal"}}))
    assert "init.weight.std" in known
    unused = {path for path in known if path.startswith(("init.", "network.widths."))}
    second = go_on(Experiment.from_dict({**BASE, "init": {"weight": "normal"}}), ())
    assert set(numeric_fields(second)) == set(known) - unused


def test_no_held_out_row_was_trained_on_in_any_phase() -> None:
    data = {
        "task": {"name": "moons", "points": 80},
        "split": {"held_out": 0.25},
        "network": "2-3-1",
        "loss": "bce_with_logits",
    }
    plan = study_from_dict({"baseline": data, "phases": [{}], "splits": 3, "seeds": 2})
    for each in plan.on_splits(plan.cells()[0].experiment):
        held = {tuple(row) for row in each.data().held_out_inputs.tolist()}
        for phase in each.phases:
            assert not held & {tuple(row) for row in phase.data().inputs.tolist()}
    with pytest.raises(SpecError, match=r"after\.split: holds out other rows"):
        study_from_dict({"baseline": data, "phases": [{"set": {"split": {"seed": 3}}}]})


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {"phases": [{"set": {"network": {"widths": "2-4-1"}}}]},
            "network '2-3-1': phases[0]: after.network: 2-3-1, but the training that continues it has 2-4-1; "
            "both must have the same widths and biases, since the weights stay.",
        ),
        (
            {"changes": {"m": {"then": {"init": "zeros"}}}},
            "change 'm': then.init: can't be changed for a training that continues from its weights.",
        ),
        (
            {"phases": [{"set": {"init": {"weight": "zeros"}}}]},
            "phase: set.init.weight: can't be changed for a training that continues from its weights.",
        ),
        ({"phases": {"set": {}}}, "phases = {'set': {}}: must be a list of tables; write [[phases]]."),
        (
            {"phases": [{"sets": {}}]},
            "phases[0].sets: unknown field; known are 'set'. Did you mean 'set'?",
        ),
        (
            {"changes": {"m": {"then": {}}}},
            "changes.m.set: is missing or empty; a change must set at least one field.",
        ),
        (
            {"changes": {"m": {"then": {"los": "mse"}}}},
            "network '2-3-1': change 'm': then: los: unknown field; known are",
        ),
        (
            {"phases": [{}] * 8},
            "network '2-3-1': phases[7]: after: at most 8 trainings may continue one another.",
        ),
    ],
)
def test_what_cannot_go_on_is_told(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as raised:
        study_from_dict({"baseline": BASE, **tables})
    assert str(raised.value).startswith(message)
