"""``trainlab doctor`` without ``--try``: the script runs once, and what was tried beside it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trainlab.cli.doctor_try import run_and_try_unasked
from trainlab.diagnosis import Plan
from trainlab.diagnosis.remedies.unasked import RECORDING, Unasked

FINDING: dict[str, Any] = {
    "fault": "lr_too_high",
    "title": "the steps are too large",
    "confidence": 0.85,
    "proof": {"by": "nothing", "words": ""},
    "remedy": {"text": "Divide it.", "code": "", "value": 0.1},
    "consequence_of": None,
    "because": "",
    "tried": None,
}
REPORT: dict[str, Any] = {
    "findings": [FINDING],
    "card": {"outcome": "stuck"},
    "outcome": {"behind": False, "solved": None},
    "ended": {"how": "end"},
    "tried": None,
    "verdict": "as it was",
}
TRIAL: dict[str, Any] = {
    "remedy": "the learning rate × 0.1",
    "changes": [{"change": "lr", "times": 0.1}],
    "verdict": "harmed",
    "joint": False,
    "runs": 100,
    "learnt": 7,
    "unchanged": {"learnt": 21},
}


def ran(monkeypatch: pytest.MonkeyPatch, found: Unasked | None) -> tuple[dict[str, Any], list[Plan]]:
    plans: list[Plan] = []

    def run_script(plan: Plan, *, output_to_stderr: bool) -> dict[str, Any]:
        plans.append(plan)
        return REPORT

    def try_unasked(report: dict[str, Any], folder: str | Path) -> Unasked | None:
        return found

    monkeypatch.setattr("trainlab.diagnosis.run_script", run_script)
    monkeypatch.setattr("trainlab.diagnosis.remedies.unasked.try_unasked", try_unasked)
    return run_and_try_unasked(Plan(script="train.py"), output_to_stderr=False), plans


def test_the_script_runs_once_and_is_recorded_beside(monkeypatch: pytest.MonkeyPatch):
    report, (plan,) = ran(monkeypatch, None)
    assert report == REPORT
    assert plan.extras is not None
    assert plan.extras.light
    assert Path(plan.extras.recording).name == RECORDING
    assert not Path(plan.extras.recording).parent.exists()  # nothing is left behind


def test_what_was_tried_is_in_the_report_and_in_its_verdict(monkeypatch: pytest.MonkeyPatch):
    tried = {"lr_too_high": {"words": "", "remedies": [TRIAL]}}
    report, _ = ran(monkeypatch, Unasked(by_fault=tried, summary={"words": "Tried."}))
    assert report["tried"] == {"words": "Tried."}
    assert report["verdict"] == (
        "The training doesn't learn, and why isn't known. Found: the steps are too large (lr_too_high); its "
        "remedy was tried, and makes it worse."
    )
    assert report["findings"][0]["remedy"]["text"] == (
        "None that helps: the learning rate × 0.1 makes it worse: 7 of 100 seeds learn, without it 21."
    )
