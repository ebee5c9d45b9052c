"""The build that checks every read and write trains each shape without one outside of its memory."""

from __future__ import annotations

import numpy as np
import pytest

from trainlab.engine.fast import FastEngine
from trainlab.engine.runs import ARRAYS
from trainlab.engine.tiles import choose_networks
from trainlab.spec import Adam, Experiment, Full, Network, Record, Sampling, Single, parse_widths

SHAPES = ("2-1", "2-11-1", "2-2-2-2-2-2-2-2-1", "2-5-4-1")


@pytest.mark.parametrize("sampling", [Full(), Single()])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("widths", SHAPES)
def test_no_access_leaves_the_memory_and_no_bit_changes(widths: str, bias: bool, sampling: Sampling) -> None:
    experiment = Experiment(
        network=Network(widths=parse_widths(widths), bias=bias),
        optimizer=Adam(),
        sampling=sampling,
        epochs=30,
        record=Record(loss_every=7, gradient_every=11, solved_every=1),
    )
    seeds = range(5, 16)
    marks = (1, 29, 30)
    checked = FastEngine(networks=8, checked=True).train(experiment, seeds, marks=marks)
    plain = FastEngine(networks=8).train(experiment, seeds, marks=marks)
    for ours, theirs in zip(checked, plain, strict=True):
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


@pytest.mark.parametrize(
    ("parameters", "dtype", "population", "expected"),
    [
        (44, "float32", 1000, 32),
        (44, "float32", 17, 32),
        (44, "float32", 16, 16),
        (44, "float32", 9, 16),
        (44, "float32", 8, 8),
        (44, "float32", 1, 8),
        (2343, "float32", 1000, 32),
        (2344, "float32", 1000, 16),
        (2344, "float64", 1000, 8),
        (10**7, "float32", 1000, 8),
    ],
)
def test_as_many_networks_as_fit_in_cache(
    parameters: int, dtype: str, population: int, expected: int
) -> None:
    assert choose_networks(parameters, dtype, population) == expected
