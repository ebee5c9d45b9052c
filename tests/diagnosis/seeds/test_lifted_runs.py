"""The lifted population: judged as the doctor does, as running again gives it, written as a study."""

from __future__ import annotations

import math
import signal
import time
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from diagnosis.lift.made import HEAD, PLAIN, SGD, THREE, loop
from diagnosis.seeds.made import run as made_run
from scipy import stats

from trainlab.diagnosis.seeds import lifted_runs
from trainlab.diagnosis.seeds.lifted_runs import RunReader
from trainlab.diagnosis.seeds.populate import populate
from trainlab.diagnosis.seeds.population import SeedsResult
from trainlab.diagnosis.seeds.question import Question, tell_nobody
from trainlab.diagnosis.seeds.seed_run import Success
from trainlab.errors import DiagnosisError
from trainlab.interrupt import interrupts
from trainlab.spec import Experiment, LossBelow, Network, load_study
from trainlab.studies import study

pytestmark = pytest.mark.usefixtures("forking")
READER = RunReader(
    constant=1.0,
    variance=None,
    commonest=0.5,
    neighbours=0.9,
    allowed=None,
    first_loss=1.2,
    points=200,
    steps=100,
    classes=True,
)
EXPERIMENT = Experiment(network=Network(widths=(2, 2, 1)))
PRINTS = """
print(f"loss={F.mse_loss(model(x), y).item():.5f}")
print("other:", model[0].weight[0, 0].item())
"""


def populated(folder: Path, text: str, **options: Any) -> SeedsResult:
    (folder / "train.py").write_text(text, encoding="utf-8")
    known: dict[str, Any] = {"script": str(folder / "train.py"), "count": 16, "workers": 1}
    found = populate(Question(**known | options), stop=Event(), on_progress=lambda done, total, left: None)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("reader", "loss", "accuracy", "diverged", "state"),
    [
        (READER, 0.1, 0.95, False, "learnt"),
        (READER, 0.1, 0.75, False, "poor"),
        (replace(READER, points=99), 0.1, 0.75, False, "learnt"),
        (READER, 0.95, 0.9, False, "stuck"),
        (READER, 0.6, 0.81, False, "learnt"),
        (replace(READER, points=99, neighbours=None), 0.6, 0.75, False, "learnt"),
        (replace(READER, points=99, neighbours=None), 0.6, 0.7, False, "poor"),
        (replace(READER, points=99, neighbours=None, allowed=0.75), 0.6, 0.7, False, "learnt"),
        (READER, 13.0, 0.1, False, "diverged"),
        (READER, 0.1, 0.95, True, "diverged"),
        (READER, math.nan, 0.95, False, "diverged"),
        (replace(READER, steps=59), 0.1, 0.95, False, "unknown"),
        (replace(READER, constant=0.0), 0.1, 0.95, False, "unknown"),
    ],
)
def test_a_lifted_run_is_judged_as_the_doctor_does(
    reader: RunReader, loss: float, accuracy: float, diverged: bool, state: str
):
    run = reader.run(3, loss=loss, accuracy=accuracy, squared=None, diverged=diverged)
    assert run.state == state
    assert (run.last_loss is None) == (state == "diverged" and loss != 13.0)


@pytest.mark.parametrize(("squared", "reached"), [(0.05, 0.8), (0.5, -1.0), (None, None)])
def test_r2_is_made_of_squared_errors_and_of_no_other_loss(squared: float | None, reached: float | None):
    reader = replace(READER, classes=False, variance=0.25, neighbours=None)
    run = reader.run(3, loss=0.1, accuracy=None, squared=squared, diverged=False)
    assert run.reached == pytest.approx(reached)
    assert run.relative_loss == pytest.approx(0.1)


SINGLE = """
import torch
from torch import nn
torch.manual_seed(1)
x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1), nn.Tanh())
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for step in range(120):
    row = torch.randint(4, (1,))
    optimizer.zero_grad()
    nn.functional.l1_loss(model(x[row]), y[row]).backward()
    optimizer.step()
"""


@pytest.mark.parametrize(("at", "interrupted"), [(64, True), (70, False)])
def test_ctrl_c_in_a_part_stops_those_after_it_and_is_nothing_at_the_end(
    tmp_path: Path, at: int, interrupted: bool
):
    (tmp_path / "train.py").write_text(SINGLE, encoding="utf-8")

    def press(done: int, total: int, left: float | None) -> None:
        if done == at and not stop.is_set():
            signal.raise_signal(signal.SIGINT)

    with interrupts() as stop:
        # No run has failed, so none is left to be looked at.
        all_good = Success(at_most=100.0)
        question = Question(script=str(tmp_path / "train.py"), count=70, workers=1, success=all_good)
        made = populate(question, stop=stop, on_progress=press)
    assert made is not None
    assert (made.way.name, len(made.runs), made.interrupted) == ("lifted", at, interrupted)


