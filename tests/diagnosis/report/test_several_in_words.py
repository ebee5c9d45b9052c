"""Several trainings in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from trainlab.diagnosis.report.verdict import verdict_of_several


def training(name: str, state: str) -> dict[str, Any]:
    return {"name": name, "outcome": {"state": state, "behind": False}, "findings": []}


@pytest.mark.parametrize(
    ("states", "share"),
    [
        (("learnt", "learnt"), "2 trainings: both learn."),
        (("stuck", "stuck"), "2 trainings: neither learns."),
        (("stuck", "stuck", "stuck"), "3 trainings: none learns."),
        (("unknown", "unknown"), "2 trainings: neither can be judged."),
        (("diverged", "diverged", "diverged"), "3 trainings: all diverge."),
        (("learnt", "stuck", "learnt"), "3 trainings: 2 learn, 1 doesn't learn."),
    ],
)
def test_how_many_learn_is_said_first(states: tuple[str, ...], share: str) -> None:
    trainings = [training(f"model_{number}", state) for number, state in enumerate(states)]
    report = {
        "trainings": trainings,
        "looked_at": {"steps": 100},
        "card": {"outcome": states[0], "backward_passes": 100},
        "ended": {"how": "end"},
    }
    assert verdict_of_several(report).startswith(share)
