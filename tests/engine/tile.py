"""A tile of the kernel by itself: its memory as a table of rows, and its compiled units called one by one."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from engine.lanes import NETWORKS

from trainlab.engine.fast.job import Job, prepare
from trainlab.engine.kernel.lanes import aligned_zeros
from trainlab.engine.kernel.tables import ORDER
from trainlab.engine.layout import initial_parameters
from trainlab.engine.rng import seed_keys
from trainlab.spec import Experiment

UNIT = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 4)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """`table` is the memory ``[rows, networks]``, `words` the draws' ``[rows, networks]``."""

    job: Job
    record: Any
    table: Any
    words: Any
    readings: Any

    @property
    def address(self) -> int:
        return self.record.ctypes.data

    def run(self, unit: str, a: int = 0, b: int = 0, c: int = 0) -> None:
        """Call the compiled unit of that name."""
        UNIT(int(self.record[f"unit_{unit}"]))(self.address, a, b, c)

    def rows(self, name: str, count: int = 1) -> Any:
        """Return `count` rows of the memory, ``[count, networks]``, that can be written."""
        first = getattr(self.job.rows, name)
        return self.table[first : first + count]


def tile_of(
    experiment: Experiment,
    *,
    seeds: range = range(40, 40 + NETWORKS),
    keys: Any = None,
    parameters: Any = None,
    dtype: str = "float64",
    samples: int = 4,
) -> Tile:
    """Return the tile of eight seeds as its training begins, or with the parameters ``[networks, P]`` given.

    `keys` are the seeds that words are drawn with, if they are others.
    """
    job = prepare(
        experiment,
        marks=(experiment.epochs,),
        population=NETWORKS,
        networks=NETWORKS,
        samples=samples,
        dtype=dtype,
        checked=False,
    )
    memory = aligned_zeros(job.rows.total * NETWORKS, dtype)
    words = aligned_zeros((ORDER + job.plan.points) * NETWORKS, "uint32")
    readings = aligned_zeros(job.reading_rows * NETWORKS, dtype)
    table = memory.reshape(-1, NETWORKS)
    start = initial_parameters(experiment, seeds) if parameters is None else parameters
    table[: job.plan.parameters] = start.T
    table[job.rows.points : job.rows.points + len(job.resident)] = job.resident[:, None]
    table[job.rows.rate_factor] = 1.0
    table[job.rows.share] = 1.0 if job.plan.over_examples else 1.0 / job.plan.outputs
    words.reshape(-1, NETWORKS)[:2] = seed_keys(np.array(seeds if keys is None else keys, dtype=np.uint64)).T
    record = job.record.copy()
    for name, array in (("memory", memory), ("words", words), ("readings", readings)):
        record[name] = array.ctypes.data
    record["used"] = NETWORKS
    return Tile(
        job=job,
        record=record,
        table=table,
        words=words.reshape(-1, NETWORKS),
        readings=readings.reshape(-1, NETWORKS),
    )
