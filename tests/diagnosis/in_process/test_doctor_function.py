"""``trainlab.doctor(train)``: a function diagnosed, and its remedies tried."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from diagnosis.drawable import shown
from diagnosis.faults import loss_broadcast, lr_too_high
from diagnosis.faults.made import blobs, fit, mlp
from torch.nn import functional as F

import trainlab
from trainlab.errors import DiagnosisError


def test_it_is_called_once_and_the_report_is_that_of_a_watch():
    calls: list[int] = []

    def train() -> None:
        calls.append(1)
        torch.manual_seed(0)
        lr_too_high.train(True)

    report = trainlab.doctor(train)
    assert calls == [1]
    with trainlab.watch() as watched:
        train()
    assert report.findings == watched.report.findings
    assert report.tried is None
    assert report.findings[0].tried is None


def test_remedies_are_tried_on_the_same_seeds():
    torch.manual_seed(0)
    report = trainlab.doctor(lambda: lr_too_high.train(True), try_=True, seeds=2, budget=60)
    assert report.tried is not None
    assert report.tried["ended"] == "mended"
    assert report.findings[0].fault == "lr_too_high"
    trial = report.findings[0].tried["remedies"][0]
    assert trial["remedy"] == "the learning rate × 0.1"
    assert (trial["learnt"], trial["runs"], trial["unchanged"]["learnt"]) == (2, 2, 0)
    assert trial["took_hold"] > 100
    text = str(report)
    said = " ".join(text.split("\n\n")[0].split())
    assert "That isn't proven. Tried: with the learning rate × 0.1 (lr_too_high) it learns: loss " in said
    assert "   tried      With the learning rate × 0.1: loss " in text
    assert len(trial["seeds"]) == 2


def test_the_page_has_a_picture_of_each_remedy():
    torch.manual_seed(0)
    report = trainlab.doctor(lambda: loss_broadcast.train(True), try_=True, seeds=1, budget=60)
    page = trainlab.diagnosis_html(report)
    assert "<strong>Tried.</strong>" in page
    assert "With targets in the outputs&#x27; shape, seed by seed" in page
    assert "R² reached" in page
    plain, _, _ = shown(trainlab.doctor(lambda: None))
    assert plain["tried"] is None


def test_what_it_prints_while_trying_goes_nowhere_and_generators_are_as_before(
    capsys: pytest.CaptureFixture[str],
):
    states: list[object] = []

    def train() -> None:
        print("called")
        torch.manual_seed(0)
        random.seed(0)
        np.random.seed(0)
        loss_broadcast.train(True)
        states.append((torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()))

    trainlab.doctor(train, try_=True, seeds=1, budget=60)
    assert len(states) == 3
    assert capsys.readouterr().out == "called\n"
    after = torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()
    assert states[0] == after
    assert states[1] != after


def test_an_exception_is_told():
    def train() -> None:
        raise ZeroDivisionError("step 3")

    report = trainlab.doctor(train, try_=True)
    assert report.ended == {"how": "ZeroDivisionError: step 3"}
    assert report.tried is not None
    assert report.tried["words"] == "Nothing could be tried: there is no finding."


def test_a_network_from_outside_is_not_trained_again():
    x, y = blobs(spread=1.0)
    model = mlp(8, 32, 32, 4)
    calls: list[int] = []

    def train() -> None:
        calls.append(1)
        fit(model, torch.optim.Adam(model.parameters(), lr=1.0), F.cross_entropy, x, y, epochs=8)

    report = trainlab.doctor(train, try_=True)
    assert calls == [1]
    assert report.tried is not None
    assert report.tried["words"].startswith(
        "Nothing could be tried: the network was made outside of the function"
    )
    assert report.findings[0].tried == {
        "words": "can't be tried: the network was made outside of the function, so that a second call "
        "would go on with weights that are trained already. Make the network, and its optimizer, inside of "
        "it.",
        "remedies": [],
    }


def test_a_training_without_end_is_ended_with_the_budget():
    calls: list[int] = []

    def train() -> None:
        calls.append(1)
        x, y = blobs(spread=1.0)
        model = mlp(8, 32, 32, 4)
        optimizer = torch.optim.Adam(model.parameters(), lr=1.0)
        while True:
            fit(model, optimizer, F.cross_entropy, x, y, epochs=8)
            if len(calls) == 1:
                return

    report = trainlab.doctor(train, try_=True, seeds=1, budget=15)
    assert len(calls) == 2
    assert report.tried is not None
    assert report.tried["ended"] == "budget"
    assert report.tried["seconds"] < 90


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": 3}, "doctor: train is 3; give a function without arguments that trains"),
        ({"train": "train.py"}, "A script goes to the command: trainlab doctor train.py"),
        ({"seeds": 0}, "doctor: seeds is 0; must be a whole number from 1 to 1,000."),
        ({"seeds": True}, "doctor: seeds is True"),
        ({"solved": "accuracy"}, "doctor: solved 'accuracy': must be NAME > NUMBER"),
        ({"budget": 0}, "doctor: budget is 0; must be seconds, above 0 and at most 10,000,000."),
        ({"budget": float("nan")}, "doctor: budget is nan"),
    ],
)
def test_wrong_arguments(options: dict[str, object], message: str):
    given = {"train": lambda: None} | options
    with pytest.raises(DiagnosisError) as raised:
        trainlab.doctor(given.pop("train"), **given)  # pyright: ignore[reportArgumentType]
    assert message in str(raised.value)


def test_not_inside_of_a_watch():
    with trainlab.watch(), pytest.raises(DiagnosisError, match="another watch is listening already"):
        trainlab.doctor(lambda: None)


def noisy(*, printed: str = "", returned: object = None) -> Callable[[], object]:
    """Return a sound training of ten steps, too few to be judged, which says something of itself."""

    def train() -> object:
        torch.manual_seed(0)
        model, x = torch.nn.Linear(3, 1), torch.randn(10, 8, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for rows in x:
            optimizer.zero_grad()
            F.mse_loss(model(rows), rows.sum(1, keepdim=True)).backward()
            optimizer.step()
        print(printed)
        return returned

    return train


def test_the_users_rule_decides_what_is_solved():
    report = trainlab.doctor(noisy(printed="accuracy: 0.87"), solved="accuracy > 0.9")
    assert (report.outcome["state"], report.outcome["solved"]["by_itself"]) == ("poor", "unknown")
    assert report.verdict.startswith("Not solved (accuracy 0.87, you asked for > 0.9)")
    assert "because" not in report.verdict
    assert "your rule  accuracy 0.87 in the last line that names it" in str(report)
    report = trainlab.doctor(noisy(returned={"accuracy": 0.95}), solved="accuracy > 0.9")
    assert (report.outcome["state"], report.card["outcome"]) == ("learnt", "learnt")
    assert report.verdict == "Solved (accuracy 0.95, you asked for > 0.9). Nothing found."


def test_a_fault_of_a_solved_training_is_no_cause():
    report = trainlab.doctor(lambda: [loss_broadcast.train(True), print("score: 3")], solved="score > 2")
    assert report.verdict.startswith("Solved (score 3, you asked for > 2), but ")
    assert report.findings[0].fault == "loss_broadcast"
    assert "because" not in report.verdict
    assert "the cause" not in str(report)


def test_what_a_watch_hears_is_read_and_streams_are_as_before(capsys: pytest.CaptureFixture[str]):
    before = vars(sys.stdout).get("write")
    with trainlab.watch(solved="accuracy > 0.9") as watched:
        noisy(printed="accuracy: 0.95")()
    print("accuracy: 0.1")
    assert vars(sys.stdout).get("write") is before
    assert watched.report.outcome["solved"]["value"] == 0.95
    assert capsys.readouterr().out == "accuracy: 0.95\naccuracy: 0.1\n"


def test_a_rule_that_cannot_be_judged_is_told_and_nothing_is_tried():
    report = trainlab.doctor(noisy(), solved="f1 > 0.9", try_=True)
    assert report.outcome["solved"]["solved"] is None
    assert report.tried is None
    assert "your rule  f1 > 0.9 couldn't be judged: the function neither returns a number" in str(report)
