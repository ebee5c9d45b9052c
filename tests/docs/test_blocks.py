"""The blocks of the pages: each is made by something, and what makes blocks is on a page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from docs.pages import ROOT

from docs import blocks, build

OPENING = re.compile(r"^<!-- \w+: \w+ -->$", re.MULTILINE)
END = re.compile(r"^<!-- end -->$", re.MULTILINE)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the pages, in the place of the real ones."""
    shutil.copy(ROOT / "README.md", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    return tmp_path


def test_every_block_is_made_and_used():
    used = blocks.used(blocks.pages().values())
    assert {"fields", "assignment", "maps"} <= used.keys()
    for source, names in used.items():
        assert names == sorted(maker.__name__ for maker in blocks.load(source).BLOCKS), source


def test_every_source_is_on_a_page():
    for path in (ROOT / "docs").glob("*.py"):
        if re.search(r"^BLOCKS\b", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert path.stem in blocks.sources()


def test_every_block_ends():
    for path, text in blocks.pages().items():
        assert len(blocks.BLOCK.findall(text)) == len(OPENING.findall(text)) == len(END.findall(text)), path


def test_a_block_without_a_maker_is_an_error():
    with pytest.raises(KeyError, match="nonsense"):
        blocks.render("<!-- fields: nonsense -->\n<!-- end -->", {"fields": None})


def test_blocks_of_other_sources_stay():
    page = "<!-- fields: breadth -->\nold\n<!-- end -->\n<!-- maps: points -->\nold\n<!-- end -->\n"
    made = blocks.render(page, {"fields": None})
    assert made.startswith("<!-- fields: breadth -->\n|  | names |")
    assert made.endswith("\n<!-- maps: points -->\nold\n<!-- end -->\n")


def test_check_says_which_page_is_out_of_date_and_changes_nothing(
    copy: Path, capsys: pytest.CaptureFixture[str]
):
    page = copy / "docs" / "study_file.md"
    right = page.read_text(encoding="utf-8")
    wrong = right.replace("| `sgd` |", "| `sdg` |")
    assert wrong != right
    page.write_text(wrong, encoding="utf-8")

    assert build.main(["--figures", "fields", "--check"]) == 1
    assert capsys.readouterr().out == "docs/study_file.md: out of date; run scripts/docs --figures fields\n"
    assert page.read_text(encoding="utf-8") == wrong

    assert build.main(["--figures", "fields"]) == 0
    assert capsys.readouterr().out == "docs/study_file.md: written\n"
    assert page.read_text(encoding="utf-8") == right

    assert build.main(["--figures", "fields", "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_a_picture_that_is_missing_is_out_of_date(copy: Path):
    picture = blocks.PICTURES / "map-1-solved.svg"
    wanted = {picture: (copy / picture).read_text(encoding="utf-8")}
    assert blocks.stale(wanted) == []
    (copy / picture).unlink()
    assert blocks.stale(wanted) == [picture]


def test_an_unknown_source_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert build.main(["--figures", "nonsense"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    wanted = "scripts/docs: no page has blocks of 'nonsense'; there are "
    assert line.startswith(
        f"{wanted}assignment, coverage, endings, engines, explanations, faults, fields, ledger, maps"
    )
