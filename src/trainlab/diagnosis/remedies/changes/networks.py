# pyright: basic
"""Changes of a network: its activations, its layers, its initial weights."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.observed.torch_names import DISTANCES
from trainlab.diagnosis.remedies.changes.graph import made_of, remember, tag
from trainlab.diagnosis.remedies.patching import Patching, function_places
from trainlab.diagnosis.torch_private import BATCH_NORMS, CONVOLUTIONS, DROPOUTS

# Activations: replaced in hidden layers, put between layers that follow each other, taken off the output.

SQUASHING = (
    "sigmoid", "tanh", "softmax", "relu", "softplus", "hardtanh", "clamp", "clamp_min", "relu6", "threshold",
    "hardsigmoid",
)  # fmt: skip
_OF_LOGITS = ("cross_entropy", "binary_cross_entropy_with_logits")
_LAYERS = (nn.Linear, *CONVOLUTIONS)
_PASSING = (*BATCH_NORMS, *DROPOUTS, nn.Flatten, nn.LayerNorm)


def replace(on: Patching, *, which: list[str], by: str) -> None:
    """Use another activation inside networks; the one that their output comes out of stays.

    A network's first call shows which one that is, and is left unchanged.
    """
    roots = on.roots()
    last: weakref.WeakKeyDictionary[nn.Module, int | None] = weakref.WeakKeyDictionary()
    count = 0
    busy = False

    def begin(module: nn.Module, args: Any) -> None:
        nonlocal count
        count = 0

    def end(module: nn.Module, output: Any) -> None:
        if module not in last:
            made = made_of(output)
            last[module] = int(made[0]) if made is not None and made[0].isdigit() else None

    def activation(other: Any, original: Any, given: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal busy, count
        root = roots.running
        if busy or root is None or not isinstance(given, torch.Tensor):
            return original(given, *args, **kwargs)
        busy = True
        count += 1
        try:
            if root in last and last[root] != count:
                on.act()
                return other(given)
            out = original(given, *args, **kwargs)
            tag(out, str(count), given)
            return out
        finally:
            busy = False

    roots.before.append(begin)
    roots.after.append(end)
    for owner, name in [place for one in which for place in function_places(one)]:
        other = getattr(nn.functional, f"{by}_" if name.endswith("_") else by)
        on.around(owner, name, partial(activation, other))


def between(on: Patching) -> None:
    """Put a ReLU between linear layers and convolutions that follow each other directly."""

    def before(module: nn.Module, args: Any) -> Any:
        made = made_of(args[0]) if args and isinstance(module, _LAYERS) else None
        if made is None or made[0] != "layer":
            return None
        on.act()
        return (nn.functional.relu(args[0]), *args[1:])

    def after(module: nn.Module, args: Any, output: Any) -> None:
        given = args[0] if args else None
        if not isinstance(given, torch.Tensor):
            return
        made = made_of(given)
        passed_on = isinstance(module, _PASSING) and made is not None and made[0] == "layer"
        if isinstance(module, _LAYERS) or passed_on:
            tag(output, "layer", given)

    on.before_call(before)
    on.after_call(after)


def off_output(on: Patching) -> None:
    """Take off the activation that a network's output, or what a loss is given, comes out of."""

    def without(tensor: Any) -> Any:
        made = made_of(tensor)
        if made is None or made[0] not in SQUASHING:
            return None
        on.act()
        return made[1]

    def loss(original: Any, output: Any, *args: Any, **kwargs: Any) -> Any:
        bare = without(output)
        return original(output if bare is None else bare, *args, **kwargs)

    remember(on, SQUASHING)
    on.roots().after.append(lambda module, output: without(output))
    for name in (*DISTANCES, *_OF_LOGITS):
        on.around(nn.functional, name, loss)
    for owner, name in function_places("log_softmax", inplace=False):
        on.around(owner, name, loss)


# Layers that depend on the mode, and the mode: milder dropout, group norm for batch-norm, train or eval.

_DROPOUTS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")
_GROUPS = (32, 16, 8, 4, 2, 1)


def dropout(on: Patching, *, most: float) -> None:
    """Drop no more than this share, and nothing in passes without gradients."""

    def drop(original: Any, given: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
        if training and (p > most or not torch.is_grad_enabled()):
            on.act()
            training = torch.is_grad_enabled()
        return original(given, min(p, most), training, inplace)

    for name in _DROPOUTS:
        on.around(nn.functional, name, drop)


def group_norm(on: Patching) -> None:
    """Normalize each sample by itself, over groups of at least four channels, where batch-norm is."""

    def batch_norm(
        original: Any, given: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
        training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
    ) -> Any:  # fmt: skip
        on.act()
        channels = given.shape[1]
        groups = next(one for one in _GROUPS if channels % one == 0 and channels // one >= min(4, channels))
        return nn.functional.group_norm(given, groups, weight, bias, eps)

    on.around(nn.functional, "batch_norm", batch_norm)


def train_to_learn(on: Patching) -> None:
    """Make forward passes with gradients in train mode."""
    _in_mode(on, learning=True)


def eval_to_judge(on: Patching) -> None:
    """Make forward passes without gradients in eval mode."""
    _in_mode(on, learning=False)


def _in_mode(on: Patching, *, learning: bool) -> None:
    changed: list[nn.Module] = []

    def before(module: nn.Module, args: Any) -> None:
        changed.clear()
        if torch.is_grad_enabled() is not learning:
            return
        changed.extend(inner for inner in module.modules() if inner.training is not learning)
        for inner in changed:
            inner.training = learning
        if changed:
            on.act()

    def after(module: nn.Module, output: Any) -> None:
        for inner in changed:
            inner.training = not learning
        changed.clear()

    roots = on.roots()
    roots.before.append(before)
    roots.after.append(after)


# Initial weights: set anew before a network is called for the first time.

MIX = 0x9E3779B9


def init(on: Patching, *, scheme: str) -> None:
    """Start from PyTorch's ``default``, ``he``, ``xavier`` or ``orthogonal``.

    Weights that were loaded stay; so do norm layers. The random state is what it was.
    """
    loaded: weakref.WeakSet[nn.Module] = weakref.WeakSet()
    known: weakref.WeakSet[nn.Module] = weakref.WeakSet()

    def load_state_dict(original: Any, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        for inner in module.modules():
            loaded.add(inner)
        return original(module, *args, **kwargs)

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

    on.around(nn.Module, "load_state_dict", load_state_dict)
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
