"""The work that is timed, and the floor under it: its operations, at this machine's measured peaks."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from numba import njit

from trainlab.engine.kernel import vector_maths
from trainlab.engine.kernel.lanes import Lanes, aligned_zeros
from trainlab.engine.kernel.simd import load, store
from trainlab.engine.kernel.vector import fma, splat, sqrt
from trainlab.engine.layout import layers_of
from trainlab.spec import SGD, Adam, Experiment, Full, Optimizer, Record, Single, read_text, study_from_toml

# The work that is timed: networks of examples/xor44.toml with one optimizer and one way of sampling each.


ROOT = Path(__file__).parents[1]
NETWORKS = {"2-5-4-1": "Model 1", "2-11-1": "Model 2", "nine-layer": "Model 3"}
"""The networks by the name that tables give them, and what the study file calls them."""
OPTIMIZERS: dict[str, tuple[str, ...]] = {"sgd": (), "adam": ("A",)}
"""The changes of the study file that choose each optimizer."""
SAMPLINGS = ("single", "full")
QUIET = Record(loss_every=0, gradient_every=0, solved_every=0)


def workload(network: str, optimizer: str, sampling: str) -> Experiment:
    """Return the study file's experiment, with nothing recorded."""
    study = study_from_toml(read_text(ROOT / "examples" / "xor44.toml"))
    experiment = replace(study.experiment(NETWORKS[network], OPTIMIZERS[optimizer]), record=QUIET)
    return replace(experiment, sampling=Full()) if sampling == "full" else experiment


def workloads() -> list[tuple[str, str, str, Experiment]]:
    """Return all of them: network, sampling, optimizer, experiment."""
    return [
        (network, sampling, optimizer, workload(network, optimizer, sampling))
        for network in NETWORKS
        for sampling in SAMPLINGS
        for optimizer in OPTIMIZERS
    ]


# How much arithmetic one network-step needs, counted from the experiment.
#
# Per network and step, with B examples, W weights, c biases, P parameters, and activations after each unit:
#
# - forward: B·W multiply-adds (a bias is where its sum starts), an activation a unit and example;
# - loss: 3 operations an output and example (difference, slope, share in the mean);
# - backward: B multiply-adds for each weight above the first layer, since inputs need no gradient, and the
#   slopes: 2 operations for tanh and sigmoid (1 − a² or a − a² as one multiply-add, times δ), 1 for ReLU;
# - gradients: B·W multiply-adds, and (B − 1)·c additions for the biases;
# - update: 1 operation a parameter for SGD, 2 with momentum; 7, a square root and a division for Adam.
#
# Drawing examples, loads and stores are not counted: they can run beside the arithmetic.


LOSS_OPERATIONS = 3
SLOPES = {"linear": 0, "relu": 1, "tanh": 2, "sigmoid": 2}
"""Operations that turn ∂L/∂output into ∂L/∂sum, by activation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operations:
    """What one network-step needs: `activations` by name, the rest as operations of one vector lane."""

    forward: int
    activations: dict[str, int]
    loss: int
    backward: int
    slopes: int
    gradients: int
    update: int
    square_roots: int
    divisions: int

    @property
    def arithmetic(self) -> int:
        """Multiply-adds, and what takes a multiply-add's place: ReLU is one comparison."""
        parts = self.forward + self.loss + self.backward + self.slopes + self.gradients + self.update
        return parts + self.activations.get("relu", 0)


def batch_size(experiment: Experiment) -> int:
    """Return how many examples a step sees."""
    sampling = experiment.sampling
    if isinstance(sampling, Single):
        return 1
    points = experiment.data().points
    return points if isinstance(sampling, Full) else min(points, int(sampling.batch_size))


