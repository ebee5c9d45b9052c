"""Remedies tried unasked: of trainings that are experiments, without a second run and without a trace."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from diagnosis.lift.made import HEAD, MODEL, loop
from forked import forking

from trainlab.cli.doctor import with_trials
from trainlab.diagnosis.lift.recording import Recording, read
from trainlab.diagnosis.remedies import unasked
from trainlab.diagnosis.script.plan import Extras, Plan
from trainlab.diagnosis.script.process_pool import ProcessPool
from trainlab.diagnosis.script.runner import run_script

END = """
import hashlib
weights = torch.cat([param.detach().flatten() for param in model.parameters()])
open(__file__ + ".weights", "w").write(hashlib.sha256(weights.numpy().tobytes()).hexdigest())
open(__file__ + ".runs", "a").write("run\\n")
assert not hasattr(torch.Tensor.uniform_, "__wrapped__")  # it's PyTorch's own again
"""
SLOW = HEAD + MODEL + "optimizer = torch.optim.Adam(model.parameters(), lr=2e-5)\n"
SLOW += loop("F.mse_loss(model(x), y)").replace("64", "200") + END
LARGE = SLOW.replace("nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)", "nn.Linear(2, 9000), nn.Linear(9000, 1)")

pytestmark = [pytest.mark.trains, pytest.mark.process]


def run(folder: Path, text: str, *, light: bool = True) -> dict[str, Any]:
    """Run a script as the doctor does, and return its report; what was recorded is in the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(text, encoding="utf-8")
    extras = Extras(recording=str(folder / unasked.RECORDING), light=True) if light else None
    with forking():
        return run_script(Plan(script=str(folder / "train.py"), extras=extras), output_to_stderr=True)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("slow")
    return folder, run(folder, SLOW)


def recording(folder: Path) -> Recording:
    return read(str(folder / unasked.RECORDING))


def test_what_mends_is_proven_and_the_script_is_not_run_again(
    slow: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(unasked, "TRYING", 60.0)  # a busy machine takes its time
    folder, report = slow
    assert report["findings"][0]["fault"] == "lr_too_low"
    (folder / unasked.REPORT).write_text(json.dumps(report), encoding="utf-8")
    found = unasked.tried_in(folder)
    assert found is not None
    told = with_trials(report, found.by_fault, found.summary)
    first = told["findings"][0]
    assert first["proof"]["by"] == "trial"
    words = re.fullmatch(
        r"with the learning rate × 1000 (\d+) of 100 seeds learn, without 0", first["proof"]["words"]
    )
    assert words is not None
    assert int(words[1]) > 80
    assert told["verdict"].startswith(
        "The training doesn't learn because the steps are too small to get anywhere (lr_too_low)."
    )
    assert told["tried"]["words"].endswith(unasked.NOTE)
    assert (folder / "train.py.runs").read_text() == "run\n"


def test_recording_leaves_the_training_as_it_is(slow: tuple[Path, dict[str, Any]], tmp_path: Path):
    folder, report = slow
    plain = run(tmp_path, SLOW, light=False)
    assert (folder / "train.py.weights").read_text() == (tmp_path / "train.py.weights").read_text()
    for name in ("verdict", "looked_at", "ended", "troubles"):
        assert report[name] == plain[name]
    assert [one["fault"] for one in report["findings"]] == [one["fault"] for one in plain["findings"]]
    assert "extras" not in report


GIVEN_UP = {
    "partly": SLOW.replace("model.parameters(), lr=2e-5", "model[2].parameters(), lr=2e-5"),
    "twice": SLOW.replace("loss.backward()", "loss.backward(); model(x)"),
    "backwards": SLOW.replace("y)", "y)\n    model(x).sum().backward()", 1),
    "dropout": SLOW.replace("nn.Tanh()", "nn.Dropout(0.5), nn.Tanh()"),
    "device": "import torch\ntorch.set_default_device('cpu')\n" + SLOW,
    "meta": SLOW.replace("optimizer =", "torch.empty(3, device='meta').normal_()\noptimizer =", 1),
}
WHY = {
    "partly": "the optimizer doesn't have all parameters",
    "backwards": "the loss isn't one that trainlab knows",
    "dropout": "its dropout draws masks",
}


@pytest.fixture(scope="module")
def given_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """The reports by name, those of the same without a recording as ``plain NAME``; forked by one server."""
    folder, plans = tmp_path_factory.mktemp("given up"), list[Plan]()
    plain = {f"plain {name}": text for name, text in GIVEN_UP.items()}
    for name, text in (GIVEN_UP | plain | {"large": LARGE}).items():
        (folder / name).mkdir()
        (folder / name / "train.py").write_text(text, encoding="utf-8")
        extras = Extras(recording=str(folder / name / unasked.RECORDING), light=True)
        plans.append(Plan(script=str(folder / name / "train.py"), extras=None if name in plain else extras))
    with forking():
        reports = [ran.report for ran in ProcessPool(workers=1).carry_out(plans, Event())]
    return folder, {
        Path(plan.script).parent.name: one or {} for plan, one in zip(plans, reports, strict=True)
    }


@pytest.mark.parametrize("name", GIVEN_UP)
def test_a_training_that_is_given_up_goes_on_as_without(
    name: str, given_up: tuple[Path, dict[str, dict[str, Any]]]
):
    folder, reports = given_up
    recorded, plain = reports[name], reports[f"plain {name}"]
    assert recorded["ended"] == plain["ended"] == {"how": "end", "code": 0}
    assert recorded["troubles"] == plain["troubles"] == []
    weights = [(folder / one / "train.py.weights").read_text() for one in (name, f"plain {name}")]
    assert weights[0] == weights[1]
    if name in WHY:
        assert recording(folder / name).refused.startswith(WHY[name])
    assert recorded["looked_at"] == plain["looked_at"]


def test_what_is_large_is_given_up_at_once(given_up: tuple[Path, dict[str, dict[str, Any]]]):
    folder, reports = given_up
    looked_at = reports["large"]["looked_at"]
    assert recording(folder / "large").refused == "it is too large to be tried unasked"
    assert looked_at["activations"] == 0
    assert looked_at["losses"] == 1  # the doctor itself went on listening
    assert looked_at["graphs"] > 0
    assert unasked.try_unasked(reports["large"], folder / "large") is None


@pytest.mark.parametrize(
    "change",
    [
        {"card": {"outcome": "learnt"}},
        {"findings": []},
        {"ended": {"how": "steps", "code": 0}},
        {"ended": {"how": "exit", "code": 3}},
    ],
)
def test_nothing_is_tried_where_there_is_no_reason_to(
    slow: tuple[Path, dict[str, Any]], change: dict[str, Any]
):
    folder, report = slow
    assert unasked.try_unasked(report | change, folder) is None


def test_its_time_is_bounded(slow: tuple[Path, dict[str, Any]]):
    folder, report = slow
    began = time.monotonic()
    assert unasked.try_unasked(report, folder, budget=0.2) is None
    assert time.monotonic() - began < 60
