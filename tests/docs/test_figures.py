"""The figures on the pages are what the code makes of 1,000 seeds."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from docs.pages import ROOT, load_script


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script()


def test_every_page_is_what_its_figures_give(script: ModuleType):
    studies = script.carry_out(seeds=script.SEEDS, store=None)
    for name in script.PAGES:
        page = (ROOT / name).read_text(encoding="utf-8")
        assert script.render(page, studies) == page, f"{name} is out of date: run scripts/docs_figures"


def test_other_seeds_would_change_them(script: ModuleType):
    studies = script.carry_out(seeds=30, store=None)
    for name in script.PAGES:
        page = (ROOT / name).read_text(encoding="utf-8")
        assert script.render(page, studies) != page


def test_every_block_is_made_and_used(script: ModuleType):
    pages = "".join((ROOT / name).read_text(encoding="utf-8") for name in script.PAGES)
    used = re.findall(r"<!-- figures: (\w+) -->", pages)
    assert sorted(used) == sorted(maker.__name__ for maker in script.BLOCKS)
    # An end that is missing would let one block swallow the next.
    assert len(script.BLOCK.findall(pages)) == len(used)


def test_a_block_without_a_maker_is_an_error(script: ModuleType):
    with pytest.raises(KeyError, match="nonsense"):
        script.render("<!-- figures: nonsense -->\n<!-- end -->", None)
