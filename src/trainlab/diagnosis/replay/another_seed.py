# pyright: basic
"""A copy of a training as another seed would have made it: other starting weights, another order of data.

The copy begins where the network is made and the first batch drawn. So weights that are as PyTorch draws them
by itself are drawn anew, those that were loaded or set otherwise stay; batches come in another order, by a
buffer from which one of `AHEAD` is taken at random; and all generators are seeded anew.
"""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import torch
from torch import nn

from trainlab.diagnosis.remedies.patching import Patching
from trainlab.diagnosis.torch_private import LOADER_ITERATOR

AHEAD = 8
"""Batches that a loader draws ahead, to give one of them."""
_SURE = 3.0
"""So many standard errors apart, two tensors weren't drawn from the same distribution."""


def reseed(on: Patching, seed: int) -> None:
    """Change what another seed would change from here on."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    _shuffle_batches(on, random.Random(seed))
    _draw_weights_anew(on)


def _shuffle_batches(on: Patching, draw: random.Random) -> None:
    if LOADER_ITERATOR is None:
        return
    ahead: dict[int, list[Any]] = {}

    def following(original: Any, iterator: Any) -> Any:
        waiting = ahead.setdefault(id(iterator), [])
        while len(waiting) < AHEAD:
            try:
                waiting.append(original(iterator))
            except StopIteration:
                break
        if not waiting:
            del ahead[id(iterator)]
            raise StopIteration
        return waiting.pop(draw.randrange(len(waiting)))

    on.around(LOADER_ITERATOR, "__next__", following)


def _draw_weights_anew(on: Patching) -> None:
    known: set[int] = set()

    def before(module: nn.Module, args: Any) -> None:
        if id(module) in known:
            return
        with torch.no_grad():
            for layer in module.modules():
                if id(layer) not in known and _is_as_drawn(layer):
                    layer.reset_parameters()  # pyright: ignore[reportCallIssue]
                known.add(id(layer))

    on.roots().before.append(before)


def _is_as_drawn(layer: nn.Module) -> bool:
    """Whether a layer's weights look like those that PyTorch would have drawn."""
    own = dict(layer.named_parameters(recurse=False))
    if not own or not hasattr(layer, "reset_parameters"):
        return False
    if any(nn.parameter.is_lazy(one) for one in own.values()):
        return False
    with torch.random.fork_rng(devices=[]):
        try:
            other = copy.deepcopy(layer)
            other.reset_parameters()  # pyright: ignore[reportCallIssue]
        except Exception:  # a layer of the user's own may do anything
            return False
    drawn = dict(other.named_parameters(recurse=False))
    return all(_alike(values, drawn[name]) for name, values in own.items())


def _alike(own: torch.Tensor, drawn: torch.Tensor) -> bool:
    """Whether two tensors may have been drawn alike, by their means and standard deviations."""
    if own.numel() < 2 or not float(drawn.std()):  # ones and zeros, as of norm layers
        return own.numel() < 2 or bool(torch.equal(own, drawn))
    error = _SURE / own.numel() ** 0.5
    spread, usual = float(own.std()), float(drawn.std())
    return (
        abs(spread / usual - 1) < min(error, 0.9)
        and abs(float(own.mean() - drawn.mean())) < 2 * error * usual
    )
