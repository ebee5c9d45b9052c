from __future__ import annotations

from typing import Any

import pytest
from web.experiments import xor

from trainlab import Experiment
from trainlab.web.answers.differences import differ_sentence, differences


def words(*, before: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    a, b = (Experiment.from_dict(xor(**each)) for each in (before or {}, changes))
    return [each["words"] for each in differences(a, b)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"optimizer": {"name": "adam", "lr": 0.05, "betas": [0.8, 0.99]}},
            "optimizer.betas: (0.9, 0.999) → (0.8, 0.99)",
        ),
        ({"loss": "l1"}, "loss: mse → l1"),
        (
            {"network": {"widths": "2-3-1", "bias": False}},
            "network.bias (every layer, the last one too): yes → no",
        ),
        (
            {"network": {"widths": "2-3-1", "activation": "relu"}},
            "network.activation (every layer, the last one too): tanh → relu",
        ),
        ({"clip": {"norm": 1}}, "largest norm of the gradient: left out → 1"),
        ({"frozen": [1]}, "frozen: none → (1)"),
        ({"epochs": 2001}, "epochs: 150 → 2,001"),
        ({"init": "xavier_normal"}, "init.weight: default → xavier_normal"),
        ({"after": xor()}, "after: left out → a training before this one"),
    ],
)
def test_a_difference_is_told_as_a_person_would(changes: dict[str, Any], said: str):
    assert words(**changes) == [said]


def test_what_is_recorded_makes_no_difference():
    assert words(record={"loss_every": 7}) == []


def test_differences_are_counted():
    assert differ_sentence([]) == "Nothing differs: A and B are the same training."
    some = [{"field": "epochs", "words": "epochs: 1 → 2"}]
    assert differ_sentence(some) == "One thing differs."
    assert differ_sentence(some * 2) == "Two things differ; which of them did it isn't told."
    assert differ_sentence(some * 12) == "12 things differ; which of them did it isn't told."
