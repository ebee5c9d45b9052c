"""The chain rule against autograd and central differences over random networks.

By hand: ``PYTHONPATH=src python tests/explain/chain_rule/agreement.py 200``. It prints the largest relative
difference of any weight's derivative, for the sums over paths and for the backward pass.

Where a last unit is saturated, all derivatives of a network are tiny differences of numbers near 1, such as
1 − tanh² z, and so are known to fewer digits, by whatever method: those networks are told apart.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field

import msgspec
import numpy as np
import torch
from explain.chain_rule.entries import all_entries

from trainlab.engine.network_pass import Array, Layer
from trainlab.engine.reference.module import build_criterion
from trainlab.explain.network import Objective
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass, pass_example
from trainlab.explain.questions.chain_rule.passes import pass_steps
from trainlab.explain.questions.chain_rule.paths import MOST, central_difference, count_paths, path_products
from trainlab.maths import ACTIVATIONS, LOSSES
from trainlab.spec import Loss

F = torch.nn.functional
TORCH = {
    "linear": lambda z: z,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "softplus": F.softplus,
    "hardtanh": F.hardtanh,
    "sin": torch.sin,
    "softmax": lambda z: torch.softmax(z, dim=-1),
    "log_softmax": lambda z: torch.log_softmax(z, dim=-1),
}
SETTINGS = {
    "huber": ("delta", (0.3, 1.0, 2.0)),
    "smooth_l1": ("beta", (0.0, 0.4, 1.0)),
    "cross_entropy": ("label_smoothing", (0.0, 0.1)),
}


FLAT = 1e-5
"""A network whose largest derivative is below this is flat: its output is saturated."""


@dataclass(kw_only=True)
class Worst:
    """The largest differences so far: of a network's largest derivative, and of the derivative itself."""

    networks: int = 0
    weights: int = 0
    paths: int = 0
    listed: int = 0
    kinks: int = 0
    flat: int = 0
    of_largest: dict[str, float] = field(default_factory=dict)
    of_each: dict[str, float] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)

    def note(self, name: str, ours: Array, theirs: Array) -> None:
        """Note how far apart two lists of derivatives are, as a share of the largest and of each."""
        gap, largest = np.abs(ours - theirs), float(np.abs(theirs).max(initial=0.0))
        if largest == 0:
            # Terms that cancel exactly there may leave rounding here.
            assert gap.max(initial=0.0) < 1e-15
            return
        self.keep(name, largest, float(gap.max()) / largest)
        # Of what is all but cancelled, or underflows, no digit needs to be right.
        known = np.abs(theirs) > 1e-9 * largest
        if largest >= FLAT:
            each = float((gap[known] / np.abs(theirs[known])).max())
            self.of_each[name] = max(self.of_each.get(name, 0.0), each)

    def keep(self, name: str, largest: float, share: float) -> None:
        """Keep the larger share, flat networks apart."""
        key = name if largest >= FLAT else f"{name}, flat networks"
        self.of_largest[key] = max(self.of_largest.get(key, 0.0), share)


def random_trace(rng: np.random.Generator) -> tuple[ExamplePass, Loss]:
    """A network with 1 to 5 hidden layers, any activations, any loss, with and without biases."""
    name = str(rng.choice(sorted(LOSSES)))
    outputs = int(rng.integers(2 if name in ("cross_entropy", "nll") else 1, 4))
    widths = [int(rng.integers(1, 5)), *rng.integers(1, 6, size=rng.integers(1, 6)).tolist(), outputs]
    hidden = [kind for kind in ACTIVATIONS if ACTIVATIONS[kind].elementwise]
    last = [kind for kind in ACTIVATIONS if outputs > 1 or ACTIVATIONS[kind].elementwise]
    if name == "bce":
        last = ["sigmoid", "softmax"] if outputs > 1 else ["sigmoid"]
    kinds = [str(rng.choice(hidden)) for _ in widths[1:-1]] + [str(rng.choice(last))]
    everywhere, layers = bool(rng.integers(2)), list[Layer]()
    for place, kind in enumerate(kinds):
        shape = (widths[place + 1], widths[place])
        bias = rng.normal(size=shape[0]) if everywhere or rng.integers(2) else None
        layers.append(Layer(weight=rng.normal(size=shape), bias=bias, activation=kind))
    settings = {}
    if name in SETTINGS:
        key, values = SETTINGS[name]
        settings[key] = float(rng.choice(values))
    loss = msgspec.convert({"name": name, **settings}, Loss)
    target = rng.uniform(size=(1, outputs))
    if name in ("cross_entropy", "nll"):
        target = np.eye(outputs)[[rng.integers(outputs)]]
    return pass_example(layers, Objective.of(loss), rng.normal(size=(1, widths[0])), target), loss


