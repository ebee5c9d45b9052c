"""Remedies tried on copies of the script's process: what they prove, and when nothing is said."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trainlab.cli.doctor import with_trials
from trainlab.diagnosis import Plan, run_script
from trainlab.diagnosis.remedies.remedy import rate_times
from trainlab.diagnosis.remedies.replayed import FEWEST, PROVEN, Replay, is_wanted, try_replayed
from trainlab.diagnosis.remedies.trial import Pair, Run
from trainlab.diagnosis.remedies.trial_verdict import is_far_better, judged_trial
from trainlab.diagnosis.remedies.trying import Trying
from trainlab.diagnosis.remedies.unasked import Unasked
from trainlab.diagnosis.report.report import Outcome
from trainlab.diagnosis.script.process_pool import ProcessPool, Ran, keepers

pytestmark = pytest.mark.usefixtures("forking")
DIGITS = """
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
torch.set_num_threads(1)
images, labels = load_digits(return_X_y=True)
data = TensorDataset(torch.tensor(images).float() / 16, torch.tensor(labels))
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
for epoch in range(5):
    for x, y in DataLoader(data, batch_size=64, shuffle=True):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
"""


def tried(folder: Path, code: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the doctor's report on a script before copies were tried, however long that takes, and after."""
    (folder / "train.py").write_text(code)
    plan = Plan(script=str(folder / "train.py"))
    with keepers() as waiting:
        report = run_script(replace(plan, keepers=waiting.theirs), output_to_stderr=True)
        suspected = report.pop("suspected")
        assert is_wanted(report)
        found = try_replayed(report, suspected, plan, waiting, tell=lambda used, words: None, least=240)
    assert isinstance(found, Unasked), found
    return report, with_trials(report, found.by_fault, found.summary)


def test_a_rate_that_is_too_high_is_proven(tmp_path: Path):
    report, told = tried(tmp_path, DIGITS.replace("RATE", "1.0"))
    assert " because " not in report["verdict"]
    assert " because the steps are too large (lr_too_high)." in told["verdict"]
    finding = told["findings"][0]
    assert (finding["fault"], finding["proof"]["by"]) == ("lr_too_high", "trial")
    assert "+ optimizer = torch.optim.Adam(model.parameters(), lr=" in finding["remedy"]["code"]
    assert "The runs are copies of the script's process" in told["tried"]["words"]


DIVERGING = """
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(256, 3)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
for step in range(96):
    rows = torch.randint(256, (8,))
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x[rows]), x[rows].sum(1, keepdim=True))
    loss.backward()
    optimizer.step()
"""


def test_the_rate_is_tried_before_the_remedy_of_a_symptom(tmp_path: Path):
    report, told = tried(tmp_path, DIVERGING)
    assert report["findings"][0]["fault"] == "exploding_gradient"
    first, *others = told["findings"]
    assert (first["fault"], first["proof"]["by"], first["confidence"]) == ("lr_too_high", "trial", PROVEN)
    assert "+ optimizer = torch.optim.SGD(model.parameters(), lr=0.2)" in first["remedy"]["code"]
    assert others
    assert all(one["consequence_of"] in ("lr_too_high", "exploding_gradient") for one in others)


def test_where_nothing_can_be_learnt_no_remedy_is_said_to_help(tmp_path: Path):
    code = DIGITS.replace("RATE", "1e-2").replace("torch.tensor(labels)", "torch.randint(10, (1797,))")
    report, told = tried(tmp_path, code)
    assert told["verdict"] == report["verdict"]
    assert [one["fault"] for one in told["findings"]] == [one["fault"] for one in report["findings"]]
    assert all(one["proof"]["by"] == "nothing" for one in told["findings"])
    assert "8 rows alone it learns by heart" in told["tried"]["words"]
    assert [one["answer"] for one in told["recipe"] if one["question"] == "8 rows are learnt by heart"] == [
        "yes"
    ]


