"""The table of failed runs on docs/doctor.md is what the code makes of them."""

from __future__ import annotations

import pytest

from docs import blocks, populations


@pytest.mark.slow
def test_the_page_is_what_the_runs_give():
    wanted = blocks.files({"populations": populations.carry_out(store=None)})
    assert blocks.stale(wanted) == [], "out of date: run scripts/docs --figures populations"


def test_the_table_has_every_cell_with_a_failed_run():
    ends = populations.carry_out(store=None, seeds=3, most=1)
    table = populations.why(ends)
    named = {line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]}
    assert named == {item.cell.name for item in ends.study.cells if item.solved.k < 3}
    assert len(named) >= 3
    assert "have every point on the right side of ½" in populations.checks(ends)
