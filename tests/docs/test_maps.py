"""The maps on docs/map.md are what the code makes of them."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from docs.pages import ROOT, load_script


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("docs_maps")


def test_page_and_pictures_are_what_the_maps_give(script: ModuleType):
    wanted = script.files(script.carry_out(store=None))
    for name, text in wanted.items():
        there = (ROOT / name).read_text(encoding="utf-8") if (ROOT / name).exists() else ""
        assert there == text, f"{name} is out of date: run scripts/docs_maps"
    assert {path.name for path in (ROOT / script.FOLDER).glob("map-*")} == {
        name.name for name in wanted if name.parent == script.FOLDER
    }


def test_every_picture_is_small_and_shown():
    page = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]+\]\((pictures/map-[^)]+)\)", page)
    assert len(shown) == len(set(shown)) == 6
    for name in shown:
        assert (ROOT / "docs" / name).stat().st_size < 40_000


def test_a_block_without_a_maker_is_an_error(script: ModuleType):
    with pytest.raises(KeyError, match="nonsense"):
        script.render("<!-- maps: nonsense -->\n<!-- end -->", {})
