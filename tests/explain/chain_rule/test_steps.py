"""Each step is worked out again from its operands, and feeds steps that use it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from explain.chain_rule.agreement import random_trace

from trainlab.engine.network_pass import Layer
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass, pass_example
from trainlab.explain.questions.chain_rule.steps import Step, pass_steps
from trainlab.explain.subject.loss import Objective
from trainlab.maths import ACTIVATIONS
from trainlab.spec import MSE

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


def test_a_large_network_gets_steps_by_layer() -> None:
    rng = np.random.default_rng(0)
    layers = [
        Layer(weight=rng.normal(size=(60, 40)), bias=rng.normal(size=60), activation="tanh"),
        Layer(weight=rng.normal(size=(1, 60)), bias=None, activation="linear"),
    ]
    made = pass_example(layers, Objective.of(MSE()), rng.normal(size=(1, 40)), np.zeros((1, 1)))
    steps = pass_steps(made)
    assert {step.phase for step in steps} == {"by layer"}
    values = {step.result: step.value for step in steps}
    assert values["∂L/∂W1"] == pytest.approx(np.linalg.norm(made.gradients[0].weight))
    assert values["∂L/∂a1"] == pytest.approx(np.linalg.norm(made.gradients[1].inputs))
    names = set(values)
    assert all(fed in names for step in steps for fed in step.feeds)
