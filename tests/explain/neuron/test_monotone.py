"""What the line of a neuron is said to do, for activations that only rise and for others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from trainlab.engine.network_pass import Layer, forward
from trainlab.explain import neuron
from trainlab.explain.questions.neuron.decompose import taken_apart
from trainlab.explain.questions.neuron.plane_section import falls, line_words, side_words
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment

XOR = [[0.0, 0], [0, 1], [1, 0], [1, 1]]
ONE_LINE = "One neuron can tell apart only what one straight line can."


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if ACTIVATIONS[name].elementwise])
@pytest.mark.parametrize("bias", [0.0, 30.0])
def test_whether_it_falls_is_what_its_values_say(name: str, bias: float) -> None:
    layer = Layer(weight=np.array([[1.0, 1.0]]), bias=np.array([bias]), activation=name)
    one = taken_apart([layer], forward([layer], np.zeros((1, 2))), layer=1, unit=1, names=["a", "b"])
    grid = np.linspace(-40, 40, 80_001)
    values = ACTIVATIONS[name].value(grid)
    assert falls(one) is bool((np.diff(values) < -1e-9).any())
    above = values > ACTIVATIONS[name].value(np.zeros(1))
    sides = bool((above <= (grid > 0)).all())
    assert ("z is above 0 and the output above" in side_words(one, "half", "0")) is sides


def test_one_sine_does_xor_and_is_not_said_to_be_unable_to() -> None:
    network = {"widths": "2-1", "output_activation": "sin"}
    experiment = Experiment.from_dict({"network": network, "epochs": 1})
    words = neuron(experiment, seeds=1, trained=False).section("plane").text[0]
    assert ONE_LINE not in words
    assert "Since sin both rises and falls, one such neuron can tell apart what no single" in words
    assert "need not be one side of that line" in words
    tanh = Experiment.from_dict({"network": "2-1", "epochs": 1})
    assert ONE_LINE in neuron(tanh, seeds=1, trained=False).section("plane").text[0]


class Function(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.function = nn.Linear(2, 3), function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.first(x))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (torch.abs, "Since abs both rises and falls"),
        (torch.square, "Since square both rises and falls"),
        (torch.exp, "Whether exp ever falls isn't known here"),
        (nn.LeakyReLU(-1.0), "Since LeakyReLU both rises and falls"),
        (nn.LeakyReLU(0.1), ONE_LINE),
        (torch.nn.functional.relu, ONE_LINE),
    ],
)
def test_functions_of_a_module(function: Any, words: str) -> None:
    found = neuron(Function(function), inputs=XOR)
    assert words in found.section("plane").text[0]
    assert line_words(found.neuron) in found.section("plane").text[0]


def test_a_softmax_of_the_inputs_has_no_other_units_before_it() -> None:
    network = {"widths": "2-3", "output_activation": "softmax"}
    experiment = Experiment.from_dict(
        {"network": network, "task": {"name": "blobs", "classes": 3}, "epochs": 1}
    )
    words = neuron(experiment, seeds=1, trained=False).section("plane").text[0]
    assert words.startswith("Its output hangs on the sums of its whole layer, so")
