"""The figures on docs/unlearning.md are what the code makes of them."""

from __future__ import annotations

import pytest

from docs import blocks, unlearning


@pytest.mark.slow
def test_the_page_is_what_the_runs_give():
    wanted = blocks.files({"unlearning": unlearning.carry_out(store=None)})
    assert blocks.stale(wanted) == [], "out of date: run scripts/docs --figures unlearning"


def test_the_prose_says_what_the_table_shows():
    page = (blocks.ROOT / "docs/unlearning.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| Model") and ", seed" in line]
    rows = [line.split(" | ") for line in lines]
    least = min(int(row[5].replace(",", "")) for row in rows)
    told = f"in these four: √v of the weight that moved most is {least:,} times eps or more"
    assert told in " ".join(page.split())
    assert len(rows) == 2 * unlearning.MANY == 4


@pytest.mark.trains
def test_every_cell_and_run_has_its_row():
    found = unlearning.carry_out(store=None, seeds=8, many=1)
    assert len(unlearning.cause(found).splitlines()) == 2 + len(unlearning.NETWORKS) * len(unlearning.ADAMS)
    # Of the first eight seeds one run is unlearnt.
    (row,) = unlearning.spikes(found).splitlines()[2:]
    assert row.startswith("| Model 2, seed 6 | 7,892 |")
