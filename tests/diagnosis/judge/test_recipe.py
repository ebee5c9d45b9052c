"""The recipe: what is asked of every training, answered with yes, no or open, each with its number."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from diagnosis.trainings_with_faults import NAMES, report_on
from diagnosis.watched import diagnosed, faults, script
from torch import nn

from trainlab.diagnosis import Report
from trainlab.diagnosis.faults import ORDER
from trainlab.diagnosis.judge import recipe
from trainlab.diagnosis.report.sections import report_sections
from trainlab.diagnosis.report.show import report_text

PAIRS = [(question, name) for question, _, names in recipe.RECIPE for name in names]


def answers(report: Report) -> dict[str, tuple[str, str]]:
    return {one["question"]: (one["answer"], one["words"]) for one in report.recipe}


@pytest.mark.trains
@pytest.mark.parametrize(("question", "name"), [(q, name) for q, name in PAIRS if name in NAMES])
def test_the_answer_is_no_where_a_fault_that_it_names_is_found(question: str, name: str):
    report = report_on(name)
    assert name in faults(report)
    answer, words = answers(report)[question]
    assert answer == "no"
    assert any(f"({each})" in words or words == each for each in faults(report))


def test_every_fault_that_is_named_exists():
    assert {name for _, name in PAIRS} <= set(ORDER)
    questions = [question for question, _, _ in recipe.RECIPE]
    assert len(set(questions)) == len(questions)


@pytest.mark.trains
@pytest.mark.parametrize("name", ["adam_mlp_digits.py", "causal_lm_with_labels.py", "gan_two_optimizers.py"])
def test_a_sound_training_is_told_what_was_ruled_out_and_what_is_open(name: str):
    report = diagnosed(script(name))
    told = answers(report)
    assert {answer for answer, _ in told.values()} <= {"yes", "deviates", "open"}
    assert sum(answer == "yes" for answer, _ in told.values()) >= 6
    text = report_text(report.to_dict())
    assert "Asked, and so: all losses and gradients are finite; " in " ".join(text.split())
    assert "Asked, and not so" not in text
    for question, (answer, words) in told.items():
        assert words
        whole = " ".join(report_text(report.to_dict(), details=True).split())
        assert f"{answer} {question}: {words}" in whole


@pytest.mark.trains
def test_of_a_training_that_fails_what_deviates_is_no_whoever_is_to_blame():
    told = answers(report_on("dead_relu"))
    assert told["different rows get different answers"] == ("no", "by 0 of their size")
    assert told["it ends below a constant answer"] == ("no", "1 times its loss")
    assert told["rows that weren't trained on are evaluated"][0] == "open"


@pytest.mark.trains
def test_what_deviates_may_be_meant():
    """Dropout in evaluations is meant there: its modes differ, and no fault is found."""
    told = answers(diagnosed(script("monte_carlo_dropout.py")))
    answer, words = told["train and eval mode answer alike"]
    assert answer == "deviates"
    assert words.endswith("apart (0: not at all)")


LEAK = "no feature alone tells the target"


@pytest.mark.trains
@pytest.mark.parametrize("classes", [True, False])
@pytest.mark.parametrize("noise", [0.03, 3.0])
def test_a_feature_that_nearly_is_the_target_is_told_beside_what_the_others_reach(
    classes: bool, noise: float
):
    def training() -> None:
        x = torch.randn(400, 5)
        y = x[:, :2].sum(1) + 2 * torch.randn(400)
        y = (y > 0).float() if classes else y
        x = torch.cat([x, y[:, None] + noise * torch.randn(400, 1)], 1)
        net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(net.parameters(), 0.01)
        loss = nn.BCEWithLogitsLoss() if classes else nn.MSELoss()
        for _ in range(150):
            optimizer.zero_grad()
            loss(net(x)[:, 0], y).backward()
            optimizer.step()

    report = diagnosed(training)
    answer, words = answers(report)[LEAK]
    if noise > 1:
        assert answer == "yes"
        return
    assert answer == "deviates"
    assert words.startswith(
        f"feature 5 alone gives an {'accuracy' if classes else 'R²'} of 1.00, all others "
    )
    assert words.endswith(", of 400 rows; is it known where you predict?")
    text = " ".join(report_text(report.to_dict()).split())
    assert f"Not so, which may be meant: {LEAK} (feature 5 alone gives" in text


def test_a_question_that_fails_is_open(monkeypatch: pytest.MonkeyPatch):
    def fails(training: object) -> None:
        raise KeyError("oh")

    monkeypatch.setattr(
        recipe, "RECIPE", (("is it so", fails, ()), ("doesn't concern it", lambda of: None, ()))
    )
    training = SimpleNamespace(faults=set(), learning=SimpleNamespace(failing=True))
    (only,) = recipe.asked_of(training)  # type: ignore[arg-type]
    assert (only.question, only.answer) == ("is it so", "open")
    assert only.words == "the question itself failed (KeyError)"


@pytest.mark.trains
def test_an_older_report_without_answers_is_shown():
    data = report_on("dead_relu").to_dict()
    del data["recipe"]
    sections = report_sections(data)
    assert (sections.recipe.text, sections.recipe.facts) == ((), ())
    assert "What was asked" not in report_text(data, details=True)
