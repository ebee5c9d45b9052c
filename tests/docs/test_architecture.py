"""docs/architecture.md and CONTRIBUTING.md are written from the code as it is."""

from __future__ import annotations

import ast
import re

from docs.pages import ROOT

from docs import blocks

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PLACES = ("src/trainlab", "benchmarks", "docs", "tests", "scripts", ".ci")


def test_every_file_on_the_page_exists():
    files = {str(path) for place in PLACES for path in (ROOT / place).rglob("*.py")}
    named = re.findall(r"`([\w/]+\.py)`", PAGE + CONTRIBUTING)
    assert len(named) > 60
    missing = [name for name in named if not any(path.endswith(f"/{name}") for path in files)]
    assert missing == []


def test_every_folder_on_the_page_exists():
    folders = {str(path) for place in PLACES for path in (ROOT / place).rglob("*") if path.is_dir()}
    named = re.findall(r"`([\w/]+)/`", PAGE)
    assert len(named) > 20
    missing = [
        name
        for name in named
        if not (ROOT / name).is_dir() and not any(path.endswith(f"/{name}") for path in folders)
    ]
    assert missing == []


def test_each_docstring_begins_with_what_the_file_is_about():
    """The page names the files that one has to know; a room's list is how its files' docstrings begin."""
    for path in (ROOT / "src").rglob("*.py"):
        told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert len(told.splitlines()[0]) > 20, path


def test_every_decision_is_listed():
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        assert f"](decisions/{path.name})" in PAGE


def test_every_source_of_blocks_is_listed():
    for source in blocks.sources():
        assert f"| `docs/{source}.py` |" in CONTRIBUTING
