"""One row of parameters through the kernel's optimizers, against the maths table."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from engine.lanes import NETWORKS, memory_of, tag
from numba import njit

from trainlab.engine.kernel.lanes import load
from trainlab.engine.kernel.tables import ACCUMULATE, Constants
from trainlab.engine.kernel.updates import apply_gradient, apply_gradients, clear_rows
from trainlab.maths import OPTIMIZERS

STEPS = 25
COUNT = 3


class Places(NamedTuple):
    """The rows that updates need."""

    parameters: int = 0
    first_moment: int = COUNT
    second_moment: int = 2 * COUNT
    gradient: int = 3 * COUNT


@njit
def _one(
    lane: Any, action: int, memory: Any, rows: Any, constants: Any, rate: float, scale: float, p: int
) -> None:
    apply_gradient(lane, action, memory, rows, constants, rate, scale, p, load(lane, memory, 4 * COUNT))


@njit
def _all(lane: Any, action: int, memory: Any, rows: Any, constants: Any, rate: float, scale: float) -> None:
    apply_gradients(lane, action, memory, rows, constants, rate, scale, COUNT)


@njit
def _clear(lane: Any, memory: Any, first: int, count: int) -> None:
    clear_rows(lane, memory, first, count)


def constants(
    momentum: float = 0.0, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
) -> Constants:
    return Constants(momentum=momentum, beta1=betas[0], beta2=betas[1], eps=eps, within=0.1)


CASES: list[Any] = [
    pytest.param("sgd", {"lr": 0.1, "momentum": 0.0}, id="sgd"),
    pytest.param("sgd", {"lr": 0.1, "momentum": 0.9}, id="momentum"),
    pytest.param("adam", {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8}, id="adam"),
    pytest.param("adam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 0.1}, id="adam with large eps"),
    pytest.param("adam", {"lr": 0.1, "betas": (0.0, 0.0), "eps": 1e-8}, id="adam without memory"),
]


@pytest.mark.parametrize(("name", "settings"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_follow_the_formula(name: str, settings: dict[str, Any], dtype: str) -> None:
    drawn = np.random.default_rng(3)
    start = drawn.normal(size=(COUNT, NETWORKS)).astype(dtype)
    gradients = drawn.normal(size=(STEPS, COUNT, NETWORKS)).astype(dtype)
    memory = memory_of(np.concatenate([start, np.zeros((4 * COUNT, NETWORKS))]), dtype)
    table = memory.reshape(-1, NETWORKS)
    optimizer = OPTIMIZERS[name]
    expected, state = start.astype(float), (np.zeros_like(start, dtype=float),) * optimizer.state_size
    settled = constants(**{key: value for key, value in settings.items() if key != "lr"})
    for t, gradient in enumerate(gradients, start=1):
        expected, state = optimizer.step(expected, gradient.astype(float), state, t, **settings)
        rate, scale = settings["lr"], 1.0
        if name == "adam":
            rate, scale = rate / (1 - settled.beta1**t), 1 / np.sqrt(1 - settled.beta2**t)
        table[Places().gradient : Places().gradient + COUNT] = gradient
        _all(tag(dtype), optimizer.code, memory, Places(), settled, rate, scale)
    np.testing.assert_allclose(table[:COUNT], expected, rtol=0, atol=200 * np.finfo(dtype).eps)
    # Without momentum nothing reads the buffer, and PyTorch keeps none.
    for index, part in enumerate(state if settings.get("momentum") != 0 else ()):
        rows = table[(1 + index) * COUNT : (2 + index) * COUNT]
        np.testing.assert_allclose(rows, part, rtol=0, atol=200 * np.finfo(dtype).eps)


def test_one_row_leaves_the_others_alone() -> None:
    memory = memory_of(np.ones((5 * COUNT, NETWORKS)))
    _one(tag(), OPTIMIZERS["sgd"].code, memory, Places(), constants(momentum=0.5), 0.1, 1.0, 1)
    expected = np.ones((5 * COUNT, NETWORKS))
    expected[COUNT + 1] = 1.5
    expected[1] = 1 - 0.1 * 1.5
    np.testing.assert_allclose(memory.reshape(-1, NETWORKS), expected, rtol=1e-15)


def test_accumulating_adds_to_the_gradient_and_nothing_else() -> None:
    memory = memory_of(np.ones((5 * COUNT, NETWORKS)))
    for _ in range(3):
        _one(tag(), ACCUMULATE, memory, Places(), constants(), 0.1, 1.0, 2)
    expected = np.ones((5 * COUNT, NETWORKS))
    expected[Places().gradient + 2] = 4.0
    np.testing.assert_array_equal(memory.reshape(-1, NETWORKS), expected)


def test_clearing_touches_its_rows_only() -> None:
    memory = memory_of(np.ones((6, NETWORKS)))
    _clear(tag(), memory, 2, 3)
    np.testing.assert_array_equal(memory.reshape(6, NETWORKS)[:, 0], [1, 1, 0, 0, 0, 1])
