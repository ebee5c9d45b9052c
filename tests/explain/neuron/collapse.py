"""How far a stack of linear layers is from the one layer that it collapses into, on random stacks.

Run by hand:  python tests/explain/neuron/collapse.py 50
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from trainlab.explain import collapse, neuron

INPUTS = 200


@dataclass(frozen=True, kw_only=True)
class Worst:
    """The largest differences over the stacks, and the largest share of its bound that one came to."""

    stacks: int
    absolute: float
    relative: float
    share_of_bound: float


def random_stack(rng: np.random.Generator) -> list[tuple[Any, Any]]:
    """A stack of depth 2 to 8, widths 1 to 64, biases on or off."""
    widths = rng.integers(1, 65, size=rng.integers(3, 10))
    return [
        (rng.normal(size=(b, a)), rng.normal(size=b) if rng.random() < 0.5 else None)
        for a, b in pairwise(widths)
    ]


def random_module(rng: np.random.Generator) -> torch.nn.Sequential:
    """The same as a module in evaluation, with identity, dropout or batch-norm between."""
    parts: list[torch.nn.Module] = []
    for weight, bias in random_stack(rng):
        out, into = weight.shape
        linear = torch.nn.Linear(into, out, bias=bias is not None, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight))
            if bias is not None:
                linear.bias.copy_(torch.from_numpy(bias))
        parts.append(linear)
        kind = rng.integers(4)
        if kind == 0:
            parts.append(torch.nn.Identity())
        elif kind == 1:
            parts.append(torch.nn.Dropout(0.3))
        elif kind == 2:
            norm = torch.nn.BatchNorm1d(out, affine=bool(rng.random() < 0.7), dtype=torch.float64)
            assert norm.running_mean is not None
            assert norm.running_var is not None
            norm.running_mean.copy_(torch.from_numpy(rng.normal(size=out)))
            norm.running_var.copy_(torch.from_numpy(rng.uniform(0.1, 3.0, size=out)))
            parts.append(norm)
    return torch.nn.Sequential(*parts).eval()


def compare(count: int, *, seed: int = 0) -> tuple[Worst, Worst]:
    """The worst over so many plain stacks, and over as many torch modules."""
    rng = np.random.default_rng(seed)
    plain, modules = [], []
    for _ in range(count):
        one = collapse(random_stack(rng))
        plain.append(one.difference(rng.normal(size=(INPUTS, one.weight.shape[1]))))
        module = random_module(rng)
        first = module[0]
        assert isinstance(first, torch.nn.Linear)
        (found,) = neuron(module, inputs=rng.normal(size=(INPUTS, first.in_features))).collapses
        modules.append(found.difference)
    return _worst(plain), _worst(modules)


def _worst(found: list[Any]) -> Worst:
    return Worst(
        stacks=len(found),
        absolute=max(each.absolute for each in found),
        relative=max(each.relative for each in found),
        share_of_bound=max(each.absolute / each.bound for each in found),
    )


if __name__ == "__main__":
    for name, worst in zip(("arrays", "torch modules"), compare(int(sys.argv[1])), strict=True):
        print(
            f"{worst.stacks} random stacks of {name}, {INPUTS} inputs each: largest difference "
            f"{worst.absolute:.3g}, relative to the stack's largest output {worst.relative:.3g}, "
            f"{100 * worst.share_of_bound:.2g} % of the bound at most"
        )
