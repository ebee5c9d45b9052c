"""The build that checks every read and write trains each shape without one outside of its memory."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

from trainlab.engine.fast import FastEngine
from trainlab.engine.fast.job import Job, choose_lanes, prepare
from trainlab.engine.fast.kernel_plan import sampling_of
from trainlab.engine.fast.tiles import train_tiles
from trainlab.engine.runs import ARRAYS
from trainlab.spec import Adam, Experiment, Full, Network, Record, Sampling, Single, parse_widths

SHAPES = ("2-1", "2-11-1", "2-2-2-2-2-2-2-2-1", "2-5-4-1")
CHECKED, PLAIN = (FastEngine(dtype="float64", networks=8, checked=checked) for checked in (True, False))


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
    checked = CHECKED.train(experiment, seeds, marks=marks)
    plain = PLAIN.train(experiment, seeds, marks=marks)
    for ours, theirs in zip(checked, plain, strict=True):
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def checked_job(dropout: float = 0.0) -> Job:
    return prepare(
        Experiment(network=Network(widths=(2, 3, 1), dropout=dropout), optimizer=Adam(), epochs=3),
        marks=(3,),
        population=8,
        networks=8,
        samples=4,
        dtype="float64",
        checked=True,
    )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"row_gradient": 10**6}, "memory"),
        ({"row_parameters": -1}, "memory"),
        ({"kept_points": 10**6}, "readings"),
        ({"points": 10**4}, "memory"),
        ({"layers": 1}, "layer_table"),
        ({"step_rows": 99, "steps_per_epoch": 4}, "step_table"),
        ({"epochs": 2, "mark_count": 1}, "marks"),
    ],
)
def test_a_place_outside_is_an_error_that_names_the_array(changed: dict[str, int], named: str) -> None:
    job = checked_job()
    for field, by in changed.items():
        job.record[field] += by
    with pytest.raises(IndexError, match=f"^the kernel asked for places outside of .*\\b{named}\\b"):
        train_tiles(job, range(8), threads=1)


def test_the_table_of_dropout_is_no_longer_than_it_is() -> None:
    job = checked_job(dropout=0.5)
    assert len(job.tables["drop_table"]) == 4
    train_tiles(job, range(8), threads=1)
    # The count that stands before an array.
    table = job.tables["drop_table"]
    ctypes.c_int64.from_address(table.ctypes.data - 8).value = 1
    with pytest.raises(IndexError, match=r"^the kernel asked for places outside of drop_table$"):
        train_tiles(job, range(8), threads=1)


@pytest.mark.parametrize(
    ("fields", "population", "expected"),
    [
        ({"sampling": "single"}, 1000, (64, 2)),
        ({"sampling": "single"}, 33, (64, 2)),
        ({"sampling": "single"}, 32, (32, 4)),
        ({"sampling": "single"}, 9, (16, 4)),
        ({"sampling": "single"}, 1, (8, 4)),
        ({}, 1000, (32, 4)),
        ({}, 16, (16, 4)),
        ({}, 1, (8, 4)),
        ({"task": {"name": "moons", "points": 12}}, 1000, (16, 8)),
        ({"task": {"name": "moons", "points": 12}}, 8, (8, 16)),
        ({"task": "moons", "sampling": {"name": "batch", "batch_size": 6}}, 1000, (32, 4)),
        ({"task": "moons"}, 1000, (16, 8)),
        ({"task": "moons", "network": [2, 1200, 1]}, 1000, (8, 16)),
        ({"task": "moons"}, 1, (8, 16)),
    ],
)
def test_as_many_networks_as_the_work_goes_best_with(
    fields: dict[str, Any], population: int, expected: tuple[int, int]
) -> None:
    experiment = Experiment.from_dict({"network": "2-5-4-1", **fields})
    batch = sampling_of(experiment, experiment.data().points)[1]
    assert choose_lanes(experiment, batch=batch, population=population, dtype="float32") == expected
