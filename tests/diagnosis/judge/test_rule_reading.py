"""What the user's rule reads: what was printed, held, returned or measured, and what can't be read."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from trainlab.diagnosis.judge.rule_reading import Asked, ruled
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.told import Told, number_in
from trainlab.diagnosis.signals.learning import Learning, learning
from trainlab.diagnosis.signals.learnt import Ruling, rule_from

UNSEEN = learning(TrainingRecord())
MEASURED = replace(
    UNSEEN,
    state="learnt",
    main=LossRecord("cross_entropy", None, "", (), (), "int64"),
    reached=0.85,
    reached_on="200 rows trained on",
)

LEARNT = replace(UNSEEN, state="learnt")


def ruling(rule: str, *, of: Learning = UNSEEN, alone: bool = True, **told: Any) -> Ruling:
    found = ruled(Asked(rule=rule_from(rule), told=Told(**told)), of, alone=alone).ruling
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("rule", "printed", "value", "solved"),
    [
        ("accuracy > 0.9", "accuracy: 0.95\naccuracy: 0.87\n", 0.87, False),
        ("accuracy > 0.9", "{'loss': 0.1, 'accuracy': 0.97}", 0.97, True),
        ("loss < 0.1", "epoch 3 loss=0.05 accuracy=0.4\rdone", 0.05, True),
        ("test accuracy > 0.9", "train accuracy 0.99, test accuracy 0.85", 0.85, False),
        ("accuracy > 0.9", "accuracy on all rows: 0.91", 0.91, True),
        ("accuracy > 0.9", "accuracy: 95/100", 0.95, True),
        ("accuracy > 0.9", "accuracy: 45.0%", 0.45, False),
        ("accuracy > 0.9", "accuracy: 45.0", 0.45, False),
        ("accuracy > 90", "accuracy: 95 of 100", 95.0, True),
        ("accuracy > 0.9", "accuracy: 4 of 4", 1.0, True),
        ("accuracy > 0.9", "accuracy: 3 of 4 (75%)", 0.75, False),
        ("accuracy > 0.9", "accuracy: 1,900 out of 2,000", 0.95, True),
        ("accuracy > 0.9", "accuracy: 0.93 of 200 rows", 0.93, True),
        ("accuracy > 0.9", "accuracy of 0.93", 0.93, True),
        ("accuracy > 0.9", "accuracy 95 loss: 0.3", 0.95, True),
        ("accuracy > 0.9", "accuracy of all: 55 %", 0.55, False),
        ("accuracy > 0.9", "accuracy: \x1b[1;32m0.95\x1b[0m", 0.95, True),
        ("accuracy > 0.9", "\x1b[1maccuracy\x1b[0m: 0.95", 0.95, True),
        ("reward > 1000", "reward: 1,250.5", 1250.5, True),
        ("accuracy > 0.9", '{"accuracy": [0.1, 0.99]}', 0.99, True),
        ("accuracy > 0.9", "accuracy: [np.float64(0.99), np.float64(0.1)], loss: [1, 2]", 0.1, False),
        ("accuracy > 0.9", "accuracy: [tensor(0.1), tensor(nan)]", math.nan, False),
        ("accuracy > 0.9", "accuracy: tensor(0.95, device='cuda:0')", 0.95, True),
        ("accuracy > 90", "accuracy: 12.0\naccuracy: 0.5", 0.5, False),
        ("reward > 0.9", "reward: 45.0", 45.0, True),
        ("loss < 0.1", "loss: nan", math.nan, False),
        ("loss > 0.1", "loss: inf", math.inf, False),
    ],
)
def test_the_last_number_that_is_printed_after_the_name(rule: str, printed: str, value: float, solved: bool):
    found = ruling(rule, printed=printed)
    assert found.value == pytest.approx(value, nan_ok=True)
    assert found.solved is solved
    assert found.source == "printed"


def test_it_says_what_was_read_from_where_and_what_was_asked_for():
    found = ruling("accuracy > 0.9", printed="epoch 1\ntest accuracy: 0.87\ndone\n")
    assert found.words == (
        "accuracy 0.87 in the last line that names it ('test accuracy: 0.87'); you asked for > 0.9: "
        "not solved"
    )
    assert found.short == "accuracy 0.87, you asked for > 0.9"


@pytest.mark.parametrize(
    ("reached", "value"), [(0.85, 93.0), (0.01, 0.93)], ids=["a share", "a percentage below 1"]
)
def test_a_number_up_to_1_is_in_the_unit_in_which_it_is_nearer_to_what_trainlab_measured(
    reached: float, value: float
):
    found = ruling("accuracy > 90", of=replace(MEASURED, reached=reached), printed="accuracy: 0.93")
    assert found.value == pytest.approx(value)


def test_a_number_up_to_1_may_be_a_share_or_a_percentage():
    found = ruling("accuracy > 90", printed="accuracy: 0.87")
    assert found.solved is None
    assert "0.87 in the last line that names it ('accuracy: 0.87') may be a share or a perc" in found.trouble
    assert ruling("accuracy > 90", printed="accuracy: 0.87%").value == 0.87
    assert ruling("accuracy > 90", printed="accuracy: 0.0").value == 0


@pytest.mark.parametrize(
    ("held", "value"),
    [
        (0.95, 0.95),
        ([0.1, 0.92], 0.92),
        (torch.tensor([0.91]), 0.91),
        (float("nan"), math.nan),
        (np.array([0.91]), 0.91),
        (np.array([[0.91]]), 0.91),
        (np.float64(0.91), 0.91),
        ([np.array([0.5]), np.array([0.91])], 0.91),
    ],
)
def test_else_a_variable_of_that_name(held: Any, value: float):
    found = ruling("accuracy > 0.9", variables={"accuracy": held})
    assert (found.source, found.value) == ("variable", pytest.approx(value, nan_ok=True))
    assert "in the script's variable of that name" in found.words


@pytest.mark.parametrize(
    ("returned", "printed", "value"),
    [
        ({"acc": 0.8}, "acc: 0.5", 0.8),
        (0.8, "acc: 0.5", 0.5),
        (0.8, "", 0.8),
        ({"loss": 1.0}, "acc: 0.5", 0.5),
    ],
)
def test_a_function_may_return_it(returned: Any, printed: str, value: float):
    found = ruling("acc > 0.7", returned=returned, printed=printed, whose="the function")
    assert found.value == value


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            "acc > 0.9",
            "acc 0.85 on 200 rows trained on, measured by trainlab; you asked for > 0.9: not solved",
        ),
        (
            "accuracy >= 80",
            "accuracy 85 on 200 rows trained on, measured by trainlab, told as a percentage; you",
        ),
    ],
)
def test_else_what_trainlab_measures(rule: str, words: str):
    found = ruling(rule, of=MEASURED)
    assert found.source == "measured"
    assert found.words.startswith(words)


@pytest.mark.parametrize(
    ("rule", "told", "trouble"),
    [
        (
            "f1 > 0.9",
            {"printed": "loss: 0.5\n"},
            "the script prints no number after this name, and has no variable of this name that holds one. "
            "It prints numbers after: loss. trainlab itself measures of it: accuracy.",
        ),
        ("R² > 0.9", {}, "the script prints no number after this name"),
        ("acc2 > 0.9", {"whose": "the function"}, "the function neither returns a number, by itself or in a"),
        (
            "accuracy > 0.9",
            {"printed": "train accuracy 0.99, test accuracy 0.85"},
            "the last line that names it gives several values, 0.99 and 0.85 ('train accuracy 0.99, test "
            "accuracy 0.85'). Give all the words before the one that you mean, as in 'test accuracy > 0.9'.",
        ),
        ("accuracy > 0.9", {"printed": "accuracy in epoch 10: 0.93"}, "gives several values, 10 and 0.93"),
        (
            "accuracy > 0.9",
            {"variables": {"accuracy": torch.tensor([0.1, 0.9])}},
            "the script's variable accuracy holds 2 values, not one. Print the one that you mean after this "
            "name, or leave it alone under this name.",
        ),
        (
            "accuracy > 0.9",
            {"returned": {"accuracy": np.array([0.1, 0.9])}, "whose": "the function"},
            "what the function returned under this name holds 2 values, not one. Print the one that you",
        ),
        (
            "accuracy > 0.9",
            {"printed": "Accuracy of 10000 test images: 55 %"},
            "gives several values, 10,000 and 55",
        ),
        (
            "accuracy > 0.9",
            {"printed": "accuracy: 250"},
            "250 in the last line that names it ('accuracy: 250')",
        ),
        ("accuracy > 0.9", {"printed": "accuracy: 250"}, "is neither a share nor a percentage."),
        ("accuracy > 0.9", {"printed": "accuracy (10 images): 0.93"}, "gives several values, 10 and 0.93"),
        ("accuracy > 0.9", {"printed": "accuracy 10 images: 0.93"}, "gives several values, 10 and 0.93"),
        ("accuracy > 0.9", {"printed": "accuracy: (0.95, 0.02)"}, "gives several values, 0.95 and 0.02"),
        ("accuracy > 0.9", {"printed": "accuracy: tensor([0.9, 1.])"}, "gives several values, 0.9 and 1"),
        (
            "accuracy > 0.9",
            {"printed": "accuracy: 5 of 10 folds: 0.93"},
            "gives several values, 0.5 and 0.93",
        ),
        ("accuracy > 0.9", {"printed": "accuracy: 0.99/0.85"}, "gives several values, 0.99 and 0.85"),
        ("accuracy > 0.9", {"printed": "accuracy: 0,93"}, "gives several values, 0 and 0.93"),
        ("accuracy > 0.9", {"printed": "accuracy: [0.9 0.8]"}, "gives several values, 0.9 and 0.8"),
        ("accuracy > 0.9", {"printed": "accuracy: 20 of 10"}, "2 is no share ('accuracy: 20 of 10')."),
        ("correct > 90", {"printed": "correct: 95/100"}, "it is printed as a share, 0.95"),
        (
            "accuracy > 0.9",
            {"returned": (0.1, 0.95), "whose": "the function"},
            "the function neither returns a number",
        ),
    ],
)
def test_what_cannot_be_read_changes_nothing(rule: str, told: dict[str, Any], trouble: str):
    found = ruling(rule, of=LEARNT if "returned" in told else MEASURED, **told)
    assert found.solved is None
    assert found.state == "learnt"
    assert trouble in found.trouble
    assert found.words == f"{rule} couldn't be judged: {found.trouble}"


class Broken:
    """Raises whatever is asked of it."""

    @property
    def numel(self) -> Any:
        raise KeyError("numel")

    def __float__(self) -> float:
        raise ZeroDivisionError


@pytest.mark.parametrize("held", [10**400, Broken(), [Broken()], np.array([]), torch.Tensor, "0.95", True])
def test_what_is_no_number_counts_as_none(held: Any):
    found = ruling("score > 0.9", variables={"score": held})
    assert "has no variable of this name that holds one" in found.trouble
    assert number_in([10**400]) is None
    assert number_in(Broken()) is None
    assert number_in(np.array([0.5])) == 0.5


class Unreadable(dict[str, Any]):
    """Variables that can't be read."""

    def __contains__(self, key: object) -> bool:
        raise OSError("gone")


