from __future__ import annotations

import numpy as np
import pytest

from trainlab.engine.network_pass import Layer
from trainlab.errors import ExplainError
from trainlab.explain.questions.chain_rule.notation import (
    Entry,
    all_entries,
    entry_value,
    parse_entry,
    with_entry,
)

LAYERS = [
    Layer(weight=np.arange(6.0).reshape(3, 2), bias=np.array([7.0, 8, 9]), activation="tanh"),
    Layer(weight=np.array([[10.0, 11, 12]]), bias=None, activation="tanh"),
]


@pytest.mark.parametrize(
    ("text", "value"),
    [("w1[2,1]", 2), ("w1.2.1", 2), (" w1[ 2 , 1 ] ", 2), ("w2[1,3]", 12), ("b1[3]", 9), ("b1.3", 9)],
)
def test_both_notations(text: str, value: float) -> None:
    entry = parse_entry(text, LAYERS)
    assert entry_value(LAYERS, entry) == value
    assert parse_entry(str(entry), LAYERS) == entry


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"weight = '': is no weight's name; write w2\[1,3\]"),
        ("w1[1]", r"'w1\[1\]': is no weight's name"),
        ("b1[1,1]", r"is no weight's name"),
        ("w3[1,1]", r"there is no layer 3; the network has layers 1 to 2"),
        ("w0[1,1]", r"there is no layer 0"),
        ("w1[4,1]", r"in layer 1 weights go to units 1 to 3 and are from units 1 to 2"),
        ("w1[1,0]", r"there is no such one"),
        ("b1[4]", r"in layer 1 biases belong to units 1 to 3\."),
        ("b2[1]", r"layer 2 has no biases; name one of its weights, such as w2\[1,1\]"),
    ],
)
def test_what_is_no_weight(text: str, message: str) -> None:
    with pytest.raises(ExplainError, match=message) as error:
        parse_entry(text, LAYERS)
    assert "\n" not in str(error.value)


def test_changing_one_number_leaves_the_layers_alone() -> None:
    for entry in all_entries(LAYERS):
        before = entry_value(LAYERS, entry)
        changed = with_entry(LAYERS, entry, -1.0)
        assert entry_value(changed, entry) == -1.0
        assert entry_value(LAYERS, entry) == before
        assert sum(entry_value(changed, e) != entry_value(LAYERS, e) for e in all_entries(LAYERS)) == 1


def test_entries_are_in_the_order_of_the_parameters() -> None:
    assert [entry_value(LAYERS, entry) for entry in all_entries(LAYERS)] == [*range(6), 7, 8, 9, 10, 11, 12]
    assert Entry(layer=1, unit=2, source=1).words == "the weight to unit 2 of layer 1 from input 1"
    assert Entry(layer=2, unit=1, source=3).words == "the weight to unit 1 of layer 2 from unit 3 of layer 1"
