"""The store's benchmark reads what it wrote, and its made-up runs are as an engine's."""

from __future__ import annotations

from pathlib import Path

import pytest

from measure.stored_runs import READERS, bytes_a_run, fill, made_up, plan_of
from trainlab.engine.runs import ARRAYS, rows_of
from trainlab.store import Store

CELL = plan_of(1, 1).baseline


def test_every_run_is_there_and_each_way_of_reading_finds_them(tmp_path: Path) -> None:
    fill(tmp_path, runs=5_000, cells=2)
    with Store.open(tmp_path) as store:
        assert [row.ranges for row in store.summary()] == [(range(2_500),)] * 2
        solved = store.summary()[0].solved
    assert READERS["open"](str(tmp_path)) == "2 studies"
    assert READERS["rate of one cell"](str(tmp_path)) == f"{solved:,} of 2,500"


@pytest.mark.parametrize("seeds", [range(1024), range(512, 1536), range(2048, 3072)])
def test_made_up_runs_have_the_shapes_that_are_kept(seeds: range) -> None:
    made = made_up(CELL, seeds)
    for name in ARRAYS:
        assert len(getattr(made, name)) == rows_of(name, CELL, seeds, seeds).stop, name


def test_a_run_takes_its_row_its_arrays_and_little_else() -> None:
    whole, row, *arrays = bytes_a_run(CELL)
    assert arrays == [44 * 4, 41 * 2, (4 + 3 + 3) * 4]
    assert row + sum(arrays) < whole < 1.1 * (row + sum(arrays))
