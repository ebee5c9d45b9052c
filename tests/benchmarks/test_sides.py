"""What is kept of verdicts asked again: how each fares without, and on the sides that were trained."""

from __future__ import annotations

import json

import pytest

import trainlab
from benchmarks import sides
from trainlab.spec import study_from_dict
from trainlab.studies.verdicts.robustness_words import as_asked


@pytest.mark.process
def test_every_verdict_is_kept_with_the_sides_that_were_trained() -> None:
    plan = study_from_dict(
        {
            "baseline": {"network": "2-3-1", "epochs": 30, "optimizer": {"name": "adam", "lr": 0.1}},
            "changes": {"L1": {"set": {"loss": "l1"}}},
        }
    )
    plain = trainlab.study(plan, engine="torch", seeds=40)
    asked = trainlab.study(plan, engine="torch", seeds=40, sides=30)
    found = json.loads(json.dumps(sides.compared(plain, asked)))
    ways = [each["words"] for each in found["ways"]]
    assert found["loop"] is None
    assert (found["seeds"], ways) == (40, ["in float64", "by the fast engine (30 seeds)"])
    kept = {each["statement"]: each for each in found["verdicts"]}
    told = {verdict.statement: verdict for verdict in asked.verdicts if verdict.topic != "parameters"}
    assert set(kept) == set(told)
    for statement, verdict in told.items():
        assert kept[statement]["outcome"] == as_asked(verdict)
        assert list(kept[statement]["sides"]) == ways