def by_autograd(traced: ExamplePass, loss: Loss) -> Array:
    """Every derivative, in the order of `all_entries`, by a forward pass of torch's own functions."""
    parameters: list[torch.Tensor] = []
    values = torch.from_numpy(traced.inputs)
    for layer in traced.layers:
        weight = torch.from_numpy(layer.weight).requires_grad_()
        bias = None if layer.bias is None else torch.from_numpy(layer.bias).requires_grad_()
        parameters += [weight] if bias is None else [weight, bias]
        values = TORCH[layer.activation](F.linear(values, weight, bias))
    value = build_criterion(torch, loss)(values, torch.from_numpy(traced.targets))
    np.testing.assert_allclose(float(value.detach()), traced.loss, rtol=1e-12, atol=1e-14)
    found = torch.autograd.grad(value, parameters, allow_unused=True, materialize_grads=True)
    return np.concatenate([gradient.numpy().ravel() for gradient in found])


def compare(worst: Worst, traced: ExamplePass, loss: Loss) -> None:
    """Compare one network's derivatives of all weights."""
    entries = all_entries(traced.layers)
    theirs = by_autograd(traced, loss)
    backward = np.array([traced.derivative(entry) for entry in entries])
    steps = {step.result: step.value for step in pass_steps(traced)}
    assert [steps[f"∂L/∂{entry}"] for entry in entries] == backward.tolist()
    countable = [count_paths(traced, entry) <= MOST for entry in entries]
    sums = np.array(
        [
            path_products(traced, entry).sum() if fits else np.nan
            for entry, fits in zip(entries, countable, strict=True)
        ]
    )
    counts = [count_paths(traced, entry) for entry in entries]
    differences = [
        central_difference(traced.layers, traced.objective, traced.inputs, traced.targets, entry).value
        for entry in entries
    ]
    smooth = np.array([value is not None for value in differences])
    numbers = np.array([np.nan if value is None else value for value in differences])
    worst.networks += 1
    worst.weights += len(entries)
    worst.paths += sum(counts)
    worst.listed += sum(countable)
    worst.kinks += int((~smooth).sum())
    worst.flat += int(0 < np.abs(theirs).max() < FLAT)
    worst.met.update([traced.objective.name, *(layer.activation for layer in traced.layers)])
    fits = np.array(countable)
    worst.note("sum over paths, to autograd", sums[fits], theirs[fits])
    worst.note("backward steps, to autograd", backward, theirs)
    # The largest derivative is that of all weights, those too that a kink excludes.
    largest = float(np.abs(theirs).max())
    for name, ours in (("sum over paths", sums), ("backward steps", backward)):
        known = smooth & np.isfinite(ours)
        if known.any() and largest > 0:
            share = float(np.abs(ours - numbers)[known].max()) / largest
            worst.keep(f"{name}, to central differences", largest, share)


def agreement(networks: int, seed: int = 0) -> Worst:
    """Return the largest differences over so many random networks."""
    rng, worst = np.random.default_rng(seed), Worst()
    for _ in range(networks):
        compare(worst, *random_trace(rng))
    return worst


def main() -> None:
    worst = agreement(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    print(f"{worst.networks} networks, {worst.weights:,} weights and biases, {worst.paths:,} paths in all;")
    print(f"multiplied out path by path for {worst.listed:,} of them;")
    print(f"left out of central differences, since a kink lies within ±2h: {worst.kinks:,}")
    print(f"flat networks, whose largest derivative is below {FLAT:g}: {worst.flat}")
    missing = (set(ACTIVATIONS) | set(LOSSES)) - set(worst.met)
    print(f"activations and losses never met: {', '.join(sorted(missing)) or 'none'}")
    print("largest difference, as a share of the network's largest derivative:")
    for name, share in sorted(worst.of_largest.items()):
        print(f"  {name}: {share:.1e}")
    print(
        "and as a share of each weight's own derivative, where that is above 1e-9 of the largest (no "
        "flat ones):"
    )
    for name, share in worst.of_each.items():
        print(f"  {name}: {share:.1e}")


if __name__ == "__main__":
    main()
