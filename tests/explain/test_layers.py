"""A layer is the same, whether an experiment's network has it or a torch module."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from trainlab.engine.network_pass import initial_layers
from trainlab.explain.subject.layers import layer_kind, module_layer, network_layers
from trainlab.spec import Experiment


def test_of_a_network_and_of_the_module_with_its_weights() -> None:
    layers = initial_layers(Experiment.from_dict({"network": {"widths": "2-5-1", "bias": [True, False]}}), 0)
    infos = network_layers(layers)
    assert [(each.name, each.fan_in, each.fan_out, each.parameters) for each in infos] == [
        ("layer 1", 2, 5, 15),
        ("layer 2", 5, 1, 5),
    ]
    for info, layer in zip(infos, layers, strict=True):
        linear = nn.Linear(info.fan_in, info.fan_out, bias=layer.bias is not None).double()
        linear.weight.data = torch.from_numpy(layer.weight)
        found = module_layer(info.name, linear)
        assert replace(found, weight_std=info.weight_std) == info
        assert found.weight_std == pytest.approx(info.weight_std)
        assert found.scaled == pytest.approx(float(layer.weight.std()) * info.fan_in**0.5)


def test_of_convolutions_and_of_a_parametrized_layer() -> None:
    plain, transposed = nn.Conv2d(4, 6, 3, groups=2), nn.ConvTranspose1d(4, 6, 5)
    found = [module_layer("conv", each) for each in (plain, transposed)]
    assert [(each.kind, each.fan_in, each.fan_out, each.neurons) for each in found] == [
        ("Conv2d", 18, 54, 6),
        ("ConvTranspose1d", 30, 20, 6),
    ]
    assert layer_kind(nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))) == "Linear"