def test_why_nothing_was_tried_is_said(tmp_path: Path):
    watched = (
        "import threading\nthreading.Thread(target=threading.Event().wait, name='W', daemon=True).start()\n"
    )
    code = DIGITS.replace("RATE", "1.0").replace("nn.ReLU()", "nn.LayerNorm(32), nn.ReLU()")  # no experiment
    (tmp_path / "train.py").write_text(watched + code)
    command = [sys.executable, "-m", "trainlab", "doctor", "train.py", "--json", "report.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    report = json.loads((tmp_path / "report.json").read_text())
    words = "No remedy was tried on copies of the script's process: it has a thread of its own (W)."
    assert report["looked_at"]["copies"] == words
    assert words in " ".join(done.stdout.split())


def run(loss: float | None, reached: float | None = None) -> Run:
    return Run(outcome=Outcome(state="poor", last_loss=loss, first_loss=2.3, reached=reached), acted=1)


def pairs(without: list[Run], after: list[Run]) -> list[Pair]:
    return [Pair(seed, one, other) for seed, (one, other) in enumerate(zip(without, after, strict=True), 1)]


OLD = [run(2.3), run(2.31), run(2.29), run(2.3), run(2.32)]


@pytest.mark.parametrize(
    ("after", "far"),
    [
        ([run(0.1), run(0.2), run(0.3), run(0.1), run(1.9)], True),
        (
            [run(0.1), run(0.2), run(0.3), run(0.1), run(2.3)],
            False,
        ),  # the worst with it beats not the best without
        ([run(1.3), run(1.4), run(1.5), run(1.3), run(1.9)], False),  # not by half
        ([run(0.1), run(0.2), run(0.3), run(0.1), run(None)], False),
        ([run(-9.0), run(-8.0), run(-7.0), run(-9.0), run(-9.0)], False),  # below 0 half says nothing
    ],
)
def test_far_better_is_the_worst_against_the_best_and_by_half(after: list[Run], far: bool):
    tried = pairs(OLD, after)
    assert is_far_better(tried, same_loss=True) is far
    assert not is_far_better(tried[:4], same_loss=True)
    verdict = judged_trial(rate_times(0.1), tried, seconds=1, part=True).verdict
    assert (verdict == "far better") is far
    assert judged_trial(rate_times(0.1), tried, seconds=1).verdict != "far better"


def test_a_loss_that_falls_where_answers_dont_get_better_is_not_far_better():
    old = [run(2.3, 0.1)] * 5
    assert is_far_better(pairs(old, [run(0.2, 0.9)] * 5), same_loss=True)
    assert not is_far_better(pairs(old, [run(0.2, 0.1)] * 5), same_loss=True)
    assert is_far_better(pairs(old, [run(9.0, 0.4)] * 5), same_loss=False)
    assert not is_far_better(pairs(old, [run(0.2, 0.3)] * 5), same_loss=False)


def test_nobody_waits_for_copies_that_were_never_made():
    with keepers() as waiting:
        assert waiting.servers() == ([], "none was made")


def test_a_copy_that_takes_too_long_is_made_again_with_the_fewest_steps(monkeypatch: pytest.MonkeyPatch):
    asked = list[int]()

    def carry_out(pool: Any, plans: list[Plan], stop: Any) -> Generator[Ran]:
        (plan,) = plans
        asked.append(plan.steps)
        yield Ran(plan=plan, report=None, printed="", ending="", late=True, seconds=7.0)

    monkeypatch.setattr(ProcessPool, "carry_out", carry_out)
    card = {"steps": 1000, "seconds": 10.0}
    replay = Replay({"card": card}, [], Plan(script="train.py"), [], lambda used, words: None, 20.0)
    assert replay.tried() == "No remedy was tried on copies of the script's process: a copy took too long."
    assert asked == [200, FEWEST]


@pytest.mark.parametrize(("steps", "early"), [(49, True), (50, False), (100, False)])
def test_copies_that_end_before_the_loss_rises_prove_nothing(
    steps: int, early: bool, monkeypatch: pytest.MonkeyPatch
):
    """What makes the first phase of a training quicker isn't why a later one fails."""
    tried = {
        "remedy": "the learning rate × 10",
        "verdict": "mended",
        "same_loss": True,
        "after": {"loss": 0.01, "reached": None},
        "words": "it learns.",
    }
    by_fault = {"lr_too_low": {"remedies": [tried], "words": ""}}
    summary = {"ended": "tried", "words": "Tried."}
    monkeypatch.setattr(Trying, "of", lambda self, findings: (by_fault, summary))
    outcome = {"lowest": {"loss": 0.1, "after": 0.5}, "last_loss": 1.0, "reached": None}
    made = {"findings": [], "card": {"steps": 100}, "outcome": outcome}
    plan = Plan(script="train.py", steps=steps)
    found = Replay(made, [], plan, [], lambda used, words: None, 1.0)._try(plan, 1.0)
    assert found is not None
    assert bool(found.by_fault) != early
    assert ("wasn't reached" in found.summary["words"]) == early
