"""A number after a name, as scripts print it."""

from __future__ import annotations

import math

import pytest

from trainlab.diagnosis.observed.told import last_number, names_printed


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("accuracy: 0.97", "accuracy", 0.97),
        ("acc=97.2%", "acc", 97.2),
        ("test acc 0.9", "test acc", 0.9),
        ("test  acc 0.9", "test acc", 0.9),
        ("{'acc': 0.97, 'loss': 1}", "acc", 0.97),
        ('{"val": {"acc": 1e-3}}', "acc", 1e-3),
        ("Accuracy: 0.5", "accuracy", 0.5),
        ("loss tensor(0.25, grad_fn=<MeanBackward0>)", "loss", 0.25),
        ("('acc', np.float64(0.75))", "acc", 0.75),
        ("loss -> -3", "loss", -3.0),
        ("Test Accuracy: 95/100", "accuracy", 0.95),
        ("accuracy on the test set: 0.93", "accuracy", 0.93),
        ("train acc: 0.8, test acc: 0.9", "acc", 0.9),
        ("train acc: 0.8, test acc: 0.9", "train acc", 0.8),
        ("acc: 0.1\nacc: 0.2\n", "acc", 0.2),
        ("accuracy: .5.", "accuracy", 0.5),
        ("loss: 3, done", "loss", 3.0),
    ],
)
def test_the_last_number_after_the_name(text: str, name: str, number: float):
    assert last_number(text, name) == number


@pytest.mark.parametrize(
    ("text", "name"), [("test_acc: 0.9", "acc"), ("accuracy: 1", "acc"), ("acc\n3", "x")]
)
def test_a_name_is_a_word_by_itself(text: str, name: str):
    assert last_number(text, name) is None


def test_what_follows_at_once_comes_before_what_follows_later():
    assert last_number("loss: 0.5\nloss after epoch 3", "loss") == 0.5


def test_not_a_number_is_a_number_that_is_none():
    found = last_number("loss: nan", "loss")
    assert found is not None
    assert math.isnan(found)
    assert last_number("loss: nanometres", "loss") is None


def test_names_are_told_last_first():
    said = names_printed("epoch: 3 loss=0.5\ntest acc: 0.9\nloss=0.4")
    assert said == " It prints numbers after: loss, test acc, epoch."
