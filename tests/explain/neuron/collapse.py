"""How far a stack of linear layers is from the one layer that it collapses into, on random stacks.

Run by hand:  python tests/explain/neuron/collapse.py 50
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from trainlab.explain import collapse

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


def scales(rng: np.random.Generator, layers: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """The same stack with a diagonal, as of a batch-norm in evaluation, after some of its layers."""
    found: list[tuple[Any, Any]] = []
    for weight, bias in layers:
        found.append((weight, bias))
        if rng.random() < 0.25:
            out = len(weight)
            found.append((rng.uniform(0.5, 3.0, size=out), rng.normal(size=out)))
    return found


def compare(count: int, *, seed: int = 0) -> tuple[Worst, Worst]:
    """The worst over so many plain stacks, and over as many with diagonals among them."""
    rng = np.random.default_rng(seed)
    plain, scaled = [], []
    for _ in range(count):
        one, other = collapse(random_stack(rng)), collapse(scales(rng, random_stack(rng)))
        plain.append(one.difference(rng.normal(size=(INPUTS, one.weight.shape[1]))))
        scaled.append(other.difference(rng.normal(size=(INPUTS, other.weight.shape[1]))))
    return _worst(plain), _worst(scaled)


def _worst(found: list[Any]) -> Worst:
    return Worst(
        stacks=len(found),
        absolute=max(each.absolute for each in found),
        relative=max(each.relative for each in found),
        share_of_bound=max(each.absolute / each.bound for each in found),
    )


if __name__ == "__main__":
    for name, worst in zip(("layers", "layers and diagonals"), compare(int(sys.argv[1])), strict=True):
        print(
            f"{worst.stacks} random stacks of {name}, {INPUTS} inputs each: largest difference "
            f"{worst.absolute:.3g}, relative to the stack's largest output {worst.relative:.3g}, "
            f"{100 * worst.share_of_bound:.2g} % of the bound at most"
        )
