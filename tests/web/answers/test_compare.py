""""""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from web.experiments import sent, xor

import trainlab
from trainlab import Change, Experiment, Study, TrainlabError
from trainlab.web.answers import population
from trainlab.web.answers.compare import answer_compare, differ_sentence, differences
from trainlab.web.answers.population import answer_population
from trainlab.web.questions import Compare, Limits, Population

LIMITS = Limits()


def asked(b: dict, *, seeds: int = 80, first_seed: int = 0, a: dict | None = None):
    question = Compare(a=a or xor(), b=b, seeds=seeds, first_seed=first_seed)
    return sent(answer_compare(question, LIMITS))


def test_the_effect_is_the_study_s_own():
    header, arrays = asked(xor(optimizer={"name": "adam", "lr": 0.01}))[-1]
    change = Change.from_dict("slower", {"optimizer": {"lr": 0.01}})
    study = Study(baseline=Experiment.from_dict(xor()), changes=(change,), seeds=80)
    result = trainlab.study(study)
    assert header["effect"] == result.effects[0].alone.to_dict()
    assert header["effect"]["reading"] == "hurts"
    without, made = (cell.runs for cell in result.cells)
    assert np.array_equal(arrays["a_loss"], without.loss)
    assert np.array_equal(arrays["b_loss"], made.loss)
    assert arrays["rescued"].tolist() == np.flatnonzero(made.solved & ~without.solved).tolist()
    assert arrays["lost"].tolist() == np.flatnonzero(without.solved & ~made.solved).tolist()
    assert header["a"]["k"] == without.solved.sum()
    assert header["sentence"] == (
        f"B solves fewer seeds than A: {made.solved.sum()} of 80 seeds, A {without.solved.sum()}; "
        f"{result.effects[0].alone.value}; {counted(len(arrays['rescued']))} rescued, "
        f"{len(arrays['lost'])} lost."
    )


def counted(number: int) -> str:
    return f"{number} seed{'' if number == 1 else 's'}"


def test_each_side_is_a_population(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(population, "FIRST_WORK", 0.0)
    monkeypatch.setattr(population, "FRAME_SECONDS", 0.0)
    other = xor(loss="l1")
    frames = asked(other, seeds=24, first_seed=5)
    assert [header["n"] for header, _ in frames] == [8, 16, 24]
    header, arrays = frames[-1]
    for side, data in (("a", xor()), ("b", other)):
        alone, shown = sent(answer_population(Population(experiment=data, seeds=24, first_seed=5), LIMITS))[
            -1
        ]
        assert header[side].items() <= alone.items()
        for name, values in shown.items():
            assert np.array_equal(arrays[f"{side}_{name}"], values)
    assert set(arrays["rescued"]) | set(arrays["lost"]) <= set(range(5, 29))


def test_what_differs_is_told_a_thing_at_a_time():
    header, _ = asked(xor(optimizer={"name": "adam", "lr": 0.01}), seeds=8)[-1]
    assert header["changes"] == [{"field": "optimizer.lr", "words": "learning rate: 0.05 → 0.01"}]
    assert header["changes_sentence"] == "One thing differs."


def test_more_than_one_difference_is_said():
    other = xor(
        optimizer={"name": "sgd", "lr": 0.01}, network={"widths": "2-4-1", "output_activation": "linear"}
    )
    header, _ = asked(other, seeds=8)[-1]
    assert [change["words"] for change in header["changes"]] == [
        "network.widths: 2-3-1 → 2-4-1",
        "network.output_activation: like the others (tanh) → linear",
        "optimizer: adam → sgd",
        "learning rate: 0.05 → 0.01",
    ]
    assert header["changes_sentence"] == "Four things differ; which of them did it isn't told."


def test_the_same_twice_is_said():
    header, arrays = asked(xor(), seeds=8)[-1]
    assert header["changes"] == []
    assert header["changes_sentence"] == "Nothing differs: A and B are the same training."
    assert header["effect"]["estimate"] == 0
    assert len(arrays["rescued"]) == len(arrays["lost"]) == 0
    assert "no seed turns" in header["sentence"]


def test_another_goal_is_no_effect_of_training():
    header, _ = asked(xor(solved={"within": 0.4}), seeds=8)[-1]
    assert header["sentence"].endswith("They count different things as solved.")
    assert header["changes"][0]["field"] == "solved.within"


def test_an_error_says_which_side_it_is_about():
    with pytest.raises(TrainlabError, match=r"^B: optimizer\.lr = -1\.0: must be a finite number"):
        asked(xor(optimizer={"name": "adam", "lr": -1.0}))


def test_both_trainings_together_must_fit():
    question = Compare(a=xor(), b=xor(), seeds=64)
    with pytest.raises(TrainlabError, match=r"^A: epochs = 150: more than the work that a question may take"):
        list(answer_compare(question, Limits(work=2e6)))


def words(*, before: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    a, b = (Experiment.from_dict(xor(**each)) for each in (before or {}, changes))
    return [each["words"] for each in differences(a, b)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"optimizer": {"name": "adam", "lr": 0.05, "betas": [0.8, 0.99]}},
            "optimizer.betas: (0.9, 0.999) → (0.8, 0.99)",
        ),
        ({"loss": "l1"}, "loss: mse → l1"),
        (
            {"network": {"widths": "2-3-1", "bias": False}},
            "network.bias (every layer, the last one too): yes → no",
        ),
        (
            {"network": {"widths": "2-3-1", "activation": "relu"}},
            "network.activation (every layer, the last one too): tanh → relu",
        ),
        ({"clip": {"norm": 1}}, "largest norm of the gradient: left out → 1"),
        ({"frozen": [1]}, "frozen: none → (1)"),
        ({"epochs": 2001}, "epochs: 150 → 2,001"),
        ({"init": "xavier_normal"}, "init.weight: default → xavier_normal"),
        ({"after": xor()}, "after: left out → a training before this one"),
    ],
)
def test_a_difference_is_told_as_a_person_would(changes: dict[str, Any], said: str):
    assert words(**changes) == [said]


def test_what_is_recorded_makes_no_difference():
    assert words(record={"loss_every": 7}) == []


def test_differences_are_counted():
    assert differ_sentence([]) == "Nothing differs: A and B are the same training."
    some = [{"field": "epochs", "words": "epochs: 1 → 2"}]
    assert differ_sentence(some) == "One thing differs."
    assert differ_sentence(some * 2) == "Two things differ; which of them did it isn't told."
    assert differ_sentence(some * 12) == "12 things differ; which of them did it isn't told."
