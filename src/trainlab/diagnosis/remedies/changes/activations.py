# pyright: basic
"""Activations: replaced in hidden layers, put between layers that follow each other, taken off the output."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.observed.torch_names import DISTANCES
from trainlab.diagnosis.remedies.changes.tensor_sources import made_of, remember, tag
from trainlab.diagnosis.remedies.patching import Patching, function_places
from trainlab.diagnosis.torch_private import BATCH_NORMS, CONVOLUTIONS, DROPOUTS

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

    def called(original: Any, other: Any, given: Any, args: Any, kwargs: Any) -> Any:
        nonlocal count
        root = roots.running
        count += 1
        if root is not None and root in last and last[root] != count:
            on.act()
            return other(given)
        out = original(given, *args, **kwargs)
        tag(out, str(count), given)
        return out

    def wrap_as(name: str) -> Any:
        other = getattr(nn.functional, f"{by}_" if name.endswith("_") else by)

        def wrap(original: Any) -> Any:
            def activation(given: Any, *args: Any, **kwargs: Any) -> Any:
                nonlocal busy
                if busy or roots.running is None or not isinstance(given, torch.Tensor):
                    return original(given, *args, **kwargs)
                busy = True
                try:
                    return called(original, other, given, args, kwargs)
                finally:
                    busy = False

            return activation

        return wrap

    roots.before.append(begin)
    roots.after.append(end)
    places = [place for name in which for place in function_places(name)]
    for owner, name in places:
        on.replace(owner, name, wrap_as(name))


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

    def wrap(original: Any) -> Any:
        def loss(output: Any, *args: Any, **kwargs: Any) -> Any:
            bare = without(output)
            return original(output if bare is None else bare, *args, **kwargs)

        return loss

    remember(on, SQUASHING)
    on.roots().after.append(lambda module, output: without(output))
    for name in (*DISTANCES, *_OF_LOGITS):
        on.replace(nn.functional, name, wrap)
    for owner, name in function_places("log_softmax", inplace=False):
        on.replace(owner, name, wrap)
