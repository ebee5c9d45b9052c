"""Units at the ends of tanh: a fault where they began there, none where a training that learns drove them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from trainlab.diagnosis.faults.fading_signals import judge_saturated_activation
from trainlab.diagnosis.observed.record import ActivationRecord, FirstValues, ParamRecord


@pytest.mark.parametrize(
    ("state", "first", "found"),
    [("learnt", 0.1, False), ("learnt", 0.95, True), ("stuck", 0.1, True), ("stuck", 0.95, True)],
)
def test_where_they_began(state: str, first: float, found: bool) -> None:
    one = ActivationRecord("tanh", "encoder.1", "encoder.1", None, "encoder.0", 64)
    one.ticks, one.saturated = list(range(40)), [first] * 3 + [0.95] * 37
    one.before = [5.0] * 40
    learning = SimpleNamespace(state=state, falls_short=state == "stuck", ratio=0.8, words="…")
    case: Any = SimpleNamespace(
        learning=learning, record=SimpleNamespace(activations=[one], graphs=[]), weights=list
    )
    assert (judge_saturated_activation(case) is not None) == found


@pytest.mark.parametrize(("std", "found"), [(1.0, True), (0.1, False)])
def test_wide_weights_before_it_make_half_of_its_values_enough(std: float, found: bool) -> None:
    one = ActivationRecord("tanh", "encoder.1", "encoder.1", None, "encoder.0", 64)
    one.ticks, one.saturated, one.before = list(range(40)), [0.7] * 40, [5.0] * 40
    weight = ParamRecord(
        key=0, name="encoder.0.weight", module_kind="Linear", shape=(64, 96), requires_grad=True
    )
    weight.start = FirstValues(std=std)
    learning = SimpleNamespace(state="learnt", falls_short=False, ratio=0.2, words="…")
    record = SimpleNamespace(activations=[one], graphs=[])
    case: Any = SimpleNamespace(learning=learning, record=record, weights=lambda: [weight])
    assert (judge_saturated_activation(case) is not None) == found
