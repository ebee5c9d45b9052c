"""The site builds without a warning, needs nothing from elsewhere, and a broken link is an error."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from docs.pages import ROOT

import trainlab
from docs.build import build
from trainlab import explain


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    assert build(ROOT, out) == 0, "see what Sphinx says above"
    return out


def test_every_page_is_there_and_the_first_one_is_readme(site: Path):
    sources = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
    ]
    first = (site / "README.html").read_text(encoding="utf-8")
    for path in sources:
        page = path.relative_to(ROOT).with_suffix(".html")
        assert (site / page).exists(), page
        assert page.name == "README.html" or f'href="{page}"' in first, page
    assert 'url=README.html"' in (site / "index.html").read_text(encoding="utf-8")


def test_it_needs_nothing_from_elsewhere(site: Path):
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert (
            re.findall(r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="(?:https?:)?//[^"]*"', page) == []
        ), path
    for path in site.rglob("*.css"):
        assert re.findall(r"@import|url\(\s*['\"]?(?:https?:)?//", path.read_text(encoding="utf-8")) == [], (
            path
        )


def test_it_can_be_searched(site: Path):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert "vanish" in index
    assert "map_plane" in index


def test_pictures_follow_the_theme(site: Path):
    page = (site / "docs" / "map.html").read_text(encoding="utf-8")
    assert page.count('<div class="picture"><svg') == 6
    assert "_static/palette.css" in page
    assert "[data-theme=dark]" in (site / "_static" / "palette.css").read_text(encoding="utf-8")


def test_every_public_name_is_in_the_reference(site: Path):
    page = (site / "docs" / "api.html").read_text(encoding="utf-8")
    names = [*trainlab.__all__, *(f"explain.{name}" for name in explain.__all__)]
    missing = [name for name in names if f'id="trainlab.{name}"' not in page]
    assert missing == []


FAULTS = {
    "a page that isn't there": ("docs/race.md", "\n[gone](nowhere.md)\n", "nowhere.md"),
    "a heading that isn't there": (
        "docs/map.md",
        "\n[gone](json.md#the-json-of-nothing)\n",
        "the-json-of-nothing",
    ),
    "a heading that isn't on the page": ("docs/json.md", "\n[gone](#no-such-thing)\n", "no-such-thing"),
    "a picture that isn't there": (
        "docs/benchmarks.md",
        "\n![gone](pictures/gone.svg)\n",
        "pictures/gone.svg",
    ),
    "a page in no place": ("docs/stray.md", "# Stray\n", "stray.md"),
}


def test_broken_links_and_stray_pages_are_errors(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    root = tmp_path / "copy"
    for folder in ("docs", "examples", "measure"):
        shutil.copytree(ROOT / folder, root / folder)
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    # The slowest page, and not in question here.
    (root / "docs" / "api.rst").write_text("From Python\n===========\n", encoding="utf-8")
    for name, words, _ in FAULTS.values():
        with (root / name).open("a", encoding="utf-8") as page:
            page.write(words)
    assert build(root, tmp_path / "site") != 0
    said = [line for line in capfd.readouterr().err.splitlines() if "WARNING" in line]
    for fault, (name, _, seen) in FAULTS.items():
        assert [line for line in said if name in line and seen in line], (fault, said)
    assert len(said) == len(FAULTS)