def count(experiment: Experiment) -> Operations:
    """Count one network-step of the experiment; KeyError names an activation that has no count yet."""
    batch = batch_size(experiment)
    layers = layers_of(experiment.network)
    weights = [layer.fan_in * layer.fan_out for layer in layers]
    activations: Counter[str] = Counter()
    for layer in layers:
        activations[layer.activation] += batch * layer.fan_out
    parameters = experiment.network.parameters
    biases = parameters - sum(weights)
    update, roots = _update(experiment.optimizer)
    return Operations(
        forward=batch * sum(weights),
        activations=dict(activations),
        loss=LOSS_OPERATIONS * batch * layers[-1].fan_out,
        backward=batch * sum(weights[1:]),
        slopes=sum(SLOPES[name] * times for name, times in activations.items()),
        gradients=batch * sum(weights) + (batch - 1) * biases,
        update=update * parameters,
        square_roots=roots * parameters,
        divisions=roots * parameters,
    )


def _update(optimizer: Optimizer) -> tuple[int, int]:
    """Return operations a parameter, and square roots (as many divisions) a parameter."""
    if isinstance(optimizer, SGD):
        # b ← momentum · b + g, w ← w − lr · b
        return (2 if optimizer.momentum else 1), 0
    if isinstance(optimizer, Adam):
        # g − m, m; β₂ v, (1 − β₂) g, v; √v · scale + eps; w
        return 7, 1
    raise TypeError(f"optimizer {optimizer!r}: has no count of operations in measure/limit.py")


# What one core of this machine can do, measured: results a second of the kernel's own vector operations.
#
# Twelve independent chains run in registers, so that throughput is measured, not latency. Vectors of 8 and
# 16 float32 are both tried, since which is faster depends on the core; the best of several rounds counts.


CHAINS = 12
WIDTHS = (8, 16)


@njit(forceinline=True)
def _fma(tag: Any, x: Any) -> Any:
    return fma(x, splat(tag, 0.5), splat(tag, 0.75))


@njit(forceinline=True)
def _sqrt(tag: Any, x: Any) -> Any:
    return sqrt(x)


@njit(forceinline=True)
def _divide(tag: Any, x: Any) -> Any:
    return splat(tag, 1.7) / x


@njit(forceinline=True)
def _tanh(tag: Any, x: Any) -> Any:
    return vector_maths.tanh(tag, x)


@njit(forceinline=True)
def _sigmoid(tag: Any, x: Any) -> Any:
    return vector_maths.sigmoid(tag, x)


@njit(forceinline=True)
def _exp(tag: Any, x: Any) -> Any:
    return vector_maths.exp(tag, x)


