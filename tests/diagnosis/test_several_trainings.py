"""Trainings of one script are told apart, or known to be one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from diagnosis import several
from diagnosis.watched import diagnosed
from torch import nn
from torch.nn import functional

from trainlab.diagnosis import Report
from trainlab.diagnosis.report.verdict import alike, line_of


def told(report: Report) -> list[tuple[str, str, list[str]]]:
    """Return name, outcome and causes of each training."""
    return [
        (one.name, one.outcome["state"], [found.fault for found in one.findings if not found.consequence_of])
        for one in report.trainings
    ]


@pytest.mark.trains
@pytest.mark.parametrize("training", [several.sequential, several.in_turns])
def test_one_of_three_fails(training: Callable[[], None]) -> None:
    """Each is judged by itself, whether one comes after the other or they take turns."""
    report = diagnosed(training)
    assert told(report) == [
        ("Sequential #1", "learnt", []),
        ("Sequential #2", "stuck", ["lr_too_high"]),
        ("Sequential #3", "learnt", []),
    ]
    assert report.judged == "Sequential #2"
    assert report.findings[0].training == "Sequential #2"
    assert report.outcome["state"] == "stuck"
    assert [one.card["steps"] for one in report.trainings] == [several.STEPS] * 3
    assert report.card["steps"] == 3 * several.STEPS


@pytest.mark.trains
def test_each_is_looked_at_closely_from_its_start() -> None:
    """The first losses of the third are among those looked at, as those of the first are."""
    report = diagnosed(several.sequential)
    first, _, third = report.trainings
    assert third.looked_at["graphs"] == first.looked_at["graphs"]
    assert third.looked_at["batches"] == first.looked_at["batches"]
    assert third.outcome["curve"]["loss"][0] > 0.2
    assert third.outcome["reached_on"] == "4 rows trained on, checked after the last step"


@pytest.mark.trains
def test_both_answer_before_either_learns() -> None:
    """A loss is that of the network whose answers it is made of, not of the one called last."""
    report = diagnosed(several.side_by_side)
    assert [state for _, state, _ in told(report)] == ["learnt", "stuck"]


@pytest.mark.trains
@pytest.mark.parametrize(
    "training",
    [
        several.game,
        several.game_later,
        several.actor_and_critic,
        several.encoder_and_decoder,
        several.two_phases,
        several.two_optimizers,
        several.frozen_teacher,
    ],
)
def test_what_belongs_together_is_one(training: Callable[[], None]) -> None:
    """Networks that reach each other, or learn from each other's numbers, are one training."""
    report = diagnosed(training)
    assert report.trainings == ()
    assert "trainings" not in report.to_dict()
    assert all("training" not in finding for finding in report.to_dict()["findings"])


@pytest.mark.trains
def test_a_teacher_that_was_trained_is_another_training() -> None:
    """The student's losses are its own, also where the teacher is called after it."""
    report = diagnosed(several.teacher_and_student)
    assert [state for _, state, _ in told(report)] == ["learnt", "learnt"]
    assert [one.card["steps"] for one in report.trainings] == [several.STEPS, several.STEPS]


@pytest.mark.trains
def test_folds_are_told_in_one_sentence() -> None:
    """Folds that all learn are counted."""
    report = diagnosed(several.folds)
    assert report.verdict == "4 trainings: all learn. Nothing found."
    assert [one.card["batch"] for one in report.trainings] == [[30, 2]] * 4


@pytest.mark.trains
def test_the_json_has_each_training() -> None:
    """By name, with findings, card and outcome; the findings of all stand at the top, failing ones first."""
    report = diagnosed(several.in_turns).to_dict()
    assert [one["name"] for one in report["trainings"]] == ["Sequential #1", "Sequential #2", "Sequential #3"]
    assert report["judged"] == "Sequential #2"
    assert report["findings"] == report["trainings"][1]["findings"]
    assert {"name", "verdict", "findings", "notes", "card", "outcome"} <= set(report["trainings"][0])
    assert report["verdict"].startswith("3 trainings: 2 learn, 1 doesn't learn. Sequential #2: ")


class Skipping(nn.Module):
    """Its second layer is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.lin1 = nn.Linear(2, 8)
        self.lin2 = nn.Linear(8, 8)
        self.lin3 = nn.Linear(8, 1)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """Skip it."""
        answer: torch.Tensor = self.lin3(torch.tanh(self.lin1(given)))
        return answer


@pytest.mark.trains
def test_layers_that_are_never_called_have_their_names() -> None:
    """Also of a network that isn't called yet when weights are compared, though its optimizer is there."""

    def training() -> None:
        first, second = several.network(), Skipping()
        optimizers = several.adam(first), several.adam(second)
        for model, optimizer in zip((first, second), optimizers, strict=True):
            for _ in range(60):
                several.step(functional.mse_loss(model(several.X), several.Y), optimizer)

    report = diagnosed(training)
    assert [found.where for found in report.findings] == ["lin2 (lin2.weight, lin2.bias)"]
    assert report.card["unregistered_parameters"] == 0


@pytest.mark.trains
def test_a_network_whose_forward_is_called_by_name_is_one() -> None:
    """Its layers are called by themselves then, and are still named as the network names them."""

    def training() -> None:
        model = Skipping()
        optimizer = several.adam(model)
        for _ in range(60):
            several.step(functional.mse_loss(model.forward(several.X), several.Y), optimizer)

    report = diagnosed(training)
    assert [model["name"] for model in report.card["models"]] == ["Skipping"]
    assert [found.where for found in report.findings] == ["lin2 (lin2.weight, lin2.bias)"]


@pytest.mark.parametrize(("behind", "words"), [(True, "learns too little"), (False, "learns a part")])
def test_a_poor_training_learns_too_little_only_where_more_is_known_to_be_possible(
    behind: bool, words: str
) -> None:
    outcome = {"state": "poor", "behind": behind, "reached": 0.4, "reached_as": "R²"}
    one = {"name": "model", "outcome": outcome, "findings": [], "looked_at": {"steps": 100}}
    assert [line_of(group) for group in alike([one])] == [f"model: {words}, R² 0.4"]


@pytest.mark.trains
def test_a_network_whose_forward_is_called_is_named_without_its_layers() -> None:
    """Called by `forward` a network isn't heard, only its layers are; once it was called whole."""

    def train() -> None:
        x = torch.rand(16, 2)
        for name in ("first", "second"):
            model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
            globals()[f"_{name}"] = model
            model(x)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(80):
                optimizer.zero_grad()
                (model.forward(x) - x.sum(1, keepdim=True)).square().mean().backward()
                optimizer.step()

    try:
        assert [name for name, _, _ in told(diagnosed(train))] == ["_first", "_second"]
    finally:
        del globals()["_first"], globals()["_second"]
