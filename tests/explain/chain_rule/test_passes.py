"""Weights by their names, and each step worked out again from its operands."""

from __future__ import annotations

import re

import numpy as np
import pytest
from explain.chain_rule.agreement import random_trace
from explain.chain_rule.entries import all_entries

from trainlab.engine.network_pass import Layer
from trainlab.errors import ExplainError
from trainlab.explain.network import Objective
from trainlab.explain.questions.chain_rule.example_pass import (
    Entry,
    ExamplePass,
    entry_value,
    parse_entry,
    pass_example,
    with_entry,
)
from trainlab.explain.questions.chain_rule.passes import Step, pass_steps
from trainlab.maths import ACTIVATIONS
from trainlab.spec import MSE

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


# Each step is worked out again from its operands, and feeds steps that use it.


SUMMED = ("weighted sum", "weight gradient", "through activation", "bias gradient", "through weights")


def again(step: Step, made: ExamplePass) -> float | None:
    """The value by the operands alone; None where the operation is a loss."""
    numbers = [value for _, value in step.operands]
    if step.operation in SUMMED:
        pairs, rest = numbers[: len(numbers) // 2 * 2], numbers[len(numbers) // 2 * 2 :]
        return sum(a * b for a, b in zip(pairs[::2], pairs[1::2], strict=True)) + sum(rest)
    if step.operation == "activation":
        kind = ACTIVATIONS[made.layers[step.layer - 1].activation]
        unit = int(re.findall(r"\[(\d+)\]", step.result)[0])
        return float(kind.value(np.array(numbers))[unit - 1 if len(numbers) > 1 else 0])
    outputs, targets = np.array([numbers[::2]]), np.array([numbers[1::2]])
    if step.operation == "loss":
        return made.objective.value(outputs, targets)
    return None


@pytest.mark.parametrize("seed", range(25))
def test_every_step_follows_from_its_operands(seed: int) -> None:
    made, _ = random_trace(np.random.default_rng(seed))
    for step in pass_steps(made):
        value = again(step, made)
        if value is not None:
            assert step.value == pytest.approx(value, rel=1e-9, abs=1e-15), step


@pytest.mark.parametrize("seed", range(10))
def test_what_a_step_feeds_comes_later_and_operands_came_before(seed: int) -> None:
    made, _ = random_trace(np.random.default_rng(seed))
    steps = pass_steps(made)
    place = {step.result: step.index for step in steps}
    assert [step.index for step in steps] == list(range(1, len(steps) + 1))
    assert len(place) == len(steps)
    values = {step.result: step.value for step in steps}
    for step in steps:
        for fed in step.feeds:
            assert place[fed] > step.index
        for name, value in step.operands:
            if name in place:
                assert place[name] < step.index
                assert values[name] == value


def test_the_phases_come_in_order_and_a_step_is_plain_data() -> None:
    made, _ = random_trace(np.random.default_rng(1))
    steps = pass_steps(made)
    order = [step.phase for step in steps]
    assert order == sorted(order, key=["forward", "loss", "backward"].index)
    data = steps[0].to_dict()
    assert data["operands"][0] == list(steps[0].operands[0])
    assert set(data) == set(Step.__slots__)


def test_the_steps_of_a_large_network_are_not_listed() -> None:
    rng = np.random.default_rng(0)
    layers = [
        Layer(weight=rng.normal(size=(60, 40)), bias=rng.normal(size=60), activation="tanh"),
        Layer(weight=rng.normal(size=(1, 60)), bias=None, activation="linear"),
    ]
    made = pass_example(layers, Objective.of(MSE()), rng.normal(size=(1, 40)), np.zeros((1, 1)))
    assert pass_steps(made) == ()
