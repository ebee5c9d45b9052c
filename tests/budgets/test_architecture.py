from __future__ import annotations

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainlab.budgets import Architecture, architecture, bias_flags, layer_table, question
from trainlab.errors import BudgetError


@pytest.mark.parametrize(
    ("widths", "biases", "parameters", "name"),
    [
        ((2, 5, 4, 1), (True, True, True), 44, "2-5-4-1"),
        ((2, 11, 1), (True, False), 44, "2-11-1 (no bias: output)"),
        ((2, 2, 2, 2, 2, 2, 2, 2, 1), (True,) * 7 + (False,), 44, "2-2-2-2-2-2-2-2-1 (no bias: output)"),
        ((2, 3, 1), (False, True), 10, "2-3-1 (no bias: layer 1)"),
        ((2, 3, 4, 1), (True, False, False), 25, "2-3-4-1 (no bias: layers 2, output)"),
        ((2, 3, 4, 1), (False, False, True), 23, "2-3-4-1 (no bias: layers 1, 2)"),
        ((2, 3, 1), (False, False), 9, "2-3-1 (no bias)"),
        ((2, 1), (True,), 3, "2-1"),
    ],
)
def test_parameters_and_names(widths, biases, parameters, name):
    network = Architecture(widths=widths, biases=biases)
    assert network.parameters == parameters
    assert str(network) == name
    assert network.to_dict() == {
        "name": name,
        "widths": list(widths),
        "biases": list(biases),
        "parameters": parameters,
    }


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=4), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_torch_holds_as_many_parameters(layers_after, inputs):
    import torch

    widths = (inputs, *(width for width, _ in layers_after))
    biases = tuple(bias for _, bias in layers_after)
    modules = [
        torch.nn.Linear(a, b, bias=bias) for a, b, bias in zip(widths[:-1], widths[1:], biases, strict=True)
    ]
    network = Architecture(widths=widths, biases=biases)
    for layer, module in zip(network.layers, modules, strict=True):
        assert layer.weights == module.weight.numel()
        assert layer.biases == (0 if module.bias is None else module.bias.numel())
        assert (layer.fan_in, layer.fan_out) == (module.in_features, module.out_features)
    assert network.parameters == sum(p.numel() for module in modules for p in module.parameters())


@pytest.mark.parametrize(
    ("widths", "biases", "message"),
    [
        ((2,), (), r"widths=\(2,\) is not a network; allowed are two widths or more.*\(2, 11, 1\)"),
        ((2, 0, 1), (True, True), r"width=0: must be a whole number from 1 to 1,000,000,000,000,000\."),
        (
            (2, 3, 1),
            (True,),
            r"biases=\(True,\) has 1 entries; allowed is one a layer, 2 for widths=\(2, 3, 1\)",
        ),
        (
            (2, 3, 1),
            (True, 1),
            r"biases=\(True, 1\) holds something other than flags; allowed are True and False",
        ),
    ],
)
def test_what_is_no_network_says_why(widths, biases, message):
    with pytest.raises(BudgetError, match=message):
        Architecture(widths=widths, biases=biases)


def test_the_table_adds_up_layer_by_layer():
    table = layer_table(widths=(2, 5, 4, 1))
    assert [row.name for row in table.rows] == ["1", "2", "output"]
    assert [row.parameters for row in table.rows] == [15, 24, 5]
    assert (table.weights, table.biases, table.parameters) == (34, 10, 44)
    assert table.to_dict()["layers"][1] == {
        "name": "2",
        "fan_in": 5,
        "fan_out": 4,
        "weights": 20,
        "biases": 4,
        "parameters": 24,
    }


def test_the_table_prints_itself():
    table = layer_table(widths=(784, 128, 10), biases=bias_flags(layers=2, output_bias="no"))
    assert str(table).splitlines() == [
        "784-128-10 (no bias: output)",
        "layer    in  out  weights  biases  parameters",
        "1       784  128  100,352     128     100,480",
        "output  128   10    1,280       0       1,280",
        "total             101,632     128     101,760",
    ]
    html = table._repr_html_()
    assert html.count("<tr>") == 4
    assert "<td>101,760</td>" in html


def test_bias_flags():
    assert bias_flags(layers=3) == (True, True, True)
    assert bias_flags(layers=3, output_bias="no") == (True, True, False)
    assert bias_flags(layers=2, hidden_bias="no") == (False, True)
    with pytest.raises(BudgetError, match=r"output_bias='any' is not known; allowed are 'yes' or 'no'"):
        bias_flags(layers=2, output_bias="any")


@pytest.mark.parametrize("module", [architecture, question])
def test_the_examples_in_the_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
