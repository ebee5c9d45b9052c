from __future__ import annotations

import pytest

from trainlab.spec import Adam, Batch, Circles, CyclicLR, LossBelow, MultiStepLR, Split, StepLR
from trainlab.spec.checks import MAX_COUNT, OutOfBoundsError
from trainlab.spec.fields import bounds_of
from trainlab.spec.tasks import BOUNDS


def test_bounds_are_those_that_the_kind_checks():
    assert bounds_of(Adam, {}) == {
        "lr": {"at_least": 0},
        "betas": {"at_least": 0, "below": 1},
        "eps": {"above": 0},
        "weight_decay": {"at_least": 0},
    }
    assert bounds_of(Batch, {}) == {"batch_size": {"at_least": 1, "at_most": MAX_COUNT}}


def test_fields_without_a_default_are_given():
    count = {"at_least": 1, "at_most": MAX_COUNT}
    assert bounds_of(StepLR, {"step_size": 5}) == {"step_size": count, "gamma": {"at_least": 0}}
    assert bounds_of(MultiStepLR, {"milestones": [5]})["milestones"] == count
    assert bounds_of(CyclicLR, {"base_lr": 0.1, "max_lr": 1})["step_size_down"] == count


def test_any_finite_number_has_no_bounds():
    assert bounds_of(LossBelow, {"loss": 0.1}) == {}


@pytest.mark.parametrize("kind", [Circles, Split])
def test_bounds_of_tables_are_those_of_the_table(kind: type):
    assert bounds_of(kind, {}) == {name: BOUNDS[name] for name in kind.__struct_fields__ if name in BOUNDS}


def test_an_error_has_its_bounds():
    with pytest.raises(OutOfBoundsError, match=r"^lr = -1\.0: must be a finite number ≥ 0\.$") as caught:
        Adam(lr=-1)
    assert caught.value.field == "lr"
    assert caught.value.bounds == {"at_least": 0}
