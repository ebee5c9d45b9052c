"""The smallest budgets on docs/race.md are what the code makes of them."""

from __future__ import annotations

import pytest
from docs.pages import ROOT

from docs import blocks, smallest


@pytest.mark.slow
def test_the_page_and_its_picture_are_what_the_races_give():
    wanted = blocks.files({"smallest": smallest.carry_out(store=None)})
    assert blocks.stale(wanted) == [], "out of date: run scripts/docs --figures smallest"


@pytest.mark.trains
def test_every_training_and_every_number_has_its_row():
    found = smallest.carry_out(store=None, every=(6, 7), family=(8, 9), max_seeds=64)
    assert len(smallest.fewest(found).splitlines()) == 2 + len(smallest.CELLS)
    assert len([line for line in smallest.below(found).splitlines() if line.startswith("| ")]) == 3
    assert smallest.family(found).endswith(" runs.")
    assert list(smallest.pictures(found)) == ["smallest.svg"]


def test_the_picture_is_small_and_shown():
    page = (ROOT / "docs" / "race.md").read_text(encoding="utf-8")
    assert "(pictures/smallest.svg)" in page
    assert (ROOT / "docs" / "pictures" / "smallest.svg").stat().st_size < 60_000
