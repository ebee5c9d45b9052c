"""docs/architecture.md is written from the code as it is."""

from __future__ import annotations

import re

from docs.pages import ROOT

from docs import blocks

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PLACES = ("src/trainlab", "benchmarks", "docs", "tests", "scripts", ".ci")


def test_every_file_on_the_page_exists():
    files = {str(path) for place in PLACES for path in (ROOT / place).rglob("*.py")}
    named = re.findall(r"`([\w/]+\.py)`", PAGE)
    assert len(named) > 60
    missing = [name for name in named if not any(path.endswith(f"/{name}") for path in files)]
    assert missing == []


def test_every_file_of_spec_and_of_the_kernel_is_on_the_page():
    for room in ("spec", "engine/kernel"):
        for path in (ROOT / "src" / "trainlab" / room).glob("*.py"):
            assert path.name == "__init__.py" or f"`{path.name}`" in PAGE, f"{room}/{path.name}"


def test_every_decision_is_listed():
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        assert f"](decisions/{path.name})" in PAGE


def test_every_source_of_blocks_is_listed():
    for source in blocks.sources():
        assert f"| `docs/{source}.py` |" in PAGE
