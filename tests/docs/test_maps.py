"""The maps on docs/map.md are what the code makes of them."""

from __future__ import annotations

import re

from docs.pages import ROOT

from docs import blocks, maps


def test_page_and_pictures_are_what_the_maps_give():
    wanted = blocks.files({"maps": maps.carry_out(store=None)})
    assert blocks.stale(wanted) == [], "out of date: run scripts/docs --figures maps"
    assert {path.name for path in (ROOT / blocks.PICTURES).glob("map-*")} == {
        path.name for path in wanted if path.parent == blocks.PICTURES
    }


def test_every_picture_is_small_and_shown():
    page = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]+\]\((pictures/map-[^)]+)\)", page)
    assert len(shown) == len(set(shown)) == 6
    for name in shown:
        assert (ROOT / "docs" / name).stat().st_size < 40_000
