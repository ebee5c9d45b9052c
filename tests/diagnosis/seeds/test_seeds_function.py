"""``trainlab.seeds`` of a function; that of a script is in test_command.py."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import trainlab
from trainlab.diagnosis.script.interpreter import MOST, Kept
from trainlab.diagnosis.seeds.seeds_function import in_python
from trainlab.errors import DiagnosisError
from trainlab.report import seeds_html


def training(*, steps: int = 4, result: Callable[[float, float], Any] | None = None) -> Callable[[], Any]:
    """Return a training that seeds itself, prints its loss, and fails where the first weight is positive."""

    def train() -> Any:
        torch.manual_seed(0)
        x = torch.linspace(-1, 1, 8)[:, None]
        model = nn.Sequential(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1))
        start = model[0].weight[0].item()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        loss = torch.zeros(())
        for _ in range(steps):
            loss = nn.functional.mse_loss(model(x), x**2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"mse: {loss.item()}")
        return None if result is None else result(start, loss.item())

    return train


@pytest.mark.trains
def test_a_function_is_called_again_with_other_seeds(capsys: pytest.CaptureFixture[str]):
    def unlucky(start: float, _: float) -> None:
        if start > 0:
            raise ValueError("bad luck")

    torch.manual_seed(5)
    told: list[tuple[int, int]] = []
    found = trainlab.seeds(
        training(result=unlucky),
        seeds=6,
        metric="mse",
        at_most=0.5,
        on_progress=lambda done, total, _: told.append((done, total)),
    )
    assert capsys.readouterr().out.count("mse:") == 1
    assert told == [(done, 6) for done in range(7)]
    assert [one.seed for one in found.runs] == [1, 2, 3, 4, 5, 6]
    assert len({one.value for one in found.runs}) == 6
    failed = [one for one in found.runs if one.failed]
    assert failed
    assert len(failed) < 6
    assert {(one.message, one.fault) for one in failed} == {("ValueError: bad luck", "ValueError")}
    assert found.to_frame().success.tolist() == [not one.failed and one.value <= 0.5 for one in found.runs]
    data = found.to_dict()
    assert data["way"] == {"name": "called", "why": "trainlab.seeds was given a function", "checks": None}
    assert data["script"] == "train"
    assert "the function is called again" in str(found)
    assert "the function's own" in str(found)
    assert not any("sets no seed" in note for note in found.notes)
    assert "the function is called again" in seeds_html(found)


@pytest.mark.trains
def test_generators_are_as_the_first_call_left_them():
    states: list[Any] = []

    def note(_: float, __: float) -> None:
        random.seed(1)
        np.random.seed(1)
        states.append((torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()))

    trainlab.seeds(training(steps=1, result=note), seeds=1, metric="mse")
    after = torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()
    assert states[0] == after
    assert states[1] != after


@pytest.mark.trains
@pytest.mark.parametrize(
    ("result", "value"),
    [
        (lambda start, loss: {"score": start, "mse": 1.0}, lambda one: one.value),
        (lambda start, loss: torch.tensor(start), lambda one: one.value),
    ],
)
def test_the_number_is_what_the_function_returns(result: Any, value: Any):
    found = trainlab.seeds(training(steps=1, result=result), seeds=2, metric="score")
    assert found.measure.name == "score"
    torch.manual_seed(0)
    assert value(found.yours) == pytest.approx(nn.Linear(1, 2).weight[0].item())
    assert value(found.runs[0]) != value(found.runs[1])


def test_what_draws_nothing_anew_is_seen_soon():
    def train() -> None:
        weight = torch.ones(1, requires_grad=True)
        (weight * 2).sum().backward()

    found = trainlab.seeds(train, seeds=50)
    assert len(found.runs) == 5
    assert found.notes[0].startswith("The seed changes nothing: 5 of 5 runs are the function's own")


def test_a_network_from_outside_is_refused():
    model = nn.Linear(1, 1)

    def train() -> None:
        model(torch.ones(2, 1)).sum().backward()

    with pytest.raises(DiagnosisError, match=r"^seeds: the network was made outside of the function"):
        trainlab.seeds(train, n=2)


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (3, {}, "seeds: training is 3; give the path of a script, or a function without arguments"),
        ("nowhere.py", {}, "nowhere.py: no such file."),
        (print, {"seeds": 0, "n": None}, "seeds: seeds is 0; must be a whole number from 1 to 1,000,000."),
        (print, {"n": True}, "seeds: seeds is True; must be a whole number"),
        (print, {"workers": 2}, "seeds: workers is 2, but a function was given, and this is for scripts"),
        (print, {"arguments": ["--lr"]}, "seeds: arguments is ['--lr'], but a function was given"),
        ("a.py", {"arguments": "--lr 3"}, "seeds: arguments is '--lr 3'; must be a list of words"),
        (print, {"metric": 3}, "seeds: metric is 3; must be a name, as in 'accuracy'."),
        (print, {"at_least": "high"}, "seeds: at_least is 'high'; must be a number."),
        (print, {"at_least": 2, "at_most": 1}, "seeds: at_least is 2, above at_most, 1; no run could"),
        (lambda: None, {}, "seeds: in <lambda> no training was seen"),
        (lambda: print("loss: 3"), {"metric": "acc"}, "seeds: metric is 'acc', but <lambda> neither returns"),
    ],
)
def test_wrong_arguments(given: Any, options: dict[str, Any], message: str):
    with pytest.raises(DiagnosisError) as raised:
        trainlab.seeds(given, **({"n": 2} | options))
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_not_inside_of_a_watch():
    with trainlab.watch(), pytest.raises(DiagnosisError, match="a watch is listening already"):
        trainlab.seeds(lambda: None)


def test_messages_name_options_as_the_function_does():
    assert in_python("--at-least and --metric NAME.") == "at_least and metric NAME."


def test_of_what_is_printed_the_end_is_kept(capsys: pytest.CaptureFixture[str]):
    kept = Kept(None)
    for place in range(10):
        kept.write(f"{place}" * (MOST // 4))
    assert len(kept.getvalue()) <= 1.5 * MOST
    assert kept.getvalue().endswith("9")


@pytest.mark.trains
def test_the_users_rule_says_which_seeds_succeed():
    train = training(result=lambda start, loss: {"loss": loss, "start": start})
    found = trainlab.seeds(train, seeds=3, solved="start > 0")
    runs = found.to_dict()["runs"]
    assert [run["success"] for run in runs] == [run["value"] > 0 for run in runs]
    assert {run["state"] for run in runs} <= {"learnt", "poor", "stuck"}
    assert found.to_dict()["success"]["means"] == "start > 0"
    assert found.to_dict()["success"]["read"] == "as the function returned it"
    with pytest.raises(DiagnosisError, match="seeds: solved is 'f1 > 0': the function neither returns"):
        trainlab.seeds(train, seeds=1, solved="f1 > 0")
    with pytest.raises(DiagnosisError, match="seeds: metric is 'loss', but solved says what counts already"):
        trainlab.seeds(train, seeds=1, solved="start > 0", metric="loss")
