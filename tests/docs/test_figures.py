"""The figures on the pages are what the code makes of 1,000 seeds."""

from __future__ import annotations

from docs import blocks, figures


def with_figures() -> dict[str, str]:
    return {str(path): text for path, text in blocks.pages().items() if "figures" in blocks.used([text])}


def test_every_page_is_what_its_figures_give():
    wanted = blocks.files({"figures": figures.carry_out(store=None)})
    assert {str(path) for path in wanted} == set(with_figures())
    assert blocks.stale(wanted) == [], "out of date: run scripts/docs --figures figures"


def test_other_seeds_would_change_them():
    studies = figures.carry_out(seeds=30, store=None)
    for page in with_figures().values():
        assert blocks.render(page, {"figures": studies}) != page
