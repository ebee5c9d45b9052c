"""``trainlab doctor`` without ``--try``: the script runs once, and what was tried beside it is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli.calling import Caller, assert_refused, environment

from trainlab.cli.doctor import run_and_try_unasked, run_quick
from trainlab.diagnosis import Plan
from trainlab.diagnosis.fault import FAMILIES
from trainlab.diagnosis.faults import ORDER, all_faults, families
from trainlab.diagnosis.remedies.trying import BUDGET, SEEDS
from trainlab.diagnosis.remedies.unasked import RECORDING, Unasked
from trainlab.diagnosis.report.show import SCREEN

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
    "card": {"outcome": "stuck", "steps": 0},
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
    "seeds": [],
}


def ran(
    monkeypatch: pytest.MonkeyPatch, found: Unasked | None, report: dict[str, Any] = REPORT
) -> tuple[dict[str, Any], list[Plan]]:
    plans: list[Plan] = []

    def run_script(plan: Plan, *, output_to_stderr: bool) -> dict[str, Any]:
        plans.append(plan)
        return report

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


def test_help_names_the_defaults_of_trying(trainlab: Caller):
    told = " ".join(trainlab("doctor", "--help").out.split())
    assert f"Seconds for --try, {BUDGET:.0f} if left out." in told
    assert f"runs each remedy on, {SEEDS} if left out." in told


@pytest.mark.parametrize(("outcome", "told"), [("stuck", True), ("learnt", False)])
def test_quick_says_that_it_leaves_copies_out_where_they_would_have_been_tried(
    monkeypatch: pytest.MonkeyPatch, outcome: str, told: bool
):
    report = REPORT | {"card": {"outcome": outcome, "steps": 600}, "looked_at": {}}
    monkeypatch.setattr("trainlab.diagnosis.run_script", lambda plan, **_: report)
    looked = run_quick(Plan(script="train.py"), output_to_stderr=False)["looked_at"]
    words = "No remedy was tried on copies of the script's process: --quick leaves that out."
    assert looked == ({"copies": words} if told else {})


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


def test_why_copies_told_nothing_is_in_the_report(monkeypatch: pytest.MonkeyPatch):
    took_steps = REPORT | {"card": REPORT["card"] | {"steps": 100}, "looked_at": {}}
    report, (plan,) = ran(monkeypatch, None, took_steps | {"suspected": []})
    assert plan.keepers
    assert (
        report["looked_at"]["copies"]
        == "No remedy was tried on copies of the script's process: none was made."
    )
    assert report["tried"] is None
    proven = FINDING | {"proof": {"by": "structure", "words": "it can't learn"}}
    report, _ = ran(monkeypatch, None, took_steps | {"findings": [proven], "looked_at": {}})
    assert report["looked_at"] == {}


# ``trainlab faults``: the faults by name on a screen, in a line each, one whole; no library for any.


def test_all_faults_are_named_by_family_on_a_screen(trainlab: Caller) -> None:
    first, *lines = trainlab("faults").out.splitlines()
    assert first == f"{len(ORDER)} faults that the doctor finds. More: --details, trainlab faults NAME"
    assert len(lines) < SCREEN
    assert max(map(len, lines)) <= 80
    # A family's names go on over lines.
    assert "\n".join(lines).replace(",\n  ", ", ").splitlines() == [
        line
        for family, faults in families().items()
        for line in (family, f"  {', '.join(fault.name for fault in faults)}")
    ]


def test_with_details_each_fault_has_a_line(trainlab: Caller) -> None:
    lines = trainlab("faults", "--details").out.splitlines()
    assert lines[0].startswith(f"{len(ORDER)} faults")
    assert [line for line in lines[1:] if line and not line.startswith(" ")] == list(FAMILIES)
    named = [line.split(maxsplit=1) for line in lines if line.startswith("  ")]
    assert named == [
        [fault.name, fault.title] for fault in (fault for family in families().values() for fault in family)
    ]


@pytest.mark.parametrize("name", ORDER)
def test_a_fault_has_its_rule_remedy_and_relations(trainlab: Caller, name: str) -> None:
    outcome = trainlab("faults", name)
    assert (outcome.code, outcome.err) == (0, "")
    lines, fault = outcome.out.splitlines(), all_faults()[name]
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 30
    text = " ".join(outcome.out.split())
    for words in (fault.title, fault.what, fault.rule, fault.silence, fault.remedy):
        assert " ".join(words.split()) in text


def test_relations_and_hyphens(trainlab: Caller) -> None:
    text = " ".join(trainlab("faults", "Vanishing-Gradient").out.split())
    assert "comes from loss_activation_mismatch, " in text
    assert "brings lr_too_low, loss_plateau" in text
    assert "more trainlab explain chain-rule, trainlab explain init" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vanishing_gradiant", "Did you mean 'vanishing_gradient'?"),
        ("vanish", "Did you mean 'vanishing_gradient'?"),
        ("xyzzy", "'xyzzy': the doctor knows no such fault. Their names: trainlab faults"),
    ],
)
def test_an_unknown_fault_gets_the_nearest(trainlab: Caller, name: str, words: str) -> None:
    assert_refused(trainlab("faults", name), words)


def test_it_needs_neither_torch_nor_llvmlite_nor_scipy() -> None:
    script = """if True:
        import sys
        from trainlab.cli.main import app
        app(["faults"], result_action="return_value")
        app(["faults", "--details"], result_action="return_value")
        app(["faults", "dead_relu"], result_action="return_value")
        heavy = {"torch", "llvmlite", "scipy"} & set(sys.modules)
        sys.exit(f"imported {heavy}" if heavy else 0)
    """
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment(), text=True, capture_output=True, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
