"""The whole explanation: what it says, what it holds, what it refuses."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainlab.engine.network_pass import initial_layers
from trainlab.errors import ExplainError, SpecError
from trainlab.explain import ChainRuleExplanation, Section, chain_rule
from trainlab.explain.network import Objective
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass, pass_example
from trainlab.explain.questions.chain_rule.flow import Flow, layer_flows
from trainlab.explain.questions.chain_rule.options import DEFAULT, read_question
from trainlab.report import explanation_html
from trainlab.spec import Experiment, load_study

DEFAULT_OF = {
    count: Experiment.from_dict(
        {
            "network": [count, 3, 2, 1],
            "task": {"name": "parity", "bits": count},
        }
    )
    for count in (1, 2, 4, 6)
}


@pytest.fixture(scope="module")
def told() -> tuple[ChainRuleExplanation, list[Section]]:
    sections: list[Section] = []
    return chain_rule(seeds=64, on_section=sections.append), sections


def test_sections_come_as_they_are_ready(told: tuple[ChainRuleExplanation, list[Section]]) -> None:
    result, sections = told
    assert list(result.sections) == sections
    names = [section.name for section in sections]
    assert names == ["forward", "paths", "backward", "layers", "downhill", "population"]


def test_four_ways_to_one_derivative(told: tuple[ChainRuleExplanation, list[Section]]) -> None:
    result, _ = told
    checks = result.numbers["checks"]
    assert result.derivative == checks["backward"]
    assert checks["paths"] == pytest.approx(result.derivative, rel=1e-13)
    assert checks["autograd"] == pytest.approx(result.derivative, rel=1e-13)
    assert checks["central_difference"] == pytest.approx(result.derivative, rel=1e-10)
    assert checks["autograd_all_weights"] < 1e-14
    assert result.path_count == len(result.paths) == 2
    assert "the products along 2 paths add up" in result.verdict.lower()


def test_the_numbers_are_plain_and_the_same_as_the_fields(
    told: tuple[ChainRuleExplanation, list[Section]],
) -> None:
    result, _ = told
    data = json.loads(result.to_json())
    assert data["question"] == "chain-rule"
    numbers = data["numbers"]
    assert [step["result"] for step in numbers["steps"]] == [step.result for step in result.steps]
    assert numbers["paths"]["listed"][0]["product"] == result.paths[0].product
    assert numbers["weight"] == result.weight == "w1[3,4]"
    assert numbers["point"] == "example 16 of 16, inputs (1, 1, 1, 1), target 0"
    made = Experiment.from_dict({"network": "4-3-2-1", "task": {"name": "parity", "bits": 4}})
    first = initial_layers(made, 0)[0]
    assert numbers["forward"][0]["z"] == pytest.approx((first.weight @ np.ones(4) + first.bias).tolist())  # type: ignore[operator]
    page = explanation_html(result)
    assert page.count("<svg") == len(result.pictures) == 5
    for section in result.sections:
        assert section.heading in page.replace("&#x27;", "'")


def test_the_deep_part_is_about_the_assignments_model_3(
    told: tuple[ChainRuleExplanation, list[Section]],
) -> None:
    result, _ = told
    layers = result.numbers["layers"]
    assert layers["network"]["label"] == "2-2-2-2-2-2-2-2-1"
    experiment = load_study("xor44").experiment("Model 3")
    data = experiment.data()
    flows = layer_flows(
        pass_example(
            initial_layers(experiment, 0), Objective.of(experiment.loss), data.inputs[1:2], data.targets[1:2]
        )
    )
    assert layers["flows"] == [flow.to_dict() for flow in flows]
    ratios = [flow.ratio for flow in flows]
    assert f"layer {1 + int(np.argmin([ratio or 1.0 for ratio in ratios]))} loses most" in result.verdict
    before, after = layers["population"]["before"], layers["population"]["after"]
    assert before["seeds"] == after["seeds"] == before["vanished"]["n"] == 64
    assert after["median"][0] < before["median"][0]
    assert f"{before['vanished']['k']} of 64" in result.verdict


def test_downhill_holds_line_plane_and_steps(told: tuple[ChainRuleExplanation, list[Section]]) -> None:
    result, _ = told
    downhill = result.numbers["downhill"]
    assert len(downhill["losses"]) == downhill["steps"] + 1 == 101
    assert len(downhill["plane"]["track"]) == 101
    assert downhill["plane"]["inside"][-1] == pytest.approx(1)
    assert "lies in the plane" in " ".join(result.section("downhill").text)


@pytest.mark.trains
@pytest.mark.parametrize(
    "options",
    [
        {
            "task": {"name": "blobs", "classes": 3},
            "network": {"widths": [2, 4, 3], "output_activation": "softmax"},
        },
        {
            "task": {"name": "blobs", "classes": 3},
            "network": {"widths": [2, 4, 3], "bias": False, "output_activation": "log_softmax"},
            "loss": "nll",
        },
        {
            "task": "moons",
            "network": {"widths": [2, 5, 1], "activation": "relu", "output_activation": "sigmoid"},
            "loss": "bce",
        },
        {"network": {"widths": [2, 1]}, "loss": "hinge"},
        {
            "network": {"widths": [2, 3, 1], "activation": "relu"},
            "init": {"weight": {"name": "constant", "val": 0.0}},
        },
    ],
)
def test_any_experiment(options: dict[str, Any]) -> None:
    result = chain_rule(Experiment.from_dict({"epochs": 5, **options}), seeds=4, engine="torch")
    checks = result.numbers["checks"]
    assert checks["paths"] == pytest.approx(checks["autograd"], rel=1e-12, abs=1e-15)
    assert result.to_json()
    assert str(result)
    assert explanation_html(result)


def test_a_cell_a_network_and_a_point_of_your_own() -> None:
    result = chain_rule(
        "xor44",
        cell="Model 1:B+C",
        network="2-4-4-1",
        inputs=(0.25, -1),
        targets=0.5,
        weight="b2[3]",
        seeds=3,
        engine="torch",
        parts=["paths", "layers"],
    )
    numbers = result.numbers
    assert (numbers["network"]["label"], numbers["loss"], numbers["activations"]) == (
        "2-4-4-1",
        "mse",
        ["sigmoid"] * 3,
    )
    assert numbers["point"] == "the point given, inputs (0.25, −1), target 0.5"
    assert (result.weight, result.path_count) == ("b2[3]", 1)
    assert numbers["layers"]["network"] == {"label": "2-4-4-1", "widths": [2, 4, 4, 1], "parameters": 37}


@pytest.mark.trains
def test_all_paths_are_listed_if_asked_for() -> None:
    options: dict[str, Any] = {"network": "2-8-8-8-1", "seeds": 2}
    assert len(chain_rule(**options).paths) == 50
    every = chain_rule(**options, paths="all")
    assert len(every.paths) == every.path_count == 64


def test_a_thousand_million_paths_are_told_in_one_line() -> None:
    result = chain_rule(network="2-64-64-64-64-64-64-1", seeds=2, parts=["paths", "backward"])
    assert result.path_count == 2**30
    assert result.paths == ()
    assert "1,073,741,824 paths" in result.section("paths").text[1]
    assert result.steps == ()
    assert "2,000 parameters the steps aren't listed" in result.section("backward").text[0]


def test_of_a_costly_training_fewer_seeds_are_trained_than_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Experiment.from_dict({"network": "2-3-1", "epochs": 3})
    for place in ("populations", "questions.chain_rule.deep_network"):
        monkeypatch.setattr(f"trainlab.explain.{place}.MOST_WORK", 25 * 3 * 4 * 13.0)
    result = chain_rule(made, seeds=40)
    population = result.numbers["layers"]["population"]
    assert (population["before"]["seeds"], population["after"]["seeds"]) == (40, 25)
    assert population["solved"]["n"] == 25
    part = result.section("population")
    assert "Of the 40 seeds asked for 25 were trained: more would be too much work" in " ".join(part.text)
    assert "before and after training (25 trained)" in part.pictures[0].title


def test_layers_of_one_trace_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(traced: ExamplePass) -> tuple[Flow, ...]:
        calls.append(len(traced.layers))
        return layer_flows(traced)

    monkeypatch.setattr("trainlab.explain.questions.chain_rule.evidence.layer_flows", counted)
    monkeypatch.setattr("trainlab.explain.questions.chain_rule.deep_network.layer_flows", counted)
    result = chain_rule(Experiment.from_dict({"network": "2-3-1", "epochs": 100_000_000}), seeds=5)
    assert calls == [2]
    assert [flow.to_dict() for flow in result.flows] == result.numbers["layers"]["flows"]


def test_what_is_too_long_to_train_is_not() -> None:
    made = Experiment.from_dict({"network": "2-3-1", "epochs": 100_000_000})
    result = chain_rule(made, seeds=5)
    assert result.numbers["layers"]["population"]["after"] is None
    assert "It was not trained" in " ".join(result.section("population").text)


def test_without_torch_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    result = chain_rule(Experiment.from_dict({"network": "2-3-1", "epochs": 2}), seeds=2, engine="fast")
    assert result.numbers["checks"]["autograd"] is None
    assert "PyTorch is not installed" in " ".join(result.section("paths").text)
    assert "autograd" not in result.verdict
    assert "; central differences differ by " in result.verdict


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": "w4[1,1]"}, r"weight = 'w4\[1,1\]': there is no layer 4"),
        ({"inputs": (0, math.nan), "targets": 1}, r"inputs: number 2 is nan, not a finite number"),
        ({"inputs": (0, 1), "targets": math.inf}, r"targets: number 1 is inf, not a finite number"),
        ({"inputs": (0, 1)}, r"inputs: is given without targets; give both"),
        ({"targets": 1}, r"targets: is given without inputs; give both"),
        (
            {"network": "4-3-2-1", "inputs": (0, 1, 1), "targets": 1},
            r"inputs = \(0, 1, 1\): has 3 numbers, but 4-3-2-1 has 4 inputs; give one for each",
        ),
        (
            {"source": "xor44", "inputs": (1, 2, 3, 4), "targets": 0},
            r"inputs = \(1, 2, 3, 4\): has 4 numbers, but 2-5-4-1 has 2 inputs; give one for each",
        ),
        (
            {"inputs": (1, 2, 3), "targets": (0, 1)},
            r"targets = \(0, 1\): has 2 numbers, but 3-3-2-1 has 1 output",
        ),
        ({"inputs": (), "targets": 0}, r"inputs = \(\): has 0 numbers, but 4-3-2-1 has 4 inputs"),
        ({"inputs": [[1], [2, 3]], "targets": 0}, r"inputs = .*: must be numbers, 4 of them"),
        (
            {"inputs": range(17), "targets": 0},
            r"network = '17-3-2-1': has 17 inputs, and .* it learns XOR of at most 16; name the file",
        ),
        ({"inputs": "ab", "targets": 1}, r"inputs = 'ab': must be numbers, 4 of them"),
        ({"inputs": (0, 1), "targets": 1, "point": 2}, r"point = 2: is given beside inputs"),
        ({"point": 0}, r"point = 0: the data have 16 examples; give a whole number from 1 to 16"),
        ({"point": True}, r"point = True"),
        ({"seed": -1}, r"seed = -1: must be a whole number from 0"),
        ({"seeds": 0}, r"seeds = 0: must be a whole number from 1 to 1,000,000"),
        ({"paths": "some"}, r"paths = 'some': must be 'auto'"),
        ({"loss": "mse"}, r"loss: is for a torch.nn.Module; an experiment has its own loss"),
        ({"source": 3}, r"source: is a int; give an Experiment, a Study, the name of a file"),
        (
            {"network": "2-64-64-64-64-64-64-1", "paths": "all"},
            r"has 1,073,741,824 paths to the loss, and at most 100,000",
        ),
    ],
)
def test_wrong_use(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ExplainError, match=message) as error:
        chain_rule(**options)
    assert "\n" not in str(error.value)


def test_wrong_files_cells_and_networks() -> None:
    with pytest.raises(SpecError, match="no such file"):
        chain_rule(Path("nowhere.toml"))
    with pytest.raises(SpecError, match="no such network"):
        chain_rule("xor44", cell="Model 9")
    with pytest.raises(SpecError, match="the first width is 3"):
        chain_rule("xor44", network="3-2-1")
    with pytest.raises(SpecError, match="the last width is 2"):
        chain_rule(network="4-3-2")
    with pytest.raises(SpecError, match="widths"):
        chain_rule(network=[4.5, 1])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("point", "label", "weight", "drawn"),
    [
        ((1.0, 2.0, 3.0, 4.0), "4-3-2-1", "w1[3,4]", "w¹₄₃"),
        ((1.0, 2.0), "2-3-2-1", "w1[3,2]", "w¹₂₃"),
        ((0.5,), "1-3-2-1", "w1[3,1]", "w¹₁₃"),
        ((1.0, 0.0, 1.0, 0.0, -1.0, 2.0), "6-3-2-1", "w1[3,6]", "w¹₆₃"),
    ],
)
def test_a_point_of_any_number_of_inputs(
    point: tuple[float, ...], label: str, weight: str, drawn: str
) -> None:
    """The weight's derivative is that of PyTorch's weight[2, inputs - 1]: to, then from, counted from 0."""
    result = chain_rule(inputs=point, targets=0, seeds=1, parts="paths")
    assert (result.numbers["network"]["label"], result.weight) == (label, weight)
    made = [torch.nn.Linear(inputs, outputs) for inputs, outputs in ((len(point), 3), (3, 2), (2, 1))]
    layers = initial_layers(DEFAULT_OF[len(point)], 0)
    for linear, layer in zip(made, layers, strict=True):
        linear.weight.data, linear.bias.data = torch.tensor(layer.weight), torch.tensor(layer.bias)
    values = torch.tensor([point], dtype=torch.float64)
    for linear in made:
        values = torch.tanh(linear(values))
    (gradient,) = torch.autograd.grad((values**2).mean(), made[0].weight)
    assert result.derivative == pytest.approx(gradient[2, len(point) - 1].item(), rel=1e-12)
    words = " ".join(result.section("paths").text)
    assert f"it is weight[2, {len(point) - 1}] of the layer's Linear" in words
    assert f"source first: {drawn}." in words


def test_the_network_of_a_point_learns_xor_of_its_inputs() -> None:
    chosen: dict[str, Any] = {"cell": None, "weight": None, "point": None, "targets": 0, "seed": 0}
    for bits in (1, 2, 4, 6):
        data = read_question(DEFAULT, network=None, inputs=[0.5] * bits, **chosen).experiment.data()
        assert data.inputs.shape == (2**bits, bits)
        assert (data.targets[:, 0] == data.inputs.sum(axis=1) % 2).all()


def test_targets_that_a_loss_can_not_take() -> None:
    made = Experiment.from_dict({"network": "2-3-1", "loss": "bce_with_logits"})
    with pytest.raises(
        ExplainError, match=r"targets = 2: the loss 'bce_with_logits' needs targets from 0 to 1"
    ):
        chain_rule(made, inputs=(0, 1), targets=2)


def test_without_a_gradient_it_does_not_deny_that_there_is_a_way_downhill() -> None:
    """All zero is a saddle: lower places are next to it, and the gradient is 0."""
    made = Experiment.from_dict(
        {
            "network": {"widths": [2, 3, 1], "bias": False},
            "init": {"weight": {"name": "constant", "val": 0.0}},
            "epochs": 2,
        }
    )
    words = " ".join(chain_rule(made, seeds=2, parts="downhill").section("downhill").text)
    assert "shows no way downhill; on a plateau or at a saddle there may be one" in words


def test_a_large_rate_does_not_hide_the_fall() -> None:
    made = Experiment.from_dict({"network": "2-3-1", "optimizer": {"name": "sgd", "lr": 1e5}, "epochs": 2})
    words = " ".join(chain_rule(made, seeds=2, parts="downhill").section("downhill").text)
    assert "the loss falls to" in words
    assert "at α = 0," not in words
    assert "it is first as high as at the start again" in words


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_numbers_that_overflow(activation: str) -> None:
    made = Experiment.from_dict(
        {
            "network": {"widths": [2, 3, 3, 1], "activation": activation},
            "init": {"weight": {"name": "constant", "val": 1e200}},
        }
    )
    with pytest.raises(ExplainError, match=r"network: the numbers of layer 2 are not finite for this point"):
        chain_rule(made)
