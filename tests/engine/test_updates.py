"""Parameters through the kernel's optimizers, penalties and clipping, against the maths tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.lanes import NETWORKS, memory_of, tag
from engine.tile import tile_of
from numba import njit

from trainlab.engine.kernel.memory import tile_at
from trainlab.engine.kernel.simd import load
from trainlab.engine.kernel.steps import add_up, apply_adam, apply_sgd, clear_rows, rates_of
from trainlab.engine.layout import layers_of
from trainlab.maths import OPTIMIZERS, clip_norm, clip_value, initial_state, momenta, penalise
from trainlab.spec import Experiment

STEPS = 25
CASES: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {"lr": 0.1}),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("sgd", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("adam", {"lr": 0.01}),
    ("adam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 0.1, "weight_decay": 0.1}),
    ("adam", {"lr": 0.1, "betas": (0.0, 0.0)}),
    ("adam", {"lr": 0.01, "amsgrad": True, "betas": (0.5, 0.6)}),
    ("adamw", {"lr": 0.01, "weight_decay": 0.3}),
    ("nadam", {"lr": 0.01, "weight_decay": 0.1, "momentum_decay": 0.1}),
    ("nadam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("radam", {"lr": 0.01, "weight_decay": 0.1, "betas": (0.8, 0.9)}),
    ("radam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("rmsprop", {"lr": 0.01, "weight_decay": 0.1}),
    ("rmsprop", {"lr": 0.01, "centered": True, "momentum": 0.7, "alpha": 0.8}),
    ("adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.2, "weight_decay": 0.1}),
    ("adadelta", {"rho": 0.7, "weight_decay": 0.1}),
    ("lion", {"lr": 0.01, "weight_decay": 0.3, "betas": (0.6, 0.8)}),
]
# Wide enough to clip nothing, but it makes the unit that takes all parameters do the steps.
UNCLIPPED = {"clip": {"value": 1e6}}


def experiment_of(name: str, settings: dict[str, Any], **fields: Any) -> Experiment:
    """Return an experiment of 17 parameters whose optimizer takes gradients that were added up."""
    return Experiment.from_dict(
        {
            "network": {"widths": [2, 4, 1]},
            "optimizer": {"name": name, **settings},
            "epochs": STEPS,
            **UNCLIPPED,
            **fields,
        }
    )


def steps(experiment: Experiment, dtype: str) -> tuple[Any, Any, Any]:
    """Return where parameters go, ``[steps, P, networks]``, the gradients, and where they began."""
    tile = tile_of(experiment, dtype=dtype)
    count = tile.job.plan.parameters
    if experiment.optimizer.__struct_config__.tag == "adagrad":
        tile.rows("first_state", count)[:] = experiment.optimizer.initial_accumulator_value  # type: ignore[union-attr]
    start = tile.rows("parameters", count).astype(float)
    gradients = np.random.default_rng(3).normal(size=(STEPS, count, NETWORKS)).astype(dtype)
    found = []
    for step, gradient in enumerate(gradients):
        tile.rows("gradient", count)[:] = gradient
        tile.run("update", step)
        found.append(tile.rows("parameters", count).astype(float))
    return np.array(found), gradients.astype(float), start


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "settings"), CASES)
def test_steps_follow_the_formula(name: str, settings: dict[str, Any], dtype: str) -> None:
    found, gradients, expected = steps(experiment_of(name, settings), dtype)
    state = initial_state(name, expected.shape, **settings)
    given = {key: value for key, value in settings.items() if key != "initial_accumulator_value"}
    given.setdefault("lr", 1.0)
    for t, gradient in enumerate(gradients, start=1):
        expected, state = OPTIMIZERS[name].step(expected, gradient, state, t, **given)
        np.testing.assert_allclose(found[t - 1], expected, rtol=0, atol=200 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["sgd", "rmsprop"])
def test_a_buffer_waits_while_a_cycle_takes_the_momentum_to_zero(name: str) -> None:
    cycle = {"base_lr": 0.01, "max_lr": 0.05, "step_size_up": 2, "base_momentum": 0.0, "max_momentum": 0.8}
    experiment = experiment_of(name, {"lr": 0.01}, schedule={"name": "cyclic", **cycle})
    found, gradients, expected = steps(experiment, "float64")
    length = {"epochs": STEPS, "steps_per_epoch": 1}
    cycled = momenta("cyclic", **length, **cycle)
    assert cycled is not None
    assert 0.0 in cycled
    state = initial_state(name, expected.shape)
    rates = np.interp(np.arange(STEPS) % 4, [0, 2, 4], [0.01, 0.05, 0.01])
    for t, gradient in enumerate(gradients, start=1):
        settings = {"lr": rates[t - 1], "momentum": cycled[t - 1]}
        expected, state = OPTIMIZERS[name].step(expected, gradient, state, t, **settings)
        np.testing.assert_allclose(found[t - 1], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "fields",
    [
        {"clip": {"norm": 2.0}},
        {"clip": {"norm": 100.0}},
        {"clip": {"value": 0.5}},
        {"clip": {"norm": 2.0}, "penalty": {"l1": 0.3, "l2": 0.2}},
        {"clip": {}, "penalty": {"l2": 0.5}},
    ],
)
def test_penalty_then_clip_then_step(fields: dict[str, Any]) -> None:
    experiment = experiment_of("sgd", {"lr": 0.1}, **fields)
    found, gradients, start = steps(experiment, "float64")
    is_weight = np.zeros(len(start), dtype=np.bool_)
    for layer in layers_of(experiment.network):
        is_weight[layer.weights] = True
    penalty, clip = fields.get("penalty", {}), fields["clip"]
    for network in range(NETWORKS):
        w = start[:, network]
        for t, gradient in enumerate(gradients[..., network]):
            g = penalise(gradient, w, is_weight, **{"l1": 0.0, "l2": 0.0, **penalty})
            if "norm" in clip:
                g = clip_norm(g, clip["norm"])
            if "value" in clip:
                g = clip_value(g, clip["value"])
            w = w - 0.1 * g
            np.testing.assert_allclose(found[t, :, network], w, rtol=0, atol=1e-12)


def fused(apply: Any) -> Any:
    @njit(error_model="numpy")
    def one(lane: Any, address: int, step: int, p: int) -> None:
        tile = tile_at(lane, address)
        ones = load(lane, tile.memory, tile.row_values)
        apply(lane, lane, tile, rates_of(tile, step), p, load(lane, tile.memory, tile.row_deltas), ones)

    return one


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "settings", "apply"),
    [
        ("sgd", {"lr": 0.1, "momentum": 0.9}, apply_sgd),
        ("adam", {"lr": 0.01, "betas": (0.8, 0.99)}, apply_adam),
    ],
)
def test_the_fused_step_has_the_same_bits_and_touches_one_row(
    name: str, settings: dict[str, Any], apply: Any, dtype: str
) -> None:
    experiment, one = experiment_of(name, settings), fused(apply)
    found, gradients, _ = steps(experiment, dtype)
    tile = tile_of(experiment, dtype=dtype)
    count, p = tile.job.plan.parameters, 3
    start = tile.rows("parameters", count).copy()
    tile.rows("values")[:] = 1.0
    for step, gradient in enumerate(gradients):
        tile.rows("deltas")[:] = gradient[p]
        one(tag(dtype), tile.address, step, p)
        np.testing.assert_array_equal(tile.rows("parameters", count)[p], found[step, p])
    others = np.arange(count) != p
    np.testing.assert_array_equal(tile.rows("parameters", count)[others], start[others])
    assert not tile.rows("first_state", count)[others].any()
    assert not tile.rows("gradient", count).any()


def test_adding_up_goes_on_with_the_gradient_and_changes_nothing_else() -> None:
    tile, one = tile_of(experiment_of("sgd", {})), fused(add_up)
    before = tile.table.copy()
    tile.rows("values")[:], tile.rows("deltas")[:] = 1.0, 2.5
    for _ in range(3):
        one(tag(), tile.address, 0, 2)
    assert (tile.rows("gradient", 3)[2] == 7.5).all()
    for name in ("gradient", "values", "deltas"):
        first = getattr(tile.job.rows, name)
        tile.table[first : first + 3] = before[first : first + 3]
    np.testing.assert_array_equal(tile.table, before)


@njit(error_model="numpy")
def _clear(lane: Any, memory: int, first: int, count: int) -> None:
    clear_rows(lane, memory, first, count)


def test_clearing_touches_its_rows_only() -> None:
    memory = memory_of(np.ones((6, NETWORKS)))
    _clear(tag(), memory.ctypes.data, 2, 3)
    np.testing.assert_array_equal(memory.reshape(6, NETWORKS)[:, 0], [1, 1, 0, 0, 0, 1])
