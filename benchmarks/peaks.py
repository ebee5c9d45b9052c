"""What one core of this machine can do, measured: results a second of the kernel's own vector operations.

Twelve independent chains run in registers, so that throughput is measured, not latency. Vectors of 8 and 16
float32 are both tried, since it depends on the processor which is faster; the best of several rounds counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from trainlab.engine.kernel import vector_maths
from trainlab.engine.kernel.memory import aligned_zeros
from trainlab.engine.kernel.simd import Lanes, load, store
from trainlab.engine.kernel.vector import fma, splat, sqrt

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
