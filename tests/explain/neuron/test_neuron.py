"""The whole answer for experiments: what it holds, what it claims, what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from trainlab.engine.layout import initial_parameters
from trainlab.errors import ExplainError, SpecError
from trainlab.explain import NeuronExplanation, Section, neuron
from trainlab.explain.questions.neuron.affine import best_affine, can_be_solved
from trainlab.explain.questions.neuron.stacks import depths_of, without_activations
from trainlab.report import explanation_html
from trainlab.spec import Experiment, any_study
from trainlab.spec.lookup import named_cell

BEST = "Model 1:A+B+C+D+E"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def answer(store: Path) -> NeuronExplanation:
    return neuron(cell=BEST, seeds=40, store=store)


@pytest.mark.trains
def test_it_holds_the_neuron_and_its_numbers(answer: NeuronExplanation) -> None:
    assert answer.question == "neuron"
    assert [part.name for part in answer.sections] == [
        "apart",
        "plane",
        "collapse",
        "affine",
        "check",
        "stacks",
    ]
    assert (answer.neuron.layer, answer.neuron.unit, answer.numbers["point"]) == (1, 1, 2)
    assert answer.numbers["input"] == [0, 1]
    assert answer.autograd_difference is not None
    assert answer.autograd_difference < 1e-14
    assert json.loads(answer.to_json())["numbers"]["neuron"]["sum"] == answer.neuron.sum
    assert answer.plane is not None
    assert answer.plane.level == 0.5
    page = explanation_html(answer)
    assert page.count("<svg") == 4
    assert "The neuron taken apart" in page
    assert "−" in str(answer)


@pytest.mark.trains
def test_no_linear_stack_solves_xor_and_activations_do(answer: NeuronExplanation) -> None:
    assert [each.layers for each in answer.stacks] == [1, 2, 3, 4, 8]
    assert all(each.linear.k == 0 for each in answer.stacks)
    assert answer.stacks[0].active.k == 0
    own = answer.stacks[2]
    assert own.own
    assert own.label == "2-5-4-1"
    assert own.active.k >= 30
    assert own.difference.low > 0.4
    assert own.p < 0.001
    assert "None of 40 seeds of any of the 5 linear stacks solved it" in answer.verdict
    assert "No single linear layer can bring every error below 1/2." in answer.verdict
    assert answer.numbers["can_be_solved"] is False


@pytest.mark.trains
def test_the_stack_is_one_layer(answer: NeuronExplanation) -> None:
    assert answer.stack is not None
    numbers = answer.numbers["stack"]
    assert numbers["parameters_before"] == 44
    assert numbers["parameters_after"] == 3
    assert numbers["data_difference"] <= numbers["data_bound"] < 1e-9
    assert numbers["random_inputs"] == 1000


@pytest.mark.trains
def test_trained_weights_are_those_of_the_run_and_initial_ones_as_drawn(
    answer: NeuronExplanation, store: Path
) -> None:
    drawn = neuron(cell=BEST, store=store, trained=False, seed=3, unit=2, parts="apart")
    experiment = named_cell(any_study("xor44"), BEST).experiment
    row = initial_parameters(experiment, range(3, 4))[0]
    assert drawn.neuron.weights.tolist() == row[2:4].tolist()
    assert drawn.neuron.bias == row[11]
    assert drawn.numbers["solved"] is None
    assert answer.numbers["solved"] is True


def test_a_unit_of_a_later_layer_has_no_line_in_the_inputs() -> None:
    found = neuron(cell=BEST, trained=False, layer=2, unit=2, parts="plane")
    assert "its inputs are outputs of other units" in found.section("plane").text[0]
    assert found.plane is None


@pytest.mark.parametrize(
    ("task", "widths", "words"),
    [
        ({"name": "curve", "points": 12}, "1-3-1", "the network has 1 input, so"),
        ({"name": "parity", "bits": 3}, "3-3-1", "the network has 3 inputs, so"),
        ({"name": "blobs", "classes": 3, "points": 12}, "2-3-3", "is the line"),
    ],
)
def test_other_tasks(task: dict[str, Any], widths: str, words: str, store: Path) -> None:
    experiment = Experiment.from_dict({"network": widths, "task": task, "epochs": 3})
    assert words in neuron(experiment, trained=False, parts="plane").section("plane").text[0]
    found = neuron(experiment, seeds=2, store=store)
    assert len(found.affine) == experiment.data().outputs
    assert json.loads(found.to_json())["numbers"]["stacks"][0]["linear"]["n"] == 2


SQUASHED = {"network": {"widths": "2-1", "output_activation": "sigmoid"}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"task": "xor"}, False),
        ({"task": "xor", "solved": {"within": 0.6}}, True),
        ({"task": "xor", "solved": {"accuracy": 1.0}}, False),
        ({"task": "xor", "loss": "bce_with_logits"}, False),
        ({"task": "xor", "solved": {"loss": 0.3}}, None),
        ({"task": "plane"}, True),
        ({"task": "xor", "loss": "hinge"}, None),
        ({"task": {"name": "blobs", "classes": 2, "std": 0.1}, "solved": {"accuracy": 1.0}}, True),
        # The linear stacks of a loss of probabilities are trained on logits, which 0.1 is no bound of.
        ({"task": {"name": "blobs", "classes": 2, "std": 0.4}, "loss": "bce", **SQUASHED}, True),
        ({"task": {"name": "blobs", "classes": 2, "std": 0.4}, **SQUASHED}, False),
        ({"task": "xor", "loss": "bce", **SQUASHED}, False),
    ],
)
def test_whether_an_affine_map_can(changes: dict[str, Any], expected: bool | None) -> None:
    experiment = Experiment.from_dict({"network": "2-1", **changes})
    task = experiment.data()
    fits = [best_affine(task.inputs, task.targets[:, at]) for at in range(task.outputs)]
    assert can_be_solved(experiment, [fit for fit in fits if fit is not None]) is expected


def test_of_a_loss_of_probabilities_the_page_says_what_its_stacks_show(store: Path) -> None:
    task = {"name": "blobs", "classes": 2, "std": 0.4}
    network = {"widths": "2-3-1", "output_activation": "sigmoid"}
    optimizer = {"name": "adam", "lr": 0.3}
    found = neuron(
        Experiment.from_dict(
            {"network": network, "task": task, "loss": "bce", "optimizer": optimizer, "epochs": 400}
        ),
        seeds=4,
        store=store,
    )
    assert found.numbers["can_be_solved"] is True
    words = " ".join(found.section("affine").text)
    assert "an affine map can do that (trained with bce_with_logits in place of bce" in words
    assert any(each.linear.k for each in found.stacks)


def test_where_seeds_are_too_costly_fewer_are_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.explain.populations.MOST_WORK", 1.0)
    found = neuron(Experiment.from_dict({"network": "2-2-1", "epochs": 3}), seeds=30)
    assert {each.linear.n for each in found.stacks} == {20}
    assert found.section("stacks").text[-1].startswith("Of the 30 seeds asked for 20 were trained")
    assert "Tested: 20 seeds" in found.verdict


def test_stacks_differ_in_depth_and_activation_alone() -> None:
    experiment = named_cell(any_study("xor44"), "Model 3:A+C").experiment
    for depth in depths_of(experiment):
        assert depth.active.network.layers == depth.linear.network.layers == depth.layers
        assert set(depth.linear.network.activations) == {"linear"}
        assert depth.active.optimizer == depth.linear.optimizer == experiment.optimizer
        assert depth.own == (depth.layers == 8)
    assert next(each for each in depths_of(experiment) if each.own).active == experiment


def test_a_loss_of_probabilities_becomes_that_of_logits() -> None:
    experiment = Experiment.from_dict(
        {"network": {"widths": "2-3-1", "output_activation": "sigmoid"}, "task": "xor", "loss": "bce"}
    )
    assert without_activations(experiment).loss.__struct_config__.tag == "bce_with_logits"


def test_sections_come_as_they_are_made(store: Path) -> None:
    seen: list[Section] = []
    found = neuron(cell=BEST, seeds=40, store=store, on_section=seen.append)
    assert tuple(seen) == found.sections


def test_without_torch_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    found = neuron(cell=BEST, trained=False, parts="check")
    assert found.autograd_difference is None
    assert "torch isn't installed" in found.section("check").text[0]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"layer": 0}, "layer = 0: 2-5-4-1 has 3 layers; give a whole number from 1 to 3"),
    ({"layer": 4}, "layer = 4: 2-5-4-1 has 3 layers"),
    ({"unit": 6}, "unit = 6: layer 1 of 2-5-4-1 has 5 units"),
    ({"unit": 1.5}, "unit = 1.5:"),
    ({"point": 5}, "point = 5: the data have 4 examples; give a whole number from 1 to 4."),
    ({"point": 1, "input": [0, 1]}, "point = 1: input is given as well"),
    ({"input": [0, float("nan")]}, "input: holds nan at [1]; every number must be finite"),
    ({"input": [0, 1, 2]}, "input: has shape [3], but the network takes 2 inputs"),
    ({"input": "ab"}, "input: is not an array of numbers"),
    ({"seed": -1}, "seed = -1: must be a whole number from 0"),
    ({"seed": 0.5}, "seed = 0.5: must be"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ExplainError) as caught:
        neuron(**options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_cell_is_refused() -> None:
    with pytest.raises(SpecError, match="Did you mean 'Model 1'"):
        neuron(cell="Modell 1:A")


def test_a_seed_that_diverged_is_refused() -> None:
    experiment = named_cell(any_study("xor44"), "Model 1:B+E").experiment
    wild = msgspec.structs.replace(
        experiment, optimizer=msgspec.structs.replace(experiment.optimizer, lr=1e6)
    )
    with pytest.raises(ExplainError, match=r"seed = 0: its training diverged"):
        neuron(wild, seeds=2)


def test_an_input_of_your_own() -> None:
    found = neuron(cell=BEST, trained=False, input=[0.5, -2], parts="apart")
    assert found.numbers["point"] is None
    assert found.neuron is not None
    np.testing.assert_array_equal(found.neuron.inputs, [0.5, -2])
