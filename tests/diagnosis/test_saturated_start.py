"""Units at the ends of tanh: a fault where they began there, none where a training that learns drove them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from trainlab.diagnosis.rules.saturated_activation import judge
from trainlab.diagnosis.seen import ActivationSeen


@pytest.mark.parametrize(
    ("state", "first", "found"),
    [("learnt", 0.1, False), ("learnt", 0.95, True), ("stuck", 0.1, True), ("stuck", 0.95, True)],
)
def test_where_they_began(state: str, first: float, found: bool) -> None:
    one = ActivationSeen("tanh", "encoder.1", "encoder.1", None, "encoder.0", 64)
    one.ticks, one.saturated = list(range(40)), [first] * 3 + [0.95] * 37
    one.before = [5.0] * 40
    learning = SimpleNamespace(state=state, ratio=0.8, words="…")
    case: Any = SimpleNamespace(learning=learning, seen=SimpleNamespace(activations=[one], graphs=[]))
    assert (judge(case) is not None) == found