OPERATIONS = {
    "fma": _fma,
    "sqrt": _sqrt,
    "division": _divide,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "exp": _exp,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Peaks:
    """Results a second of one core, float32."""

    fma: float
    sqrt: float
    division: float
    tanh: float
    sigmoid: float
    exp: float

    def __str__(self) -> str:
        each = [f"{name} {getattr(self, name) / 1e9:.2f}" for name in OPERATIONS]
        return "peaks of one core, G results/s (float32): " + ", ".join(each)


def measure_peaks(*, rounds: int = 25, seconds: float = 0.004) -> Peaks:
    """Return the peaks: the best of `rounds` rounds of about `seconds` each, all operations in turns."""
    jobs: list[tuple[str, int, Callable[[int], float], int]] = []
    for name, operation in OPERATIONS.items():
        run = probe(operation)
        for width in WIDTHS:
            timed = _timed(run, width)
            timed(1)
            steps = max(1000, int(1000 * seconds / timed(1000)))
            jobs.append((name, width, timed, steps))
    best = dict.fromkeys(OPERATIONS, 0.0)
    for _ in range(rounds):
        for name, width, timed, steps in jobs:
            best[name] = max(best[name], CHAINS * width * steps / timed(steps))
    return Peaks(**best)


def _timed(run: Callable[..., None], width: int) -> Callable[[int], float]:
    lane = Lanes(networks=width)
    memory = aligned_zeros(CHAINS * width, "float32")

    def seconds(steps: int) -> float:
        memory[:] = np.linspace(0.5, 1.5, memory.size, dtype=np.float32)
        start = time.perf_counter()
        run(lane, memory.ctypes.data, steps)
        return time.perf_counter() - start

    return seconds


def probe(operation: Any) -> Callable[..., None]:
    """Return a compiled loop that applies `operation` to each of the chains, `steps` times.

    Its arguments: the tag of the lanes, the address of ``[chains, width]`` float32, the steps.
    """

    @njit(error_model="numpy")
    def run(lane: Any, memory: int, steps: int) -> None:
        a, b, c = load(lane, memory, 0), load(lane, memory, 1), load(lane, memory, 2)
        d, e, f = load(lane, memory, 3), load(lane, memory, 4), load(lane, memory, 5)
        g, h, i = load(lane, memory, 6), load(lane, memory, 7), load(lane, memory, 8)
        j, k, m = load(lane, memory, 9), load(lane, memory, 10), load(lane, memory, 11)
        for _ in range(steps):
            a, b, c = operation(lane, a), operation(lane, b), operation(lane, c)
            d, e, f = operation(lane, d), operation(lane, e), operation(lane, f)
            g, h, i = operation(lane, g), operation(lane, h), operation(lane, i)
            j, k, m = operation(lane, j), operation(lane, k), operation(lane, m)
        store(lane, memory, 0, a)
        store(lane, memory, 1, b)
        store(lane, memory, 2, c)
        store(lane, memory, 3, d)
        store(lane, memory, 4, e)
        store(lane, memory, 5, f)
        store(lane, memory, 6, g)
        store(lane, memory, 7, h)
        store(lane, memory, 8, i)
        store(lane, memory, 9, j)
        store(lane, memory, 10, k)
        store(lane, memory, 11, m)

    return run


# The floor under a network-step on this machine: its operations at the measured peaks.
#
# The limit is the time that multiply-adds and activations take, each at its own peak. Square roots and
# divisions run beside them on a unit of their own, and a kernel may replace them by approximations, so they
# don't count; the time that unit needs if they are exact is given separately, as `divider_ns`. Where that is
# longer, no kernel with exact roots and divisions can reach the limit.
#
#     scripts/measure limit


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """The nanoseconds that a network-step needs at least on one core, and what they are made of."""

    operations: Operations
    arithmetic_ns: float
    activations_ns: float
    divider_ns: float

    @property
    def ns(self) -> float:
        """The limit on one core."""
        return self.arithmetic_ns + self.activations_ns

    def on(self, threads: int) -> float:
        """Return the limit on that many threads; more than there are processors don't help."""
        return self.ns / min(threads, os.cpu_count() or 1)


def limit(experiment: Experiment, peaks: Peaks) -> Limit:
    """Return the limit of one network-step of the experiment; KeyError names an activation without a peak."""
    needed = count(experiment)
    rates = {"tanh": peaks.tanh, "sigmoid": peaks.sigmoid}
    curved = {name: times for name, times in needed.activations.items() if name not in ("linear", "relu")}
    # Each tanh and sigmoid holds one division.
    divisions = needed.divisions + sum(curved.values())
    return Limit(
        operations=needed,
        arithmetic_ns=needed.arithmetic / peaks.fma * 1e9,
        activations_ns=sum(times / rates[name] for name, times in curved.items()) * 1e9,
        divider_ns=(needed.square_roots / peaks.sqrt + divisions / peaks.division) * 1e9,
    )


def main() -> None:
    """Print the peaks, and the limit of every workload."""
    peaks = measure_peaks()
    print(peaks)
    print("limit of a network-step on one core, ns")
    print(f"{'network':11}{'sampling':9}{'optimizer':10}{'limit':>7}  = {'arithmetic':>11} + activations")
    for network, sampling, optimizer, experiment in workloads():
        floor = limit(experiment, peaks)
        arithmetic, curved = floor.operations.arithmetic, sum(floor.operations.activations.values())
        print(
            f"{network:11}{sampling:9}{optimizer:10}{floor.ns:7.1f}  = "
            f"{floor.arithmetic_ns:5.1f} ({arithmetic:4}) + {floor.activations_ns:5.1f} ({curved:3})"
            f"   exact roots and divisions: {floor.divider_ns:5.1f}"
        )


if __name__ == "__main__":
    main()
