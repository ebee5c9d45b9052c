"""Peaks are measured on the kernel's own operations, and every chain is carried out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from benchmarks.peaks import CHAINS, OPERATIONS, measure_peaks, probe
from trainlab.engine.kernel.memory import aligned_zeros
from trainlab.engine.kernel.simd import Lanes

TRUTH: dict[str, Any] = {
    "fma": lambda x: 0.5 * x + 0.75,
    "sqrt": np.sqrt,
    "division": lambda x: 1.7 / x,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "exp": np.exp,
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_chain_runs_its_operation_at_every_step(name: str):
    start = np.linspace(0.1, 0.9, CHAINS * 8)
    memory = aligned_zeros(CHAINS * 8, "float32")
    memory[:] = start
    probe(OPERATIONS[name])(Lanes(networks=8), memory.ctypes.data, 2)
    np.testing.assert_allclose(memory, TRUTH[name](TRUTH[name](start)), rtol=2e-6)


def test_the_peaks_are_in_a_processors_order():
    peaks = measure_peaks(rounds=2, seconds=0.0005)
    rates = asdict(peaks)
    assert set(rates) == set(OPERATIONS)
    assert min(rates.values()) > 1e7
    assert peaks.fma > peaks.exp
    assert "tanh" in str(peaks)