def test_what_fails_while_the_rule_is_read_is_told_and_loses_nothing():
    found = ruling("score > 0.9", of=LEARNT, variables=Unreadable(score=1))
    assert found.trouble == "reading it failed with OSError: gone"
    assert found.state == "learnt"


@pytest.mark.parametrize(
    ("rule", "variables", "value"),
    [
        ("test accuracy > 0.9", {"test_accuracy": 0.95}, 0.95),
        ("test_acc > 0.9", {"Test_Acc": 0.95}, 0.95),
        ("score > 0.9", {"score": 0.5, "Score": 0.95}, 0.5),
        ("score > 0.9", {"SCORE": 0.5, "Score": 0.95}, None),
        ("score > 0.9", {"SCORE": 0.5, "Score": Broken}, 0.5),
    ],
)
def test_a_name_that_is_held_may_differ_in_case_and_underscores(
    rule: str, variables: dict[str, Any], value: float | None
):
    assert ruling(rule, variables=variables).value == value
    assert ruling(rule, returned=variables, whose="the function").value == value


def test_of_several_trainings_a_printed_number_may_be_any_ones():
    found = ruling("accuracy > 0.9", of=MEASURED, alone=False, printed="accuracy: 0.95")
    assert found.trouble == (
        "the script has several trainings, and whose accuracy it gives isn't known. To judge one by this "
        "rule, run it in a script of its own."
    )
    assert ruling("accuracy > 0.8", of=MEASURED, alone=False).solved is True


def test_a_missed_rule_makes_the_training_fail_and_a_met_one_makes_it_fit():
    met = ruled(Asked(rule=rule_from("acc > 0.8"), told=Told()), replace(MEASURED, state="poor"))
    assert (met.state, met.failing, met.is_unfit(0.0)) == ("learnt", False, False)
    missed = ruled(Asked(rule=rule_from("acc > 0.9"), told=Told()), MEASURED)
    assert (missed.state, missed.is_behind, missed.failing) == ("poor", True, True)
    assert missed.words == "acc 0.85, and > 0.9 was asked for"