def test_single_rows_under_l1_are_judged_over_all_the_data(tmp_path: Path):
    """A constant answer scores 0.5 over the four, whichever of them came last."""
    made = populated(tmp_path, SINGLE, count=20)
    assert made.way.name == "lifted"
    assert all(run.state == "stuck" for run in made.runs if (run.last_loss or 0) > 0.45)
    assert sum(made.success.of(run, made.measure) is True for run in made.runs) < 5
    for run in (made.yours, *made.runs):
        assert run.relative_loss == pytest.approx((run.last_loss or 0) / 0.5)
        assert run.reached is not None
        assert run.reached < 0.5


@pytest.mark.slow
def test_both_ways_give_the_same_outcomes(tmp_path: Path):
    lifted = populated(tmp_path, PLAIN, count=300)
    again = populated(tmp_path, PLAIN, lift=False, count=8)
    assert (lifted.way.name, again.way.name) == ("lifted", "rerun")
    assert lifted.way.checks is not None
    assert lifted.way.checks["steps"] == 3 * 64
    # Losses of the one are of the last batches, of the other of all the data; what is reached is alike.
    reached = [np.array([run.reached for run in made.runs]) for made in (lifted, again)]
    assert stats.ks_2samp(*reached).pvalue > 0.001
    assert lifted.yours.reached == pytest.approx(again.yours.reached, abs=1e-6)


def test_accuracy_is_over_all_the_data_for_the_script_as_for_the_others(tmp_path: Path):
    text = HEAD + THREE + SGD + loop("F.cross_entropy(model(x), classes)")
    text += "print('accuracy:', (model(x).argmax(1) == classes).float().mean().item())\n"
    made, printed = (populated(tmp_path, text, count=2, metric=metric) for metric in ("", "accuracy"))
    assert made.way.name == "lifted"
    assert made.yours.reached == pytest.approx(printed.yours.value, abs=1e-6)


def test_it_is_written_as_a_study_that_gives_the_same_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    made = populated(
        tmp_path, PLAIN + PRINTS, metric="loss", success=Success(at_most=0.05), as_experiment="it.toml"
    )
    assert made.way.name == "lifted"
    written = load_study("it.toml")
    assert written.seeds == 16
    assert written.baseline.solved == LossBelow(loss=0.05)
    (cell,) = study(written).cells
    assert cell.runs.loss.tolist() == [run.value for run in made.runs]
    assert cell.solved.k == sum(made.success.of(run, made.measure) is True for run in made.runs)


def test_a_number_that_the_experiment_has_not_is_no_metric_of_it(tmp_path: Path):
    made = populated(tmp_path, PLAIN + PRINTS, metric="other", count=2)
    assert made.way.name == "rerun"
    words = "other, as the script prints it, is neither the loss nor the accuracy over the training data"
    assert made.way.why == words
    assert [run.seed for run in made.runs] == [1, 2]


def test_what_cannot_be_lifted_is_written_nowhere(tmp_path: Path):
    text = PLAIN.replace("nn.Tanh(), ", "nn.Tanh(), nn.LayerNorm(5), ")
    with pytest.raises(DiagnosisError, match=r"it.toml: the training can't be lifted: .*LayerNorm"):
        populated(tmp_path, text, as_experiment="it.toml")
    assert not Path("it.toml").exists()


def test_the_first_failed_runs_are_diagnosed_and_each_is_told_of(monkeypatch: pytest.MonkeyPatch):
    told: list[tuple[int, int, float | None]] = []
    monkeypatch.setattr(lifted_runs, "_diagnosed", lambda _, run: replace(run, fault="dead_relu"))
    failed = [made_run(seed, state="stuck") for seed in range(1, 26)]
    runs = [made_run(0), *failed]
    found, notes = lifted_runs.with_causes(
        EXPERIMENT, runs, failed, stop=Event(), on_diagnosis=lambda *one: told.append(one)
    )
    assert [one.fault for one in found] == ["", *["dead_relu"] * 20, *["not looked at"] * 5]
    assert [(done, total) for done, total, _ in told] == [(done, 20) for done in range(20)]
    assert told[0][2] is None
    assert all(left is not None and 0 <= left <= 30 for *_, left in told[1:])
    assert notes == (
        "Of 25 failed runs the doctor looked at 20: the first ones, each trained again in PyTorch.",
    )


def test_no_failed_run_is_begun_after_the_limit_of_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lifted_runs, "_diagnosed", lambda _, run: time.sleep(0.02) or run)
    monkeypatch.setattr(lifted_runs, "MOST_SECONDS", 0.01)
    failed = [made_run(seed, state="stuck") for seed in (1, 2)]
    _, notes = lifted_runs.with_causes(EXPERIMENT, failed, failed, stop=Event(), on_diagnosis=tell_nobody)
    assert "looked at 1: the first ones" in notes[0]
