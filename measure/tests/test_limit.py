"""Operations are counted as a person would, the limit follows, and peaks are the kernel's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from measure.limit import CHAINS, OPERATIONS, Operations, Peaks, count, limit, measure_peaks, probe
from trainlab.engine.kernel.lanes import Lanes, aligned_zeros
from trainlab.spec import SGD, Experiment, Network

# Operations of a network-step are counted as a person would count them, and the limit follows.


Small = Callable[[str, str], Experiment]
PEAKS = Peaks(fma=58e9, sqrt=5.8e9, division=9.8e9, tanh=3e9, sigmoid=3e9, exp=5e9)


def test_one_example_by_sgd(small: Small):
    assert count(small("sgd", "single")) == Operations(
        forward=10 + 20 + 4,
        activations={"tanh": 5 + 4, "linear": 1},
        loss=3,
        backward=20 + 4,
        slopes=2 * 9,
        gradients=34,
        update=2 * 44,
        square_roots=0,
        divisions=0,
    )


def test_adam_takes_seven_operations_a_root_and_a_division_a_parameter(small: Small):
    sgd, adam = count(small("sgd", "single")), count(small("adam", "single"))
    assert (adam.update, adam.square_roots, adam.divisions) == (308, 44, 44)
    assert adam.arithmetic - adam.update == sgd.arithmetic - sgd.update


def test_plain_sgd_takes_one_operation_a_parameter(small: Small):
    assert count(replace(small("sgd", "single"), optimizer=SGD(lr=0.1))).update == 44


def test_the_full_batch_takes_four_times_as_much_but_one_update(small: Small):
    one, all_four = count(small("sgd", "single")), count(small("sgd", "full"))
    assert all_four.update == one.update
    assert all_four.activations == {"tanh": 36, "linear": 4}
    # The gradients of the 10 biases are sums over examples: three additions each.
    assert all_four.arithmetic - 88 == 4 * (one.arithmetic - 88) + 3 * 10


def test_relu_is_one_operation_forward_and_one_back(small: Small):
    relu = Network(widths=(2, 3, 1), activation="relu", output_activation="linear")
    needed = count(replace(small("sgd", "single"), network=relu))
    assert needed.arithmetic == 9 + 3 + 3 + 3 + 3 + 9 + 2 * 13


@pytest.mark.parametrize(
    ("optimizer", "sampling", "ns"),
    [("sgd", "single", 6.5), ("adam", "single", 10.3), ("sgd", "full", 21.8), ("adam", "full", 25.6)],
)
def test_the_limit_at_round_peaks(small: Small, optimizer: str, sampling: str, ns: float):
    floor = limit(small(optimizer, sampling), PEAKS)
    assert floor.ns == pytest.approx(ns, abs=0.05)
    assert floor.on(1) == floor.ns


def test_roots_and_divisions_are_given_apart(small: Small):
    floor = limit(small("adam", "single"), PEAKS)
    assert floor.divider_ns == pytest.approx(44 / 5.8 + (44 + 9) / 9.8)


# Peaks are measured on the kernel's own operations, and every chain is carried out.


TRUTH: dict[str, Any] = {
    "fma": lambda x: 0.5 * x + 0.75,
    "sqrt": np.sqrt,
    "division": lambda x: 1.7 / x,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "exp": np.exp,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_chain_runs_its_operation_at_every_step(name: str):
    start = np.linspace(0.1, 0.9, CHAINS * 8)
    memory = aligned_zeros(CHAINS * 8, "float32")
    memory[:] = start
    probe(OPERATIONS[name])(Lanes(networks=8), memory.ctypes.data, 2)
    np.testing.assert_allclose(memory, TRUTH[name](TRUTH[name](start)), rtol=2e-6)


@pytest.mark.slow
def test_the_peaks_are_in_a_processors_order():
    peaks = measure_peaks(rounds=2, seconds=0.0005)
    rates = asdict(peaks)
    assert set(rates) == set(OPERATIONS)
    assert min(rates.values()) > 1e7
    assert peaks.fma > peaks.exp
    assert "tanh" in str(peaks)
