"""The table of failed runs on docs/doctor.md is what the code makes of them."""

from __future__ import annotations

import re

import pytest

from docs import blocks, populations

PROCESSOR = 2
"""Of ten runs that PyTorch trains again so many may end otherwise by another processor's order of sums."""


@pytest.mark.slow
def test_the_page_is_what_the_runs_give():
    found = {"populations": populations.carry_out(store=None)}
    ((path, wanted),) = blocks.files(found).items()
    now, page = counts(wanted), counts(path.read_text(encoding="utf-8"))
    apart = {row: (now.get(row, 0), page.get(row, 0)) for row in now.keys() | page.keys()}
    assert all(abs(k - shown) <= PROCESSOR for k, shown in apart.values()), apart
    assert told(wanted) == told(path.read_text(encoding="utf-8")), "run scripts/docs --figures populations"


def counts(page: str) -> dict[tuple[str, str], int]:
    """Return how many failed runs each cell has by each cause, as the page has it."""
    rows = re.findall(r"^\| (Model \d:\S+) \| ([^|]+) \| (\d+) of \d+, ", page, flags=re.M)
    assert len(rows) > 9
    return {(cell, cause): int(count) for cell, cause, count in rows}


def told(page: str) -> str:
    """Return what the page says beside the table, but for its numbers."""
    (block,) = re.findall(r"<!-- populations: checks -->(.*?)<!-- end -->", page, flags=re.S)
    return re.sub(r"[\d.,–%]+", "#", block)


def test_the_table_has_every_cell_with_a_failed_run():
    ends = populations.carry_out(store=None, seeds=3, most=1)
    table = populations.why(ends)
    named = {line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]}
    assert named == {item.cell.name for item in ends.study.cells if item.solved.k < 3}
    assert len(named) >= 3
    assert "have every point on the right side of ½" in populations.checks(ends)
