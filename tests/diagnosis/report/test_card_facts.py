"""What the card says of the loss, beside that of the best constant answer."""

from __future__ import annotations

from typing import Any

import pytest

from trainlab.diagnosis.report.card_facts import card_facts

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
    ("batch", "first", "share", "words"),
    [
        (16, 0.0204, 0.94, "loss 0.0204 → 0.0202 as backward() got it, 0.651 over the data at the end; "),
        (2, 0.0204, 0.94, "loss 0.0204 → 0.0202 in single steps, 0.651 over the data at the end; "),
        (16, 0.0204, 0.03, "loss 0.0204 → 0.0202; "),
        (16, 0.7, 0.94, "loss 0.7 → 0.0202; "),
        (16, 44.0, 0.001, "loss 44 → 0.0202 as backward() got it, 6.93×10⁻⁴ over the data at the end; "),
        (16, 0.0204, None, "loss 0.0204 → 0.0202; "),
    ],
)
def test_a_loss_in_another_unit_than_the_constants_is_said_over_the_data(
    batch: int, first: float, share: float | None, words: str
):
    outcome = {"loss_by_constant": share, "reached": None, "neighbours_reach": None, "reached_as": None}
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
