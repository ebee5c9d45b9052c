"""Pages made of runs have a row for each of them, and show their pictures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import pytest

from measure import blocks, endings, populations, race, unlearning, xor_studies
from measure.blocks import ROOT

# The figures on docs/endings.md are what the code makes of them.


@pytest.mark.slow
def test_every_cell_has_its_row():
    found = endings.carry_out(store=None, seeds=3, many=3)
    rows = endings.shares(found).splitlines()
    assert len(rows) == 2 + len(endings.CELLS) + len(endings.LONGER)
    assert rows[-1].startswith("| Model 2, 3,000 epochs: ")
    assert "ended, " in endings.unsettled(found)
    assert len(endings.words(found).splitlines()) == 2 + len(endings.CELLS)
    assert len(endings.answers(found).splitlines()) == len(endings.CELLS)
    assert endings.thresholds(found).count("a saddle's fall") % 2 == 0


# The maps on docs/map.md are what the code makes of them.


def test_every_map_is_small_and_shown():
    page = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]+\]\((pictures/map-[^)]+)\)", page)
    assert len(shown) == len(set(shown)) == 6
    for name in shown:
        assert (ROOT / "docs" / name).stat().st_size < 40_000


@pytest.mark.slow
def test_other_seeds_would_change_the_pages_of_the_studies():
    results = {"assignment": xor_studies.carry_out(seeds=30, store=None)}
    for path in (Path("README.md"), Path("docs/assignment.md")):
        page = blocks.pages()[path]
        assert blocks.render(page, results) != page


# The table of failed runs on docs/doctor.md is what the code makes of them.


@pytest.mark.slow
def test_the_table_has_every_cell_with_a_failed_run():
    ends = populations.carry_out(store=None, seeds=3, most=1)
    table = populations.why(ends)
    named = {line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]}
    assert named == {item.cell.name for item in ends.study.cells if item.solved.k < 3}
    assert len(named) >= 3
    assert "have every point on the right side of ½" in populations.checks(ends)


# The smallest budgets on docs/race.md are what the code makes of them.


@pytest.mark.slow
def test_every_training_and_every_number_has_its_row():
    cells, family = race.smallest_budgets(store=None, every=(6, 7), family=(8, 9), max_seeds=64)
    found = race.Races(studies=cast("xor_studies.Studies", None), cells=cells, family=family)
    assert len(race.fewest(found).splitlines()) == 2 + len(race.CELLS)
    assert len([line for line in race.below(found).splitlines() if line.startswith("| ")]) == 3
    assert race.family(found).endswith(" runs.")
    assert list(race.pictures(found)) == ["smallest.svg"]


def test_the_picture_is_small_and_shown():
    page = (ROOT / "docs" / "race.md").read_text(encoding="utf-8")
    assert "(pictures/smallest.svg)" in page
    assert (ROOT / "docs" / "pictures" / "smallest.svg").stat().st_size < 60_000


# The figures on docs/unlearning.md are what the code makes of them.


def test_the_prose_says_what_the_table_shows():
    page = (blocks.ROOT / "docs/unlearning.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| Model") and ", seed" in line]
    rows = [line.split(" | ") for line in lines]
    least = min(int(row[5].replace(",", "")) for row in rows)
    told = f"in these four: √v of the weight that moved most is {least:,} times eps or more"
    assert told in " ".join(page.split())
    assert len(rows) == 2 * unlearning.MANY == 4


@pytest.mark.slow
def test_every_cell_and_run_has_its_row():
    found = unlearning.carry_out(store=None, seeds=8, many=1)
    assert len(unlearning.cause(found).splitlines()) == 2 + len(unlearning.NETWORKS) * len(unlearning.ADAMS)
    # Of the first eight seeds one run is unlearnt.
    (row,) = unlearning.spikes(found).splitlines()[2:]
    assert row.startswith("| Model 2, seed 6 | 7,892 |")
