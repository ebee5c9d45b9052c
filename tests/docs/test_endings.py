"""The figures on docs/endings.md are what the code makes of them."""

from __future__ import annotations

import pytest

from docs import blocks, endings


@pytest.mark.slow
def test_the_page_is_what_the_runs_give():
    wanted = blocks.files({"endings": endings.carry_out(store=None)})
    assert blocks.stale(wanted) == [], "out of date: run scripts/docs --figures endings"


@pytest.mark.trains
def test_every_cell_has_its_row():
    found = endings.carry_out(store=None, seeds=3, many=3)
    rows = endings.shares(found).splitlines()
    assert len(rows) == 2 + len(endings.CELLS) + len(endings.LONGER)
    assert rows[-1].startswith("| Model 2, 3,000 epochs: ")
    assert "ended, " in endings.unsettled(found)
    assert len(endings.words(found).splitlines()) == 2 + len(endings.CELLS)
    assert len(endings.answers(found).splitlines()) == len(endings.CELLS)
    assert endings.thresholds(found).count("a saddle's fall") % 2 == 0
