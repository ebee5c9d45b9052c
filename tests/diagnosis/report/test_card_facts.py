"""What the card says of the loss, beside that of the best constant answer."""

from __future__ import annotations

from typing import Any

import pytest

from trainlab.diagnosis.report.card import card_facts

CARD: dict[str, Any] = {
    "models": [],
    "unregistered_parameters": 0,
    "optimizers": [],
    "losses": [],
    "loaders": [],
    "epochs": None,
    "output_head": "",
    "steps": 0,
    "backward_passes": 1000,
    "first_loss": 0.0204,
    "last_loss": 0.0202,
    "constant_answer_loss": 0.693,
}


@pytest.mark.parametrize(
    ("batch", "first", "share", "unit", "words"),
    [
        (
            16,
            0.0204,
            0.94,
            "accuracy",
            "loss 0.0204 → 0.0202 as backward() got it, 0.651 over the data at the end; ",
        ),
        (
            2,
            0.0204,
            0.94,
            "accuracy",
            "loss 0.0204 → 0.0202 in single steps, 0.651 over the data at the end; ",
        ),
        (16, 0.0204, 0.03, "accuracy", "loss 0.0204 → 0.0202; "),
        (16, 0.7, 0.94, "accuracy", "loss 0.7 → 0.0202; "),
        (
            16,
            44.0,
            0.001,
            "accuracy",
            "loss 44 → 0.0202 as backward() got it, 6.93×10⁻⁴ over the data at the end; ",
        ),
        (16, 0.0204, None, "accuracy", "loss 0.0204 → 0.0202; "),
        # Divided by the four batches that a step gathers, at both ends.
        (16, 0.175, 0.211, "accuracy", "loss 0.175 → 0.0202; "),
        (
            16,
            0.175,
            0.112,
            "accuracy",
            "loss 0.175 → 0.0202 as backward() got it, 0.0776 over the data at the end; ",
        ),
        # Without a unit the share is that of what lies above the targets' own entropy: no loss is told by it.
        (2, 0.0204, 0.94, None, "loss 0.0204 → 0.0202; "),
    ],
)
def test_a_loss_in_another_unit_than_the_constants_is_said_over_the_data(
    batch: int, first: float, share: float | None, unit: str | None, words: str
):
    outcome = {"loss_by_constant": share, "reached": None, "neighbours_reach": None, "reached_as": unit}
    facts = card_facts({"card": {**CARD, "batch": [batch, 2], "first_loss": first}, "outcome": outcome})
    (training,) = [fact.said for fact in facts if fact.label == "training"]
    assert training == f"{words}the best constant answer has 0.693"


def test_a_policys_loss_below_0_isnt_set_against_a_constants():
    outcome = {"loss_by_constant": None, "reached": None, "neighbours_reach": None, "reached_as": None}
    card = {**CARD, "batch": [16, 2], "first_loss": -0.01, "last_loss": -0.08}
    (training,) = [
        fact.said for fact in card_facts({"card": card, "outcome": outcome}) if fact.label == "training"
    ]
    assert training == "loss −0.01 → −0.08"


def asked(train: tuple[float, float], judged: tuple[float, float]) -> dict[str, Any]:
    """Return what was asked of a network, loss and accuracy in both modes."""
    modes = zip(("train_mode", "eval_mode"), (train, judged), strict=True)
    return {mode: {"loss": loss, "reached": reached} for mode, (loss, reached) in modes}


def said(label: str, outcome: dict[str, Any], **card: Any) -> str:
    known = {"loss_by_constant": None, "neighbours_reach": None, "reached": None, "reached_as": "accuracy"}
    facts = card_facts({"card": {**CARD, "batch": [16, 2], **card}, "outcome": known | outcome})
    return next(fact.said for fact in facts if fact.label == label)


def test_the_loss_over_the_rows_asked_stands_beside_a_last_batch_that_differs():
    outcome = {"loss_by_constant": 0.65 / 0.693, "asked": [asked((0.65, 0.62), (0.65, 0.62))]}
    numbers = {"first_loss": 0.72, "constant_answer_loss": 0.693}
    words = (
        "loss 0.72 → 0.58 in the last batch, 0.65 over the rows checked after it; the best constant answer"
    )
    assert said("training", outcome, last_loss=0.58, **numbers).startswith(words)
    assert said("training", outcome, last_loss=0.64, **numbers).startswith("loss 0.72 → 0.64; the best")


@pytest.mark.parametrize(
    ("judged", "words"),
    [
        (0.691, "accuracy 0.889 on 836 rows, in train mode, 0.691 in eval mode"),
        (0.87, "accuracy 0.889 on 836 rows, in train mode"),
    ],
)
def test_what_the_other_mode_answers_is_said_where_it_clearly_differs(judged: float, words: str):
    outcome = {"reached": 0.889, "reached_on": "836 rows, in train mode"}
    assert said("reached", outcome | {"asked": [asked((0.3, 0.889), (0.6, judged))]}) == words


def test_an_accuracy_that_is_the_commonest_classs_is_said_to_be():
    words = "accuracy 0.55; the commonest class alone has 0.557"
    assert said("reached", {"reached": 0.55, "commonest_class": 0.557}) == words
    assert said("reached", {"reached": 0.6, "commonest_class": 0.557}) == "accuracy 0.6"
