# pyright: basic
"""Initial weights: set anew before a network is called for the first time."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.remedies.patching import Patching
from trainlab.diagnosis.torch_private import CONVOLUTIONS

MIX = 0x9E3779B9


def init(on: Patching, *, scheme: str) -> None:
    """Start from PyTorch's ``default``, ``he`` or ``xavier``, ``orthogonal`` or zero ``biases``.

    Weights that were loaded stay; so do norm layers. The random state is what it was.
    """
    loaded: weakref.WeakSet[nn.Module] = weakref.WeakSet()
    known: weakref.WeakSet[nn.Module] = weakref.WeakSet()

    def wrap(original: Any) -> Any:
        def load_state_dict(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            for inner in module.modules():
                loaded.add(inner)
            return original(module, *args, **kwargs)

        return load_state_dict

    def before(module: nn.Module, args: Any) -> None:
        if module in known:
            return
        known.add(module)
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            # A stream of its own: the batches' order would be drawn from the same numbers.
            torch.default_generator.manual_seed((torch.initial_seed() ^ MIX) % 2**63)
            for inner in list(_layers(module)):
                if inner not in loaded:
                    on.act(_start(inner, scheme))

    on.replace(nn.Module, "load_state_dict", wrap)
    on.roots().before.append(before)


def _layers(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules within, each once, those in plain lists and dictionaries as well."""
    queue, known = [module], {id(module)}
    for layer in queue:
        yield layer
        found = list(layer.children())
        for name, value in vars(layer).items():
            held = value.values() if type(value) is dict else value if type(value) in (list, tuple) else ()
            found += [] if name.startswith("_") else [one for one in held if isinstance(one, nn.Module)]
        new = [one for one in found if id(one) not in known]
        known.update(map(id, new))
        queue += new


def _start(layer: nn.Module, scheme: str) -> int:
    """Set a layer's weights; return how many tensors were set."""
    if any(nn.parameter.is_lazy(parameter) for parameter in layer.parameters(recurse=False)):
        return 0
    if scheme == "biases":
        return _zero_biases(layer)
    if isinstance(layer, (nn.Linear, *CONVOLUTIONS)):
        return _start_weight(layer, scheme)
    if isinstance(layer, nn.RNNBase):
        layer.reset_parameters()
        return _orthogonal(layer) if scheme == "orthogonal" else len(list(layer.parameters(recurse=False)))
    if isinstance(layer, nn.Embedding | nn.Bilinear | nn.RNNCellBase):
        layer.reset_parameters()
        return 1
    if hasattr(layer, "reset_parameters"):
        return 0
    matrices = [one for one in layer.parameters(recurse=False) if one.dim() == 2]
    for matrix in matrices:
        nn.init.xavier_uniform_(matrix)
    return len(matrices)


def _start_weight(layer: Any, scheme: str) -> int:
    if scheme in ("default", "orthogonal"):
        layer.reset_parameters()
        return 1
    if scheme == "he":
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    else:
        nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return 1


def _orthogonal(layer: nn.RNNBase) -> int:
    """Start each gate's recurrent weights as a rotation."""
    count = 0
    for name, weight in layer.named_parameters(recurse=False):
        if name.startswith("weight_hh") and weight.shape[1] == layer.hidden_size:
            for gate in weight.split(layer.hidden_size):
                nn.init.orthogonal_(gate)
            count += 1
    return count


def _zero_biases(layer: nn.Module) -> int:
    biases = [
        one for name, one in layer.named_parameters(recurse=False) if name.startswith("bias") and one.any()
    ]
    for bias in biases:
        nn.init.zeros_(bias)
    return len(biases)
